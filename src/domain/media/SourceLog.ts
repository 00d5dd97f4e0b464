/**
 * The log of a live source: its frames in the order of arrival, addressed by an index that only grows.
 *
 * Headers and metadata are entries like any other. Every keyframe's entry in the index names the headers in force
 * there, so a reader that enters gets those, and later changes at their place. What is retained is decided by
 * `Retention`: the newest group of pictures, and more while a slower reader needs it.
 */
import { AudioPacket, ExAudio } from "../flv/ExHeader.ts"
import { Deque } from "./Deque.ts"
import { Kind, type MediaFrame } from "./MediaFrame.ts"
import { maxForwardMillis, Timeline } from "./Timeline.ts"

/** How much is kept. All three are hard bounds; `maxGopFrames` 0 is none. */
export interface Retention {
  /** Keep the newest group of pictures for newcomers. */
  readonly gop: boolean
  readonly maxGopFrames: number
  /** A reader further behind than this loses whole groups of pictures. */
  readonly queueMillis: number
  readonly maxBytes: number
}

/** A place where a reader can enter. */
export interface Entry {
  readonly index: number
  /** Times of the frame there, repaired and as published, milliseconds. */
  readonly timestamp: number
  readonly published: number
  /** Lowest timestamps that can still follow, of sound and of pictures: one may lag a little behind the other. */
  readonly earliestAudio: number
  readonly earliestVideo: number
  /** Metadata, then audio, then video headers in force before the frame at `index`. */
  readonly headers: ReadonlyArray<MediaFrame>
}

export interface GroupOfPictures {
  /** From its keyframe to the next one. */
  readonly millis: number
  readonly frames: number
}

const noGop: GroupOfPictures = { millis: 0, frames: 0 }

/** Somebody whose place keeps frames alive. `Infinity` while it needs none. */
export interface LogReader {
  readonly position: () => number
  /** It has nothing of frames before its position but copies. */
  readonly copies?: boolean
}

const noHeaders: ReadonlyArray<MediaFrame> = []
/** Readers are asked for their places once in so many frames, and at each keyframe. */
const trimInterval = 64
/** Sound and pictures that belong together are not further apart than this in the log: one may jump before the other. */
const maxInterleaveMillis = maxForwardMillis

/** Enhanced RTMP v2: a layout of channels beside the codec's own header, which it must not replace. */
const isMultichannelConfig = ({ bytes, kind, start }: MediaFrame): boolean =>
  kind === Kind.Audio && bytes[start] === (ExAudio | AudioPacket.MultichannelConfig)

/** Of what follows a place at `timestamp`, where another track has come to `last`; -1 if there is none. */
const earliestOf = (timestamp: number, last: number): number =>
  last >= 0 && last >= timestamp - maxInterleaveMillis ? Math.min(timestamp, last) : timestamp

/** Where a header stands among those in force; each place holds one. */
const order = (frame: MediaFrame): number => {
  if (frame.kind === Kind.Data) return 0
  if (frame.kind === Kind.Video) return 1000 + frame.track
  return 1 + 2 * frame.track + (isMultichannelConfig(frame) ? 1 : 0)
}

export class SourceLog {
  readonly timeline = new Timeline()
  readonly #frames = new Deque<MediaFrame>()
  readonly #entries = new Deque<Entry>()
  readonly #readers = new Set<LogReader>()
  /** Of them, those that may have the bytes themselves. */
  #keepers = 0
  #unreadFrom = 0
  #appendedAt = -Infinity
  #headers = noHeaders
  #beginning: Entry | undefined
  #retention: Retention
  #bytes = 0
  #untrimmed = 0
  #overflows = 0
  #hasAudio = false
  #hasVideo = false
  #lastAudio = -1
  #lastVideo = -1
  #videoFrames = 0
  #gop = noGop
  #lastKeyframe: { readonly timestamp: number; readonly videoFrames: number } | undefined

  constructor(retention: Retention) {
    this.#retention = retention
  }

  /** Index of the oldest frame kept. */
  get first(): number {
    return this.#frames.first
  }

