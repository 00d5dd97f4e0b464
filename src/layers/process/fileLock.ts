/**
 * An exclusive lock on an open file, as SRS takes on its pid file: `fcntl(F_SETLK)`, kept until the process ends. The
 * runtimes have no such call, but Bun and Deno can call the C library; Node cannot.
 */
import * as Effect from "effect/Effect"

/** `taken`: now ours; `held`: another process has it; `unsupported`: this runtime cannot lock. */
export type LockResult = "taken" | "held" | "unsupported"

// Values and layout of Linux on 64 bits: short l_type, short l_whence, 4 bytes, off_t l_start, off_t l_len, pid_t l_pid.
const setLock = 6
const writeLock = 1
const lockBytes = 32

type Fcntl = (descriptor: number, command: number, lock: Uint8Array) => number

/** Closing any descriptor of the same file drops the lock: open the file once. */
export const lockFile = (descriptor: number): Effect.Effect<LockResult> =>
  loadFcntl.pipe(
    Effect.map((fcntl): LockResult => {
      const lock = new Uint8Array(lockBytes)
      new DataView(lock.buffer).setInt16(0, writeLock, true)
      return fcntl(descriptor, setLock, lock) === -1 ? "held" : "taken"
    }),
    Effect.orElseSucceed((): LockResult => "unsupported")
  )

interface DenoFfi {
  readonly dlopen: (name: string, symbols: object) => { readonly symbols: { readonly fcntl: Fcntl } }
}

const loadFcntl: Effect.Effect<Fcntl, unknown> = Effect.gen(function* () {
  if (process.platform !== "linux") return yield* Effect.fail("only Linux's layout is known here")
  if ("Deno" in globalThis) {
    const deno = (globalThis as unknown as { readonly Deno: DenoFfi }).Deno
    const symbols = { fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" } }
    return yield* Effect.try(() => deno.dlopen("libc.so.6", symbols).symbols.fcntl)
  }
  const { dlopen, FFIType, ptr } = yield* Effect.tryPromise(() => import("bun:ffi"))
  const { fcntl } = yield* Effect.try(
    () =>
      dlopen("libc.so.6", { fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 } }).symbols
  )
  return (descriptor: number, command: number, lock: Uint8Array) => fcntl(descriptor, command, ptr(lock))
})
