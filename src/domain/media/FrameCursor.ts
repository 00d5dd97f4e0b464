/**
 * A reader's place in the log, for those who want frames and not bytes.
 *
 * It enters like a viewer: at the start policy's place with the headers in force there, or with the stream's first
 * frame if nothing has come yet. A reader that fell out of the log goes on at the newest keyframe.
 */
import type { StartPolicy } from "./Cursor.ts"
import type { MediaFrame } from "./MediaFrame.ts"
import type { Entry, LogReader, SourceLog } from "./SourceLog.ts"

export class FrameCursor implements LogReader {
  readonly copies: boolean
  readonly #log: SourceLog
  /** False before the stream has begun, and between a jump and the next keyframe. */
  #flowing = false
  #fresh: boolean
  #index: number
  #headers: ReadonlyArray<MediaFrame> = []
  framesDropped = 0
  jumps = 0

  /** `copies`: who reads has nothing but copies of what it has taken, once the step ends. */
  constructor(log: SourceLog, start: StartPolicy, copies = false) {
    this.#log = log
    this.copies = copies
    this.#index = log.end
    this.#fresh = !log.hasMedia
    if (!this.#fresh) this.#enter(start(log))
  }

  readonly position = (): number => this.#index

  /** Everything since the last call: on entering a place the headers in force there, then frames. */
  take(): Array<MediaFrame> {
    const log = this.#log
    if (this.#fresh) this.#enter(log.beginning)
    else if (!this.#flowing) this.#enter(log.hasVideo || !log.hasAudio ? log.entryAfter(this.#index) : log.liveEntry)
    if (this.#flowing && this.#index < log.first) this.#jump()
    const frames = [...this.#headers]
    this.#headers = []
    if (!this.#flowing) return frames
    for (let index = this.#index; index < log.end; index++) frames.push(log.at(index))
    this.#index = log.end
    return frames
  }

  #enter(entry: Entry | undefined): void {
    this.#flowing = entry !== undefined
    this.#index = entry?.index ?? this.#log.end
    if (entry === undefined) return
    this.#fresh = false
    this.#headers = entry.headers
  }

  #jump(): void {
    const log = this.#log
    const from = this.#index
    this.jumps++
    this.#enter(log.hasVideo ? log.recentEntry : log.liveEntry)
    this.framesDropped += this.#index - from
  }
}
