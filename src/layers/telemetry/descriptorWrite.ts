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

/** Appends; the file is made when missing. */
export const openForAppend = (path: string): Effect.Effect<number, WriteFailed> =>
  Effect.callback((resume) =>
    fs.open(path, "a", 0o644, (error, descriptor) =>
      resume(error === null ? Effect.succeed(descriptor) : Effect.fail(new WriteFailed({ code: error.code })))
    )
  )

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
