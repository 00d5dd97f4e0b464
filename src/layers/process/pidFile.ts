/** The pid file: what stops and rotates the server finds it there, and a second server with the same file stays away. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { startMillis } from "../../domain/process/procfs.ts"
import { lockFile } from "./fileLock.ts"

export class AlreadyRunning extends Data.TaggedError("AlreadyRunning")<{
  readonly path: string
  readonly pid: string
}> {
  readonly code = srsErrors.PidFileProcessExists
  override get message() {
    return `already running: process ${this.pid} holds ${this.path}`
  }
}

export class PidFileFailed extends Data.TaggedError("PidFileFailed")<{
  readonly path: string
  readonly reason: string
}> {
  readonly code = srsErrors.PidFileAcquire
  override get message() {
    return `cannot write the pid file ${this.path}: ${this.reason}`
  }
}

/**
 * Writes this process's pid as text. The file stays open, locked where the runtime can lock, and is not removed at the
 * end, as SRS's is not. Where no lock says so, a living process older than the file says that it is in use.
 */
export const acquirePidFile = Effect.fnUntraced(function* (file: string) {
  const failed = (cause: unknown) => new PidFileFailed({ path: file, reason: String(cause) })
  const descriptor = yield* Effect.try({ try: () => open(file), catch: failed })
  const { pid, writtenMillis } = yield* Effect.try({ try: () => readPid(descriptor), catch: failed })
  const lock = yield* lockFile(descriptor)
  if (lock === "held" || (yield* isAlive(pid, writtenMillis)))
    return yield* new AlreadyRunning({ path: file, pid: pid || "?" })
  yield* Effect.try({
    try: () => {
      fs.ftruncateSync(descriptor, 0)
      fs.writeSync(descriptor, String(process.pid), 0)
    },
    catch: failed
  })
})

const open = (file: string): number => {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  return fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
}

const readPid = (descriptor: number) => {
  const text = Buffer.alloc(32)
  const length = fs.readSync(descriptor, text, 0, text.length, 0)
  return { pid: text.toString("latin1", 0, length).trim(), writtenMillis: fs.fstatSync(descriptor).mtimeMs }
}

/** Whether the process that wrote the file still lives: one that started after that only has its number. */
const isAlive = (pid: string, writtenMillis: number): Effect.Effect<boolean> =>
  !/^[1-9][0-9]{0,9}$/.test(pid) || Number(pid) === process.pid
    ? Effect.succeed(false)
    : Effect.try(() =>
        startMillis(fs.readFileSync(`/proc/${pid}/stat`, "utf8"), fs.readFileSync("/proc/stat", "utf8"))
      ).pipe(
        // `btime` is a whole second.
        Effect.map((started) => started !== undefined && started <= writtenMillis + 1000),
        Effect.orElseSucceed(() => false)
      )
