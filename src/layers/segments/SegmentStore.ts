/** Segments on disk, through a temporary name, and in memory. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { type SegmentFiles, SegmentStore, StoreFailed } from "../../services/SegmentStore.ts"
import { type Begin, Calls, type Run } from "./Calls.ts"
import { type Disk, type DiskError, type Done, isMissing, nodeDisk } from "./Disk.ts"

/** All segments in memory together, bytes. */
export const maxMemoryBytes = 1024 * 1024 * 1024
/** A disk that takes longer for one file has failed. */
export const diskTimeoutMillis = 10_000

/** Segments read from disk that are kept for the viewers to come, bytes. */
export const maxCachedBytes = 64 * 1024 * 1024

const temporary = (path: string): string => `${path}.tmp`

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/** Nothing happens to a file that nobody waits for any more. */
const givenUp: DiskError = { message: "given up" }

/** Through a temporary name: the whole file or nothing is seen. */
const replace = (disk: Disk, path: string, bytes: Uint8Array, done: Done, isOpen: () => boolean): void =>
  disk.writeFile(temporary(path), bytes, (error) => {
    if (error !== null || !isOpen()) return done(error ?? givenUp)
    disk.rename(temporary(path), path, done)
  })

/** The folder is there but for the first time, or after somebody has removed it. */
const write = (disk: Disk, path: string, bytes: Uint8Array, done: Done, isOpen: () => boolean): void => {
  const end: Done = (error) => {
    if (error !== null) disk.unlink(temporary(path), () => undefined)
    done(error)
  }
  const first: Done = (error) => {
    if (!isMissing(error) || !isOpen()) return end(error)
    disk.mkdir(folderOf(path), (failure) => (failure === null ? replace(disk, path, bytes, end, isOpen) : end(failure)))
  }
  replace(disk, path, bytes, first, isOpen)
}

interface DiskState {
  readonly disk: Disk
  readonly cache: Cache
  readonly calls: Calls
  readonly run: Run
  /** Reads that are under way, by path: who comes meanwhile waits for the same bytes. */
  readonly reading: Map<string, Effect.Effect<Uint8Array | undefined, StoreFailed>>
}

const diskFiles = ({ cache, calls, disk, reading, run }: DiskState, root: string): SegmentFiles => {
  const base = root.replace(/\/+$/, "")
  const attempt = <A>(action: StoreFailed["action"], file: string, begin: Begin<A>): Effect.Effect<A, StoreFailed> =>
    calls.within(begin, (reason) => new StoreFailed({ action, file, reason }))
  const forget = (path: string): void => {
    cache.drop(path)
    reading.delete(path)
  }
  /** For all who ask until it is there, whoever of them leaves. */
  const readOnce = (file: string, path: string) => {
    const answer = Deferred.makeUnsafe<Uint8Array | undefined, StoreFailed>()
    const shared = Deferred.await(answer)
    reading.set(path, shared)
    const content = attempt<Uint8Array | undefined>("read", file, (done) =>
      disk.readFile(path, (error, bytes) => done(isMissing(error) ? null : error, bytes))
    )
    run(
      Effect.onExit(content, (exit) => {
        // Else it was replaced or removed meanwhile: these bytes are not its own any more.
        if (reading.get(path) === shared) {
          reading.delete(path)
          if (Exit.isSuccess(exit) && exit.value !== undefined) cache.put(path, exit.value)
        }
        return Deferred.done(answer, exit)
      })
    )
    return shared
  }
  return {
    write: (file, bytes) =>
      attempt<void>("write", file, (done, isOpen) => {
        const path = `${base}/${file}`
        forget(path)
        write(disk, path, bytes, (error) => done(error, undefined), isOpen)
      }),
    read: (file) =>
      Effect.suspend(() => {
        const path = `${base}/${file}`
        const known = cache.get(path)
        return known === undefined ? (reading.get(path) ?? readOnce(file, path)) : Effect.succeed(known)
      }),
    ready: (file) => cache.get(`${base}/${file}`),
    remove: (file) =>
      attempt<void>("remove", file, (done) => {
        const path = `${base}/${file}`
        forget(path)
        disk.unlink(path, (error) => done(isMissing(error) ? null : error, undefined))
      })
  }
}

/** What was read last, up to `maxCachedBytes`: all viewers of a stream ask for the same few segments. */
class Cache {
  readonly #files = new Map<string, Uint8Array>()
  #bytes = 0

  get(path: string): Uint8Array | undefined {
    return this.#files.get(path)
  }

  put(path: string, bytes: Uint8Array): void {
    this.drop(path)
    this.#files.set(path, bytes)
    this.#bytes += bytes.length
    for (const oldest of this.#files.keys()) {
      if (this.#bytes <= maxCachedBytes) return
      this.drop(oldest)
    }
  }

  drop(path: string): void {
    this.#bytes -= this.#files.get(path)?.length ?? 0
    this.#files.delete(path)
  }
}

class Memory {
  readonly #files = new Map<string, Uint8Array>()
  #bytes = 0

  get(path: string): Uint8Array | undefined {
    return this.#files.get(path)
  }

  /** False if there is no room. */
  put(path: string, bytes: Uint8Array): boolean {
    const grown = this.#bytes + bytes.length - (this.#files.get(path)?.length ?? 0)
    if (grown > maxMemoryBytes) return false
    this.#bytes = grown
    this.#files.set(path, bytes)
    return true
  }

  remove(path: string): void {
    this.#bytes -= this.#files.get(path)?.length ?? 0
    this.#files.delete(path)
  }
}

const memoryFiles = (memory: Memory, root: string): SegmentFiles => {
  const pathOf = (file: string) => `${root}\0${file}`
  return {
    write: (file, bytes) =>
      Effect.suspend(() =>
        memory.put(pathOf(file), bytes)
          ? Effect.void
          : Effect.fail(new StoreFailed({ action: "write", file, reason: `more than ${maxMemoryBytes} bytes` }))
      ),
    read: (file) => Effect.sync(() => memory.get(pathOf(file))),
    ready: (file) => memory.get(pathOf(file)),
    remove: (file) => Effect.sync(() => memory.remove(pathOf(file)))
  }
}

export const layerOn = (disk: Disk) =>
  Layer.effect(
    SegmentStore,
    Effect.gen(function* () {
      const run: Run = yield* FiberSet.makeRuntime<never, unknown, unknown>()
      const calls = new Calls(run, yield* Clock.Clock, diskTimeoutMillis)
      const state: DiskState = { disk, cache: new Cache(), calls, run, reading: new Map() }
      const memory = new Memory()
      return SegmentStore.of({
        files: (storage, root) => (storage === "disk" ? diskFiles(state, root) : memoryFiles(memory, root))
      })
    })
  )

export const layer = layerOn(nodeDisk)