  /** One past the index of the newest frame. */
  get end(): number {
    return this.#frames.end
  }

  /**
   * No reader but those that copy has been there from this index on: of those frames nobody but the log has the bytes,
   * once it has forgotten them nobody at all. `Infinity` while there are other readers.
   */
  get unreadFrom(): number {
    return this.#keepers === 0 ? this.#unreadFrom : Infinity
  }

  /** When the newest frame was appended, by the clock of `append`. */
  get appendedAt(): number {
    return this.#appendedAt
  }

  /** Payload bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** How often a group of pictures was too large to keep for newcomers. */
  get overflows(): number {
    return this.#overflows
  }

  /** Headers and metadata in force for the next frame. */
  get headers(): ReadonlyArray<MediaFrame> {
    return this.#headers
  }

  /** Sound or pictures have come since the publish began, not only their headers. */
  get hasMedia(): boolean {
    return this.#beginning !== undefined
  }

  /** The first sound or picture since the publish began, kept or not: who waited for it enters there. */
  get beginning(): Entry | undefined {
    return this.#beginning
  }

  /** Frames or headers of sound (of pictures) have come since the publish began. */
  get hasAudio(): boolean {
    return this.#hasAudio
  }
  get hasVideo(): boolean {
    return this.#hasVideo
  }

  /** Video frames and headers since the log was made. */
  get videoFrames(): number {
    return this.#videoFrames
  }

  /** The newest group of pictures that is whole; 0 and 0 before there is one. */
  get gop(): GroupOfPictures {
    return this.#gop
  }

  /** The frame at an index from `first` to `end` - 1. */
  at(index: number): MediaFrame {
    return this.#frames.at(index)
  }

  retain(retention: Retention): void {
    this.#retention = retention
  }

  /**
   * Between two publishers, and before the first frame of each: newcomers get nothing of the last one, readers go on
   * where they are, times follow.
   */
  reset(): void {
    this.timeline.restart()
    this.#headers = noHeaders
    this.#beginning = undefined
    this.#entries.dropUntil(this.#entries.end)
    this.#hasAudio = false
    this.#hasVideo = false
    this.#lastAudio = -1
    this.#lastVideo = -1
    this.#lastKeyframe = undefined
    this.#gop = noGop
    this.trim()
  }

