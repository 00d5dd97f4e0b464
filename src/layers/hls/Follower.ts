/** One publish of one stream: its frames become segments, on the publisher's stack; writing them is the output's. */
import type * as Clock from "effect/Clock"
import { FloorCounter } from "../../domain/hls/cutRules.ts"
import { Fmp4Container } from "../../domain/hls/Fmp4Container.ts"
import type { SegmentContainer } from "../../domain/hls/SegmentContainer.ts"
import { Segmenter } from "../../domain/hls/Segmenter.ts"
import { TsContainer } from "../../domain/hls/TsContainer.ts"
import type { StartPolicy } from "../../domain/media/Cursor.ts"
import { FrameCursor } from "../../domain/media/FrameCursor.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import { cutRules, type HlsSettings } from "./options.ts"
import type { Output } from "./Output.ts"

/** So many frames, and so many bytes, are taken together at most. */
export const maxPendingFrames = 256
const maxPendingBytes = 262_144

export interface FollowerOptions {
  readonly log: SourceLog
  readonly start: StartPolicy
  readonly output: Output
  readonly settings: HlsSettings
  readonly utc: boolean
  /** Times as published instead of repaired. */
  readonly published: boolean
  readonly clock: Clock.Clock
}

export class Follower {
  readonly #options: FollowerOptions
  readonly #cursor: FrameCursor
  readonly #container: SegmentContainer
  readonly #segmenter: Segmenter
  readonly #counter = new FloorCounter()
  /** Of the log, the end of what `isDue` has looked at; and how much of that was not taken. */
  #seen = 0
  #pendingBytes = 0
  #openedAt = 0
  #timestamp = 0

  constructor(options: FollowerOptions) {
    const { log, output, published, settings, start } = options
    this.#options = options
    // Parts stay in memory.
    const memory = settings.lowLatency ? undefined : output.options.memory
    const container: SegmentContainer = settings.useFmp4
      ? new Fmp4Container(published)
      : new TsContainer(published, memory)
    this.#cursor = new FrameCursor(log, start, container.copyHeld !== undefined)
    log.addReader(this.#cursor)
    this.#container = container
    this.#segmenter = new Segmenter(
      {
        rules: cutRules(settings),
        container,
        published,
        shiftMillis: () => (settings.floor ? this.#counter.shiftMillis(settings.fragmentMillis) : 0),
        partMillis: settings.lowLatency ? settings.partMillis : undefined,
        onOpen: () => this.#opened(),
        onPart: (part) => {
          if (!output.isOff) output.addPart({ part, ...this.#jobFacts })
        },
        onSegment: (segment) => {
          if (!output.isOff) output.add({ segment, ...this.#jobFacts })
        }
      },
      true
    )
  }

  get output(): Output {
    return this.#options.output
  }

  /**
   * Frames have come: should they be taken now? They are taken together, a segment at once where it is small: what
   * belongs together is touched together, which halves the cost of many small streams. A frame that may end a segment
   * waits for nothing.
   */
  isDue(): boolean {
    const { log, output } = this.#options
    // A read may bring no frame, and the first one of all comes after the output.
    if (log.appendedAt > output.lastFrameAt) output.lastFrameAt = log.appendedAt
    const { end } = log
    let pendingBytes = this.#pendingBytes
    for (let i = Math.max(this.#seen, log.first); i < end; i++) {
      const frame = log.at(i)
      pendingBytes += frame.length
      if (this.#segmenter.isDecisive(frame)) return true
    }
    this.#seen = end
    this.#pendingBytes = pendingBytes
    return pendingBytes >= maxPendingBytes || end - this.#cursor.position() >= maxPendingFrames
  }

  /** Takes what has come. */
  take(): void {
    this.#seen = this.#options.log.end
    this.#pendingBytes = 0
    const frames = this.#cursor.take()
    if (this.#options.output.isOff) return
    for (const frame of frames) this.#segmenter.push(frame)
    this.#container.copyHeld?.()
  }

  /** What comes next, if anything, does not follow. */
  end(): void {
    this.take()
    this.#segmenter.end()
    this.output.end()
  }

  close(): void {
    this.end()
    this.#options.log.removeReader(this.#cursor)
  }

  get #jobFacts() {
    const { settings, utc } = this.#options
    return { settings, utc, openedAt: this.#openedAt, timestamp: this.#timestamp }
  }

  #opened(): void {
    const { clock, settings } = this.#options
    this.#openedAt = clock.currentTimeMillisUnsafe()
    this.#timestamp = settings.floor ? this.#counter.next(this.#openedAt, settings.fragmentMillis) : this.#openedAt
  }
}
