/** Segments on disk, through a temporary name, and in memory. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as PlatformError from "effect/PlatformError"
import { type SegmentFiles, SegmentStore, StoreFailed } from "../../services/SegmentStore.ts"

/** All segments in memory together, bytes. */
export const maxMemoryBytes = 1024 * 1024 * 1024
/** A disk that takes longer for one file has failed. */
export const diskTimeoutMillis = 10_000

/** Segments read from disk that are kept for the viewers to come, bytes. */
export const maxCachedBytes = 64 * 1024 * 1024

const temporary = (path: string): string => `${path}.tmp`

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

const isMissing = ({ reason }: PlatformError.PlatformError): boolean => reason._tag === "NotFound"

const diskFiles = (disk: FileSystem.FileSystem, cache: Cache, root: string): SegmentFiles => {
  const base = root.replace(/\/+$/, "")
  const attempt = <A>(
    action: StoreFailed["action"],
    file: string,
    self: Effect.Effect<A, PlatformError.PlatformError>
  ): Effect.Effect<A, StoreFailed> =>
    self.pipe(
      Effect.mapError(({ message }) => new StoreFailed({ action, file, reason: message })),
      Effect.timeoutOrElse({
        duration: diskTimeoutMillis,
        orElse: () => Effect.fail(new StoreFailed({ action, file, reason: `no answer in ${diskTimeoutMillis} ms` }))
      })
    )
  const put = (path: string, bytes: Uint8Array) =>
    Effect.andThen(disk.writeFile(temporary(path), bytes), disk.rename(temporary(path), path))
  return {
    write: (file, bytes) => {
      const path = `${base}/${file}`
      cache.drop(path)
      // The folder is there but for the first time, or after somebody has removed it.
      const written = Effect.catchIf(put(path, bytes), isMissing, () =>
        Effect.andThen(disk.makeDirectory(folderOf(path), { recursive: true }), put(path, bytes))
      )
      // Not where it is interrupted: a stuck disk would hold on to who waits. The next segment has the same name.
      return attempt(
        "write",
        file,
        Effect.tapError(written, () => Effect.ignore(disk.remove(temporary(path), { force: true })))
      )
    },
    read: (file) => {
      const path = `${base}/${file}`
      const known = cache.get(path)
      if (known !== undefined) return Effect.succeed(known)
      const content: Effect.Effect<Uint8Array | undefined, PlatformError.PlatformError> = Effect.tap(
        disk.readFile(path),
        (bytes) => Effect.sync(() => cache.put(path, bytes))
      )
      return attempt(
        "read",
        file,
        Effect.catchIf(content, isMissing, () => Effect.undefined)
      )
    },
    ready: (file) => cache.get(`${base}/${file}`),
    remove: (file) => {
      const path = `${base}/${file}`
      cache.drop(path)
      return attempt(
        "remove",
        file,
        Effect.catchIf(disk.remove(path), isMissing, () => Effect.void)
      )
    }
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

export const layer = Layer.effect(
  SegmentStore,
  Effect.gen(function* () {
    const disk = yield* FileSystem.FileSystem
    const memory = new Memory()
    const cache = new Cache()
    return SegmentStore.of({
      files: (storage, root) => (storage === "disk" ? diskFiles(disk, cache, root) : memoryFiles(memory, root))
    })
  })
)
