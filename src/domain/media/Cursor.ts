/**
 * A viewer's place in the log: where it entered, how far it got, what it lacks of its own.
 *
 * `next` gives the next bytes to write, at most `maxFlushBytes`, and moves on; asked again and again it gives the
 * stream. A viewer that fell out of the log jumps to the newest keyframe: whole groups of pictures are lost, never
 * single frames, and what was lost is counted.
 */
import type { ViewerFormat } from "./Format.ts"
import { Kind, type MediaFrame } from "./MediaFrame.ts"
import { maxFlushBytes, type Projection } from "./Projection.ts"
import type { Entry, LogReader, SourceLog } from "./SourceLog.ts"

/** Where viewers enter (`GopCache`): the place, or undefined to wait for the next keyframe. */
export type StartPolicy = (log: SourceLog) => Entry | undefined

const noBytes = new Uint8Array(0)

/** The place of a stream's very first frame: its headers come as frames, its time is that of the first sound or picture. */
const firstMedia = (log: SourceLog, index: number): Entry => {
  let earliest: MediaFrame | undefined
  for (let i = index; i < log.end; i++) {
    const frame = log.at(i)
    if (frame.header || frame.kind === Kind.Data) continue
    if (earliest === undefined || frame.timestamp < earliest.timestamp) earliest = frame
  }
  const { timestamp, published } = earliest ?? log.liveEntry
  return { index, timestamp, published, earliest: timestamp, headers: [] }
}

type Mode =
  /** The stream has not begun: everything from its first frame on. */
  | "fresh"
  /** Waits for the next keyframe. */
  | "seeking"
  | "flowing"
  | "paused"

export class Cursor implements LogReader {
  readonly #log: SourceLog
  readonly #projection: Projection
  readonly #viewer: ViewerFormat
  readonly #lanes: number
  readonly #start: StartPolicy
  #mode: Mode = "fresh"
  #index: number
  #lacking: number
  /** Rest of a frame that is longer than a flush. */
  #rest: Uint8Array | undefined
  #headers: ReadonlyArray<MediaFrame> | undefined
  frames = 0
  framesDropped = 0
  jumps = 0

  constructor(projection: Projection, log: SourceLog, start: StartPolicy) {
    this.#log = log
    this.#projection = projection
    this.#viewer = projection.format.viewer()
    this.#lanes = projection.format.lanes
    this.#lacking = this.#lanes
    this.#start = start
    this.#index = log.end
    if (log.hasMedia) this.#rest = this.#seek(start(log))
  }

  /** Index of the first frame that this viewer still needs kept. */
  readonly position = (): number => (this.#mode === "paused" ? Infinity : this.#index)

  pause(): void {
    this.#mode = "paused"
  }

  /** Goes on at the newest keyframe, or at the newest frame where there are no pictures. */
  resume(): void {
    if (this.#mode !== "paused") return
    this.#index = this.#log.end
    if (this.#log.hasMedia) this.#rest = this.#seek(this.#start(this.#log))
    else this.#mode = "fresh"
  }

  /**
   * The next bytes for this viewer, or undefined if there is nothing for it now. Write-once memory. `single` gives no
   * more than one frame.
   */
  next(single = false): Uint8Array | undefined {
    if (this.#rest !== undefined && this.#rest.length > 0) return this.#piece(this.#rest)
    let bytes: Uint8Array | undefined
    do bytes = this.#step(single)
    while (bytes !== undefined && bytes.length === 0)
    return bytes !== undefined && bytes.length > maxFlushBytes ? this.#piece(bytes) : bytes
  }

  /** Frames that the log has and this viewer does not have yet. */
  get behind(): number {
    return this.#mode === "paused" ? 0 : this.#log.end - this.#index
  }

  #step(single: boolean): Uint8Array | undefined {
    switch (this.#mode) {
      case "flowing":
        return this.#index < this.#log.first ? this.#jump() : this.#flow(single)
      case "fresh":
        return this.#log.hasMedia ? this.#begin() : undefined
      case "seeking":
        return this.#await()
      case "paused":
        return undefined
    }
  }

  #flow(single: boolean): Uint8Array | undefined {
    const from = this.#index
    if (from >= this.#projection.end) return undefined
    const run = single ? this.#projection.single(from, this.#lacking) : this.#projection.run(from, this.#lacking)
    if (run.to === from) {
      this.#lacking &= ~(1 << this.#projection.lane(from))
      this.#index++
      this.frames++
      return this.#viewer.own(this.#log.at(from))
    }
    this.frames += run.to - from
    this.#index = run.to
    return run.bytes
  }

  /** The stream has begun: its headers are in the log and come as frames. */
  #begin(): Uint8Array {
    const log = this.#log
    if (this.#index < log.first) return this.#jump()
    this.#mode = "flowing"
    return this.#enter(firstMedia(log, this.#index))
  }

  /** Before the next keyframe a viewer gets the headers, once, so that it can prepare its decoders. */
  #await(): Uint8Array | undefined {
    const log = this.#log
    const entry = log.hasVideo || !log.hasAudio ? log.entryAfter(this.#index) : log.liveEntry
    if (entry !== undefined) return this.#seek(entry)
    this.#index = log.end
    const live = log.liveEntry
    return this.#headers === undefined && live.headers.length > 0 ? this.#enter(live) : undefined
  }

  /** Fell out of the log: to the newest keyframe, or on to the next one if the newest is gone too. */
  #jump(): Uint8Array {
    const log = this.#log
    const entry = log.hasVideo ? log.recentEntry : log.liveEntry
    const from = this.#index
    this.jumps++
    const bytes = this.#seek(entry)
    this.framesDropped += this.#index - from
    return bytes
  }

  #seek(entry: Entry | undefined): Uint8Array {
    this.#mode = entry === undefined ? "seeking" : "flowing"
    this.#index = entry?.index ?? this.#log.end
    this.#lacking = this.#lanes
    if (entry === undefined) return noBytes
    if (entry.headers === this.#headers) return noBytes
    return this.#enter(entry)
  }

  #enter(entry: Entry): Uint8Array {
    this.#headers = entry.headers
    const { hasAudio, hasVideo } = this.#log
    return this.#viewer.enter({ ...entry, hasAudio, hasVideo })
  }

  #piece(bytes: Uint8Array): Uint8Array {
    const length =
      bytes.length <= maxFlushBytes ? bytes.length : (this.#viewer.cut?.(bytes, maxFlushBytes) ?? maxFlushBytes)
    this.#rest = length < bytes.length ? bytes.subarray(length) : undefined
    return length < bytes.length ? bytes.subarray(0, length) : bytes
  }
}
