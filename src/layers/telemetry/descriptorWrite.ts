/** Writing to a file or to standard output without ever holding up the process or its end. */
import * as fs from "node:fs"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

export class WriteFailed extends Data.TaggedError("WriteFailed")<{
  /** The system's name of the error. */
  readonly code: string | undefined
}> {}

/** Resumes with the bytes written, which may be fewer than given. */
export type Write = (bytes: Uint8Array) => Effect.Effect<number, WriteFailed>

export interface OpenFile {
  readonly descriptor: number
  /** What it holds already. */
  readonly bytes: number
}

const failed = (error: NodeJS.ErrnoException) => Effect.fail(new WriteFailed({ code: error.code }))

/** Appends; the file is made when missing. */
export const openForAppend = (path: string): Effect.Effect<OpenFile, WriteFailed> =>
  Effect.callback((resume) =>
    fs.open(path, "a", 0o644, (error, descriptor) => {
      if (error !== null) return resume(failed(error))
      // Of a pipe or a device there is no size, and nothing to rename.
      fs.fstat(descriptor, (unknown, stats) =>
        resume(Effect.succeed({ descriptor, bytes: unknown === null && stats.isFile() ? stats.size : 0 }))
      )
    })
  )

const rename = (from: string, to: string): Effect.Effect<void, WriteFailed> =>
  Effect.callback((resume) =>
    fs.rename(from, to, (error) => resume(error === null || error.code === "ENOENT" ? Effect.void : failed(error)))
  )

const remove = (path: string): Effect.Effect<void, WriteFailed> =>
  Effect.callback((resume) =>
    fs.rm(path, { force: true }, (error) => resume(error === null ? Effect.void : failed(error)))
  )

/** `path` becomes `path.1`, that `path.2`, and so on up to `keep`; with 0 it is removed. */
export const shiftFiles = Effect.fnUntraced(function* (path: string, keep: number) {
  const named = (place: number): string => (place === 0 ? path : `${path}.${place}`)
  if (keep === 0) return yield* remove(path)
  for (let place = keep; place > 0; place--) yield* rename(named(place - 1), named(place))
})

export const writeTo =
  (descriptor: number): Write =>
  (bytes) =>
    Effect.callback((resume) =>
      fs.write(descriptor, bytes, (error, count) =>
        resume(error === null ? Effect.succeed(count) : Effect.fail(new WriteFailed({ code: error.code })))
      )
    )

interface DenoOutput {
  readonly stdout: { readonly write: (bytes: Uint8Array) => Promise<number> }
}

interface NodeStream {
  readonly _handle?: { readonly setBlocking?: (blocking: boolean) => void }
}

/**
 * Standard output, whose reader may stall. `fs.write` would then hold up the whole process on Deno, and on Node the
 * thread that writes would hold up its end; only Bun's leaves both alone. Node's own stream does, once its pipe does not
 * block.
 */
export const writeStandardOutput = (): Write => {
  if ("Deno" in globalThis) {
    const { stdout } = (globalThis as unknown as { readonly Deno: DenoOutput }).Deno
    return (bytes) => Effect.tryPromise({ try: () => stdout.write(bytes), catch: failedWrite })
  }
  if ("Bun" in globalThis) return writeTo(1)
  ;(process.stdout as unknown as NodeStream)["_handle"]?.setBlocking?.(false)
  process.stdout.on("error", () => {})
  return (bytes) =>
    Effect.callback((resume) => {
      process.stdout.write(bytes, (error) =>
        resume(error ? Effect.fail(failedWrite(error)) : Effect.succeed(bytes.length))
      )
    })
}

const failedWrite = (error: unknown) =>
  new WriteFailed({
    code: typeof error === "object" && error !== null && "code" in error ? String(error.code) : undefined
  })
