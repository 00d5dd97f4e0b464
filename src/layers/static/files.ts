/** Files below a directory, opened so that nothing outside of it is reached, and read piece by piece. */
import { constants } from "node:fs"
import { type FileHandle, open, realpath } from "node:fs/promises"
import { join, sep } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Bytes of one read. */
export const pieceLength = 65_536

/** Codes that mean: no such file for anybody who asks over HTTP. */
const absent: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "ENXIO"])

export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
  readonly modifiedMillis: number
}

/** Any other failure, such as a broken disk or too many open files, is a defect of the request. */
const fromDisk = <A>(read: () => Promise<A>): Effect.Effect<A | undefined> =>
  Effect.tryPromise({ try: read, catch: (error) => error as NodeJS.ErrnoException }).pipe(
    Effect.catch((error) => (absent.has(error.code) ? Effect.succeed(undefined) : Effect.die(error)))
  )

/** Not through the last link, and without waiting for the other end of a named pipe. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The file at a path from `filePath`, closed with the scope. `undefined` if there is none below the directory: links
 * are followed as long as they stay in it.
 */
export const openFile = Effect.fnUntraced(function* (
  directory: string,
  path: string
): Effect.fn.Return<OpenFile | "directory" | undefined, never, Scope.Scope> {
  const root = yield* fromDisk(() => realpath(directory))
  if (root === undefined) return undefined
  const real = yield* fromDisk(() => realpath(join(root, path)))
  if (real === undefined || !real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined
  const handle = yield* Effect.acquireRelease(
    fromDisk(() => open(real, flags)),
    (handle) => (handle === undefined ? Effect.void : Effect.promise(() => handle.close()))
  )
  if (handle === undefined) return undefined
  const facts = yield* Effect.promise(() => handle.stat())
  if (facts.isDirectory()) return "directory"
  return facts.isFile() ? { handle, size: facts.size, modifiedMillis: facts.mtimeMs } : undefined
})

/** The bytes from `from` to before `to`, fewer where the file ends. */
export const readBytes = (handle: FileHandle, from: number, to: number): Effect.Effect<Uint8Array> =>
  Effect.map(
    Effect.promise(() => handle.read(new Uint8Array(to - from), 0, to - from, from)),
    ({ buffer, bytesRead }) => buffer.subarray(0, bytesRead)
  )

/** One piece after the other; `undefined` where the file has become shorter than it was. */
export const readPieces = (handle: FileHandle, from: number, to: number): Effect.Effect<Uint8Array | undefined> => {
  let at = from
  return Effect.suspend(() => readBytes(handle, at, Math.min(at + pieceLength, to))).pipe(
    Effect.map((bytes) => {
      at += bytes.length
      return bytes.length === 0 ? undefined : bytes
    })
  )
}