  /** Takes a frame and repairs its times. `nowMillis` is a monotonic clock. */
  append(frame: MediaFrame, nowMillis: number): void {
    this.#appendedAt = nowMillis
    this.timeline.repair(frame, nowMillis)
    if (!frame.header && frame.kind !== Kind.Data) this.#beginning ??= this.#entryAt(frame)
    if (frame.keyframe && frame.kind === Kind.Video && frame.track === 0) {
      this.#measureGop(frame.timestamp)
      this.#entries.push(this.#entryAt(frame))
      this.#untrimmed = trimInterval
    }
    if (frame.kind === Kind.Audio) {
      this.#hasAudio = true
      if (!frame.header) this.#lastAudio = frame.timestamp
    } else if (frame.kind === Kind.Video) {
      this.#hasVideo = true
      this.#videoFrames++
      if (!frame.header) this.#lastVideo = frame.timestamp
    }
    if (frame.header) this.#setHeader(frame)
    this.#frames.push(frame)
    this.#bytes += frame.length
    if (++this.#untrimmed >= trimInterval || this.#bytes > this.#retention.maxBytes) this.trim()
  }

  /** The newest keyframe kept, for a reader to enter at. */
  get newestEntry(): Entry | undefined {
    return this.#entries.last()
  }

  /** The newest keyframe, unless it is older than a reader may be behind. */
  get recentEntry(): Entry | undefined {
    const entry = this.#entries.last()
    return entry === undefined || entry.timestamp < this.timeline.latest - this.#retention.queueMillis
      ? undefined
      : entry
  }

  /** The first keyframe at or after an index. */
  entryAfter(index: number): Entry | undefined {
    const entries = this.#entries
    let found: Entry | undefined
    for (let i = entries.end - 1; i >= entries.first && entries.at(i).index >= index; i--) found = entries.at(i)
    return found
  }

  /** The place of the next frame to come, for a reader that waits for nothing. */
  get liveEntry(): Entry {
    const { latest: timestamp, latestPublished: published } = this.timeline
    const earliestAudio = earliestOf(timestamp, this.#lastAudio)
    const earliestVideo = earliestOf(timestamp, this.#lastVideo)
    return { index: this.end, timestamp, published, earliestAudio, earliestVideo, headers: this.#headers }
  }

  /** Whoever keeps frames, or their bytes, beyond the step in which it looked at them is a reader. */
  addReader(reader: LogReader): void {
    this.#readers.add(reader)
    if (reader.copies !== true) this.#keepers++
  }

  removeReader(reader: LogReader): void {
    if (!this.#readers.delete(reader) || reader.copies === true) return
    this.#keepers--
    this.#unreadFrom = this.end
  }

  /** Forgets what neither a newcomer nor a reader within its queue length needs. */
  trim(): void {
    this.#untrimmed = 0
    let keep = this.end
    for (const reader of this.#readers) keep = Math.min(keep, reader.position())
    // A reader that fell out holds nothing back.
    keep = Math.max(keep, this.first)
    const oldest = this.timeline.latest - this.#retention.queueMillis
    while (keep < this.end && this.#frames.at(keep).timestamp < oldest) keep++
    const newcomer = this.#newcomerIndex()
    this.#dropUntil(Math.min(keep, newcomer))
    if (this.#bytes > this.#retention.maxBytes) this.#shrink(keep)
  }

  #newcomerIndex(): number {
    const { gop, maxGopFrames } = this.#retention
    const entry = this.#entries.last()
    if (!gop || entry === undefined) return this.end
    if (maxGopFrames > 0 && this.end - entry.index > maxGopFrames) {
      this.#overflows++
      this.#entries.dropUntil(this.#entries.end)
      return this.end
    }
    return entry.index
  }

  /**
   * Over the byte cap: first the older groups of pictures go, then what newcomers would need of the newest one, and
   * last what readers have not got yet.
   */
  #shrink(keep: number): void {
    const newest = this.#entries.last()
    if (newest !== undefined && newest.index > this.first) this.#dropUntil(newest.index)
    if (this.#bytes <= this.#retention.maxBytes) return
    this.#overflows++
    this.#entries.dropUntil(this.#entries.end)
    this.#dropUntil(keep)
    if (this.#bytes > this.#retention.maxBytes) this.#dropUntil(this.end)
  }

  #dropUntil(index: number): void {
    for (let i = this.first; i < index; i++) this.#bytes -= this.#frames.at(i).length
    this.#frames.dropUntil(index)
    const entries = this.#entries
    let count = entries.first
    while (count < entries.end && entries.at(count).index < index) count++
    entries.dropUntil(count)
  }

  /** Of a frame that is about to be appended. */
  #entryAt({ kind, published, timestamp }: MediaFrame): Entry {
    const earliestAudio = kind === Kind.Audio ? timestamp : earliestOf(timestamp, this.#lastAudio)
    const earliestVideo = kind === Kind.Video ? timestamp : earliestOf(timestamp, this.#lastVideo)
    return { index: this.end, timestamp, published, earliestAudio, earliestVideo, headers: this.#headers }
  }

  /** At a keyframe that is about to be appended. */
  #measureGop(timestamp: number): void {
    const last = this.#lastKeyframe
    const videoFrames = this.#videoFrames
    if (last !== undefined) this.#gop = { millis: timestamp - last.timestamp, frames: videoFrames - last.videoFrames }
    this.#lastKeyframe = { timestamp, videoFrames }
  }

  /** Headers outlive the frames around them, so they have bytes of their own. */
  #setHeader(header: MediaFrame): void {
    const frame = header.withOwnBytes()
    const place = order(frame)
    const others = this.#headers.filter((header) => order(header) !== place)
    const at = others.findIndex((header) => order(header) > place)
    this.#headers = at < 0 ? [...others, frame] : [...others.slice(0, at), frame, ...others.slice(at)]
  }
}
