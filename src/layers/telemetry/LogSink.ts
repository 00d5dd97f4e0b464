/**
 * Where log lines go: standard output or a file. Whoever logs only appends to a queue; one fiber writes. A full disk or
 * a stalled reader costs lines, which are counted, never a wait or a failure.
 */
import * as fs from "node:fs"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import {
  type OpenFile,
  openForAppend,
  shiftFiles,
  type Write,
  type WriteFailed,
  writeStandardOutput,
  writeTo
} from "./descriptorWrite.ts"

/** Text that waits to be written; past it lines are dropped. */
export const maxQueuedChars = 1_048_576
/** After a failed write or open, until the next attempt. */
export const retryMillis = 1000
/** Between attempts while a reader of standard output takes nothing. */
export const stalledMillis = 20
/** What is still queued at the end of the process has this long to be written. */
export const drainMillis = 500

/** Where lines go. */
export interface LogTarget {
  /** Undefined is standard output. A file is appended to, made when missing, and opened at the first line. */
  readonly file: string | undefined
  /** Past this size the file is renamed and begun anew; 0 never. */
  readonly rotateBytes: number
  /** Renamed ones that are kept: `file.1` is the newest. */
  readonly keepFiles: number
}

export interface LogSink {
  /** Takes a line without its line feed. Never waits, never throws. */
  readonly push: (line: string) => void
  /** Lines dropped so far. */
  readonly lost: () => number
  /** Closes the file before the next line, which opens the path again: for log rotation. */
  readonly reopen: Effect.Effect<void>
  /** The next line goes there. */
  readonly configure: (target: LogTarget) => void
}

export const makeLogSink = Effect.fnUntraced(function* (
  target: LogTarget,
  lostLine: (lines: number) => string
): Effect.fn.Return<LogSink, never, Scope.Scope> {
  const sink = new Sink(target, lostLine)
  yield* Effect.forkScoped(sink.run)
  yield* Effect.addFinalizer(() => sink.finish)
  return {
    push: (line) => sink.push(line),
    lost: () => sink.lost,
    reopen: Effect.sync(() => sink.reopen()),
    configure: (next) => sink.configure(next)
  }
})

class Sink {
  #target: LogTarget
  #console: Write | undefined
  readonly #lostLine: (lines: number) => string
  readonly #wake = Latch.makeUnsafe(false)
  readonly #idle = Latch.makeUnsafe(true)
  #queue: Array<string> = []
  #queuedChars = 0
  #open: OpenFile | undefined
  /** Of the open file. */
  #bytes = 0
  #reopen = false
  #unreported = 0
  #failing = false
  lost = 0

  constructor(target: LogTarget, lostLine: (lines: number) => string) {
    this.#target = target
    this.#lostLine = lostLine
  }

  configure(target: LogTarget): void {
    this.#reopen ||= target.file !== this.#target.file
    this.#target = target
  }

  push(line: string): void {
    if (this.#queuedChars + line.length > maxQueuedChars) return this.#lose(1)
    this.#queue.push(line)
    this.#queuedChars += line.length
    this.#idle.closeUnsafe()
    this.#wake.openUnsafe()
  }

  reopen(): void {
    this.#reopen = true
  }

  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#wake.await
      // Whoever logged goes on first, and what it logs next shares this write.
      yield* Effect.yieldNow
      this.#wake.closeUnsafe()
      const lines = this.#take()
      const written = yield* Effect.exit(this.#write(Buffer.from(lines.join("\n") + "\n")))
      if (Exit.isFailure(written)) yield* this.#failed(lines.length, written.cause)
      else this.#failing = false
      if (this.#queue.length === 0) this.#idle.openUnsafe()
    }
  })

  /** Waits for the queue, not for ever, and closes the file. */
  readonly finish: Effect.Effect<void> = Effect.suspend(() =>
    Effect.raceFirst(this.#idle.await, Effect.sleep(drainMillis)).pipe(Effect.andThen(Effect.sync(() => this.#close())))
  )

  #take(): Array<string> {
    const lines = this.#queue
    this.#queue = []
    this.#queuedChars = 0
    if (this.#unreported > 0) lines.push(this.#lostLine(this.#unreported))
    this.#unreported = 0
    return lines
  }

  #lose(lines: number): void {
    this.lost += lines
    this.#unreported += lines
  }

  #write = Effect.fnUntraced({ self: this }, function* (this: Sink, bytes: Uint8Array) {
    if (this.#reopen) this.#close()
    yield* this.#rotate(bytes.length)
    const { file } = this.#target
    let offset = 0
    while (offset < bytes.length) {
      const write = file === undefined ? (this.#console ??= writeStandardOutput()) : yield* this.#fileWrite(file)
      const result = yield* Effect.result(write(bytes.subarray(offset)))
      if (Result.isSuccess(result)) offset += result.success
      else if (result.failure.code === "EAGAIN") yield* Effect.sleep(stalledMillis)
      else return yield* Effect.fail(result.failure)
    }
    this.#bytes += bytes.length
  })

  #fileWrite = Effect.fnUntraced({ self: this }, function* (this: Sink, file: string) {
    if (this.#open === undefined) {
      this.#open = yield* openForAppend(file)
      this.#bytes = this.#open.bytes
    }
    return writeTo(this.#open.descriptor)
  })

  /** Makes room for so many bytes, as far as the directory lets it. */
  #rotate = Effect.fnUntraced({ self: this }, function* (this: Sink, coming: number) {
    const { file, keepFiles, rotateBytes } = this.#target
    if (file === undefined || this.#open === undefined || rotateBytes === 0 || this.#bytes === 0) return
    if (this.#bytes + coming <= rotateBytes) return
    // Where it cannot be renamed it grows on, and is tried again when it has grown as much.
    this.#bytes = 0
    const renamed = yield* Effect.exit(shiftFiles(file, keepFiles))
    if (Exit.isSuccess(renamed)) this.#close()
    else tell(`the log ${file} cannot be renamed`, renamed.cause)
  })

  #failed(lines: number, cause: Cause.Cause<WriteFailed>): Effect.Effect<void> {
    // Once, not for each attempt: whoever reads standard error may be all that is left to tell.
    if (!this.#failing && this.#target.file !== undefined) tell(`the log ${this.#target.file} cannot be written`, cause)
    this.#failing = true
    this.#lose(lines)
    this.#close()
    return Effect.sleep(retryMillis)
  }

  #close(): void {
    this.#reopen = false
    if (this.#open === undefined) return
    fs.close(this.#open.descriptor, () => {})
    this.#open = undefined
  }
}

const tell = (what: string, cause: Cause.Cause<WriteFailed>): void => {
  const { code } = Cause.squash(cause) as Partial<WriteFailed>
  process.stderr.write(`sluice: ${what}: ${code ?? "for no known reason"}\n`)
}
