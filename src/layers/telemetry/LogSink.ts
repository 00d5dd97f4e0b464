/**
 * Where log lines go: standard output or a file. Whoever logs only appends to a queue; one fiber writes. A full disk or
 * a stalled reader costs lines, which are counted, never a wait or a failure.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { openForAppend, type Write, writeStandardOutput, writeTo } from "./descriptorWrite.ts"

/** Text that waits to be written; past it lines are dropped. */
export const maxQueuedChars = 1_048_576
/** After a failed write or open, until the next attempt. */
export const retryMillis = 1000
/** Between attempts while a reader of standard output takes nothing. */
export const stalledMillis = 20
/** What is still queued at the end of the process has this long to be written. */
export const drainMillis = 500

export interface LogSink {
  /** Takes a line without its line feed. Never waits, never throws. */
  readonly push: (line: string) => void
  /** Lines dropped so far. */
  readonly lost: () => number
  /** Closes the file before the next line, which opens the path again: for log rotation. */
  readonly reopen: Effect.Effect<void>
}

/** `path` undefined is standard output. A file is appended to, made when missing, and opened at the first line. */
export const makeLogSink = Effect.fnUntraced(function* (
  path: string | undefined,
  lostLine: (lines: number) => string
): Effect.fn.Return<LogSink, never, Scope.Scope> {
  const sink = new Sink(path, lostLine)
  yield* Effect.forkScoped(sink.run)
  yield* Effect.addFinalizer(() => sink.finish)
  return {
    push: (line) => sink.push(line),
    lost: () => sink.lost,
    reopen: Effect.sync(() => sink.reopen())
  }
})

class Sink {
  readonly #path: string | undefined
  readonly #console: Write | undefined
  readonly #lostLine: (lines: number) => string
  readonly #wake = Latch.makeUnsafe(false)
  readonly #idle = Latch.makeUnsafe(true)
  #queue: Array<string> = []
  #queuedChars = 0
  #descriptor: number | undefined
  #reopen = false
  #unreported = 0
  lost = 0

  constructor(path: string | undefined, lostLine: (lines: number) => string) {
    this.#path = path
    this.#lostLine = lostLine
    this.#console = path === undefined ? writeStandardOutput() : undefined
  }

  push(line: string): void {
    if (this.#queuedChars + line.length > maxQueuedChars) return this.#lose(1)
    this.#queue.push(line)
    this.#queuedChars += line.length
    this.#idle.closeUnsafe()
    this.#wake.openUnsafe()
  }

  reopen(): void {
    this.#reopen = this.#path !== undefined
  }

  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#wake.await
      // Whoever logged goes on first, and what it logs next shares this write.
      yield* Effect.yieldNow
      this.#wake.closeUnsafe()
      const lines = this.#take()
      const written = yield* Effect.exit(this.#write(Buffer.from(lines.join("\n") + "\n")))
      if (Exit.isFailure(written)) yield* this.#failed(lines.length)
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
    let offset = 0
    while (offset < bytes.length) {
      const write = this.#console ?? writeTo((this.#descriptor ??= yield* openForAppend(this.#path ?? "")))
      const result = yield* Effect.result(write(bytes.subarray(offset)))
      if (Result.isSuccess(result)) offset += result.success
      else if (result.failure.code === "EAGAIN") yield* Effect.sleep(stalledMillis)
      else return yield* Effect.fail(result.failure)
    }
  })

  #failed(lines: number): Effect.Effect<void> {
    this.#lose(lines)
    this.#close()
    return Effect.sleep(retryMillis)
  }

  #close(): void {
    this.#reopen = false
    if (this.#descriptor === undefined) return
    fs.close(this.#descriptor, () => {})
    this.#descriptor = undefined
  }
}
