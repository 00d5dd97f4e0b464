/** One publish of one stream: its frames become segments, on the publisher's stack; writing them is the output's. */
import { DashSegmenter } from "../../domain/dash/DashSegmenter.ts"
import type { StartPolicy } from "../../domain/media/Cursor.ts"
import { FrameCursor } from "../../domain/media/FrameCursor.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import type { Output } from "./Output.ts"

export interface FollowerOptions {
  readonly log: SourceLog
  readonly start: StartPolicy
  /** The stream's output, made anew if the last one was disposed of. */
  readonly output: () => Output
  /** Times as published instead of repaired. */
  readonly published: boolean
  /** Milliseconds of the epoch. */
  readonly now: () => number
}

export class Follower {
  readonly #options: FollowerOptions
  readonly #cursor: FrameCursor
  readonly #segmenter: DashSegmenter
  /** Of the frames taken last. */
  #output: Output | undefined

  constructor(options: FollowerOptions) {
    const { log, output, published, start } = options
    this.#options = options
    this.#cursor = new FrameCursor(log, start)
    log.addReader(this.#cursor)
    this.#segmenter = new DashSegmenter({
      fragmentMillis: () => output().settings.fragmentMillis,
      chunkMillis: () => output().settings.chunkMillis,
      published,
      onChunk: (chunk) => output().addChunk(chunk),
      onCut: (cut) => output().add(cut)
    })
  }

  /** Takes what has come. */
  take(): void {
    const frames = this.#cursor.take()
    if (frames.length === 0) return
    const now = this.#options.now()
    this.#output = this.#options.output()
    this.#output.lastFrameAt = now
    for (const frame of frames) this.#segmenter.push(frame, now)
  }

  /** What comes next, if anything, does not follow. */
  end(): void {
    this.take()
    this.#segmenter.end()
    this.#output?.end()
  }

  close(): void {
    this.end()
    this.#options.log.removeReader(this.#cursor)
  }
}
