/** Segments on disk, through a temporary name, and in memory. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { type IsWanted, type SegmentFiles, SegmentStore, StoreFailed, type Told } from "../../services/SegmentStore.ts"
import { type Begin, Calls, type Run } from "./Calls.ts"
import { type Disk, type DiskError, type Done, isMissing, nodeDisk } from "./Disk.ts"
import { DiskList } from "./DiskList.ts"
import { replace } from "./replace.ts"

/** All segments in memory together, bytes. */
export const maxMemoryBytes = 1024 * 1024 * 1024
/** A disk that takes longer for one file has failed. */
export const diskTimeoutMillis = 10_000

/** Segments read from disk that are kept for the viewers to come, bytes. */
export const maxCachedBytes = 64 * 1024 * 1024

interface DiskState {
  readonly disk: Disk
  readonly cache: Cache
  readonly calls: Calls
  readonly clock: Clock.Clock
  readonly run: Run
  /** Reads that are under way, by path: who comes meanwhile waits for the same bytes. */
  readonly reading: Map<string, Effect.Effect<Uint8Array | undefined, StoreFailed>>
}

const diskFiles = ({ cache, calls, clock, disk, reading, run }: DiskState, root: string): SegmentFiles => {
  const base = root.replace(/\/+$/, "")
  const attempt = <A>(action: StoreFailed["action"], file: string, begin: Begin<A>): Effect.Effect<A, StoreFailed> =>
    calls.within(begin, (reason) => new StoreFailed({ action, file, reason }))
  const writing = (file: string, begin: Begin<void>, told: Told, isWanted: IsWanted): void =>
    calls.begin(
      begin,
      (reason) => told(reason === undefined ? undefined : new StoreFailed({ action: "write", file, reason })),
      isWanted
    )
  /** Once it has changed: what was read until then is not its own any more. */
  const changed =
    (path: string, done: (error: DiskError | null, value: void) => void): Done =>
    (error) => {
      cache.drop(path)
      reading.delete(path)
      done(error)
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
  const replacing = (file: string, bytes: Uint8Array): Begin<void> => {
    const path = `${base}/${file}`
    return (done, isOpen) => replace(disk, path, bytes, changed(path, done), isOpen)
  }
  return {
    write: (file, bytes) => attempt<void>("write", file, replacing(file, bytes)),
    begin: (file, bytes, told, isWanted) => writing(file, replacing(file, bytes), told, isWanted),
    list: (file) => {
      const path = `${base}/${file}`
      const list = new DiskList(disk, path, () => clock.currentTimeMillisUnsafe())
      const replacing =
        (bytes: Uint8Array): Begin<void> =>
        (done, isOpen) =>
          list.write(bytes, changed(path, done), isOpen)
      return {
        write: (bytes) => attempt<void>("write", file, replacing(bytes)),
        begin: (bytes, told, isWanted) => writing(file, replacing(bytes), told, isWanted),
        remove: attempt<void>("remove", file, (done) => list.remove(changed(path, done)))
      }
    },
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
        const end = changed(path, done)
        disk.unlink(path, (error) => end(isMissing(error) ? null : error))
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
  const put = (file: string, bytes: Uint8Array): StoreFailed | undefined => {
    if (memory.put(pathOf(file), bytes)) return undefined
    return new StoreFailed({ action: "write", file, reason: `more than ${maxMemoryBytes} bytes` })
  }
  const write: SegmentFiles["write"] = (file, bytes) =>
    Effect.suspend(() => {
      const failure = put(file, bytes)
      return failure === undefined ? Effect.void : Effect.fail(failure)
    })
  const remove: SegmentFiles["remove"] = (file) => Effect.sync(() => memory.remove(pathOf(file)))
  return {
    write,
    begin: (file, bytes, told) => told(put(file, bytes)),
    list: (file) => ({
      write: (bytes) => write(file, bytes),
      begin: (bytes, told) => told(put(file, bytes)),
      remove: remove(file)
    }),
    read: (file) => Effect.sync(() => memory.get(pathOf(file))),
    ready: (file) => memory.get(pathOf(file)),
    remove
  }
}

export const layerOn = (disk: Disk) =>
  Layer.effect(
    SegmentStore,
    Effect.gen(function* () {
      const run: Run = yield* FiberSet.makeRuntime<never, unknown, unknown>()
      const clock = yield* Clock.Clock
      const calls = new Calls(run, clock, diskTimeoutMillis)
      const state: DiskState = { disk, cache: new Cache(), calls, clock, run, reading: new Map() }
      const memory = new Memory()
      return SegmentStore.of({
        files: (storage, root) => (storage === "disk" ? diskFiles(state, root) : memoryFiles(memory, root))
      })
    })
  )

export const layer = layerOn(nodeDisk)
