/**
 * A viewer's place in the log: where it entered, how far it got, what it lacks of its own.
 *
 * `next` gives the next bytes to write, at most `maxFlushBytes`, and moves on; asked again and again it gives the
 * stream. A viewer that fell out of the log jumps to the newest keyframe: whole groups of pictures are lost, never
 * single frames, and what was lost is counted.
 */
import { concat } from "../bytes/bytes.ts"
import type { ViewerFormat } from "./Format.ts"
import { Kind, type MediaFrame } from "./MediaFrame.ts"
import { maxFlushBytes, type Projection } from "./Projection.ts"
import type { Entry, LogReader, SourceLog } from "./SourceLog.ts"

/** Where viewers enter (`GopCache`): the place, or undefined to wait for the next keyframe. */
export type StartPolicy = (log: SourceLog) => Entry | undefined

const noBytes = new Uint8Array(0)

/** The beginning of a publish, with the lowest time of what has come since: sound and pictures start side by side. */
const whole = (begin: Entry, log: SourceLog): Entry => {
  let { earliestAudio, earliestVideo } = begin
  for (let i = begin.index; i < log.end; i++) {
    const { header, kind, timestamp } = log.at(i)
    if (header) continue
    if (kind === Kind.Audio) earliestAudio = Math.min(earliestAudio, timestamp)
    if (kind === Kind.Video) earliestVideo = Math.min(earliestVideo, timestamp)
  }
  return { ...begin, earliestAudio, earliestVideo }
}

type Mode =
  /** The stream has not begun: everything from its first sound or picture on. */
  | "fresh"
  /** Waits for the next keyframe. */
  | "seeking"
  | "flowing"

/** What a cursor gave and what it left out, added up wherever its owner counts. */
export interface CursorCounts {
  framesOut: number
  framesDropped: number
  jumps: number
}

export class Cursor implements LogReader {
  readonly projection: Projection
  readonly #viewer: ViewerFormat
  readonly #start: StartPolicy
  #mode: Mode = "fresh"
  #paused = false
  #index: number
  #lacking: number
  /** What entering a place brought, before anything else is read there. */
  #entering: Uint8Array = noBytes
  /** Rest of a frame that is longer than a flush. */
  #rest: Uint8Array | undefined
  #headers: ReadonlyArray<MediaFrame> | undefined
  readonly counts: CursorCounts
  /** It has given a frame. */
  hasBegun = false

  /** `viewer` is this viewer's own part of the projection's format. */
  constructor(
    projection: Projection,
    viewer: ViewerFormat,
    start: StartPolicy,
    counts: CursorCounts = { framesOut: 0, framesDropped: 0, jumps: 0 }
  ) {
    const { format, log } = projection
    this.projection = projection
    this.#viewer = viewer
    this.#lacking = format.lanes
    this.#start = start
    this.counts = counts
    this.#index = log.end
    if (log.hasMedia) this.#entering = this.#seek(start(log))
  }

  /** Index of the first frame that this viewer still needs kept. */
  position(): number {
    return this.#paused ? Infinity : this.#index
  }

  /** What was begun is still given to its end. */
  pause(): void {
    this.#paused = true
  }

  /**
   * Goes on at the newest keyframe, or at the newest frame where there are no pictures; but where it stopped, if that
   * is later.
   */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const { log } = this.projection
    if (!log.hasMedia) {
      this.#mode = "fresh"
      this.#index = log.end
      return
    }
    const entry = this.#start(log)
    const goesOn = this.#mode === "flowing" && entry !== undefined && entry.index <= this.#index
    if (!goesOn) this.#entering = concat([this.#entering, this.#seek(entry)])
  }

  /** For the end: the rest of a message that was cut so that others can write in between; they wait for it. */
  leave(): Uint8Array | undefined {
    const rest = this.#viewer.cut === undefined ? undefined : this.#rest
    this.#rest = undefined
    this.#paused = true
    return rest
  }

  /**
   * The next bytes for this viewer, or undefined if there is nothing for it now. Write-once memory. `single` gives no
   * more than one frame.
   */
  next(single = false): Uint8Array | undefined {
    if (this.#rest !== undefined) return this.#piece(this.#rest)
    let bytes: Uint8Array | undefined = this.#entering
    this.#entering = noBytes
    while (bytes !== undefined && bytes.length === 0) bytes = this.#step(single)
    return bytes !== undefined && bytes.length > maxFlushBytes ? this.#piece(bytes) : bytes
  }

  /** Something is there that this viewer does not have yet. */
  get isBehind(): boolean {
    if (this.#rest !== undefined || this.#entering.length > 0) return true
    const { log } = this.projection
    return !this.#paused && this.#index < log.end && (this.#mode !== "fresh" || log.hasMedia)
  }

  #step(single: boolean): Uint8Array | undefined {
    if (this.#paused) return undefined
    switch (this.#mode) {
      case "flowing":
        return this.#index < this.projection.log.first ? this.#jump() : this.#flow(single)
      case "fresh":
        return this.#begin()
      case "seeking":
        return this.#await()
    }
  }

  #flow(single: boolean): Uint8Array | undefined {
    const { projection } = this
    const from = this.#index
    if (from >= projection.end) return undefined
    const run = single ? projection.single(from, this.#lacking) : projection.run(from, this.#lacking)
    this.hasBegun = true
    if (run.to === from) {
      this.#lacking &= ~(1 << projection.lane(from))
      this.#index++
      this.counts.framesOut++
      return projection.own(from, this.#viewer)
    }
    this.counts.framesOut += run.to - from
    this.#index = run.to
    return run.bytes
  }

  #begin(): Uint8Array | undefined {
    const { log } = this.projection
    const begin = log.beginning
    if (begin === undefined) return undefined
    return begin.index < log.first ? this.#jump() : this.#seek(whole(begin, log))
  }

  /** Before the next keyframe a viewer gets the headers, once, so that it can prepare its decoders. */
  #await(): Uint8Array | undefined {
    const { log } = this.projection
    const entry = log.hasVideo || !log.hasAudio ? log.entryAfter(this.#index) : log.liveEntry
    if (entry !== undefined) return this.#seek(entry)
    this.#index = log.end
    const live = log.liveEntry
    return this.#headers === undefined && live.headers.length > 0 ? this.#enter(live) : undefined
  }

  /** Fell out of the log: to the newest keyframe, or on to the next one if the newest is gone too. */
  #jump(): Uint8Array {
    const { log } = this.projection
    const entry = log.hasVideo ? log.recentEntry : log.liveEntry
    const from = this.#index
    this.counts.jumps++
    const bytes = this.#seek(entry)
    this.counts.framesDropped += this.#index - from
    return bytes
  }

  #seek(entry: Entry | undefined): Uint8Array {
    this.#mode = entry === undefined ? "seeking" : "flowing"
    this.#index = entry?.index ?? this.projection.log.end
    this.#lacking = this.projection.format.lanes
    if (entry === undefined) return noBytes
    if (entry.headers === this.#headers) return noBytes
    return this.#enter(entry)
  }

  #enter(entry: Entry): Uint8Array {
    this.#headers = entry.headers
    const { hasAudio, hasVideo } = this.projection.log
    return this.#viewer.enter({ ...entry, hasAudio, hasVideo })
  }

  #piece(bytes: Uint8Array): Uint8Array {
    const length =
      bytes.length <= maxFlushBytes ? bytes.length : (this.#viewer.cut?.(bytes, maxFlushBytes) ?? maxFlushBytes)
    this.#rest = length < bytes.length ? bytes.subarray(length) : undefined
    return length < bytes.length ? bytes.subarray(0, length) : bytes
  }
}
