/** Frames of one stream in, whole segments and their parts out. One for each stream, whatever the number of its viewers. */
import { concat } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import type { Track } from "../mp4/Track.ts"
import { type CutRules, endsBefore, maxGapMillis, maxSegmentBytes, minKeptMillis } from "./cutRules.ts"
import { PartRules } from "./PartRules.ts"
import type { SegmentContainer } from "./SegmentContainer.ts"

/** What all parts of a segment share. */
export interface SegmentKind {
  /** What a player needs before it (EXT-X-MAP); the same array for all segments that share it. */
  readonly init: Uint8Array | undefined
  /** Its times or codecs do not follow those of the segment before. */
  readonly discontinuity: boolean
}

export interface Part extends SegmentKind {
  readonly bytes: Uint8Array
  readonly durationMillis: number
  /** Has a keyframe, or no pictures. */
  readonly independent: boolean
  /** How long parts are, but for the last of a segment. */
  readonly targetMillis: number
  /** Its segment ends with it. */
  readonly isLast: boolean
}

export interface Segment extends SegmentKind {
  readonly bytes: Uint8Array
  readonly durationMillis: number
  /** Begins with a keyframe, or has no pictures. */
  readonly independent: boolean
  readonly tracks: ReadonlyArray<Track>
  /** Pictures a second; 0 where that is not known. */
  readonly frameRate: number
}

export interface SegmenterOptions {
  readonly rules: CutRules
  readonly container: SegmentContainer
  /** Times as published instead of repaired. */
  readonly published: boolean
  /** Length of the parts that segments are given in too; `undefined` for segments only. */
  readonly partMillis: number | undefined
  /** By how much the open segment should be longer than the rules say. */
  readonly shiftMillis: () => number
  /** A segment has begun, is complete, or is too short to be kept. Plain calls within `push`. */
  readonly onOpen: () => void
  readonly onPart: (part: Part) => void
  readonly onSegment: (segment: Segment) => void
}

/** Pictures and sound that belong together may be this far apart where a segment begins. */
const maxStepBackMillis = 1000

export class Segmenter {
  readonly #options: SegmenterOptions
  readonly #partRules: PartRules
  #open = false
  #start = 0
  #last = 0
  #hasPictures = false
  #independent = true
  #discontinuity: boolean
  #awaitsKeyframe = true
  /** Bytes of the open segment's parts so far. */
  #parts: Array<Uint8Array> = []
  #partStart = 0
  #partHasKeyframe = false
  /** Of the last segment that was given. */
  #init: Uint8Array | undefined

  /** `discontinuity`: what comes first does not follow what the playlist has. */
  constructor(options: SegmenterOptions, discontinuity: boolean) {
    this.#options = options
    this.#discontinuity = discontinuity
    this.#partRules = new PartRules(options.partMillis ?? options.rules.fragmentMillis)
  }

  /**
   * Whether the frame may end the open segment or part, or begin one: what comes before such a frame can as well be
   * pushed together with it.
   */
  isDecisive(frame: MediaFrame): boolean {
    const { partMillis, rules } = this.#options
    if (!this.#open || partMillis !== undefined || frame.header) return true
    const isPicture = frame.kind === Kind.Video
    if (isPicture && frame.keyframe) return true
    const time = this.#timeOf(frame)
    if (this.#isApart(time)) return true
    // Most of all frames.
    if (isPicture && rules.waitKeyframe) return false
    return endsBefore(rules, time - this.#start, { isPicture, keyframe: false }, this.#options.shiftMillis())
  }

  push(frame: MediaFrame): void {
    if (frame.track !== 0 || frame.kind === Kind.Data) return
    if (frame.header) return this.#header(frame)
    if (!isCoded(frame)) return
    const isPicture = frame.kind === Kind.Video
    // Nobody can decode pictures from before the first keyframe.
    if (isPicture && this.#awaitsKeyframe && !frame.keyframe) return
    const time = this.#timeOf(frame)
    if (this.#open) this.#endBefore(frame, time)
    if (!this.#options.container.write(frame)) return
    if (isPicture) this.#awaitsKeyframe = false
    if (!this.#open) this.#begin(time)
    this.#note(frame, time)
  }

  /** The publisher has left, or another took its place: what comes next does not follow. */
  end(): void {
    this.#breakOff()
    this.#awaitsKeyframe = true
  }

  /** Too far from the last frame, or from the segment's first, to be part of the open segment. */
  #isApart(time: number): boolean {
    const gap = time - this.#last
    return gap > Math.max(maxGapMillis, this.#options.rules.fragmentMillis) || time < this.#start - maxStepBackMillis
  }

  #timeOf({ published, timestamp }: MediaFrame): number {
    return this.#options.published ? published : timestamp
  }

  #header(frame: MediaFrame): void {
    if (!isConfiguration(frame)) return
    const { container } = this.#options
    // It is compared with those to come. Taken note of only after the segment with the old one has ended.
    if (!container.learn(frame.withOwnBytes())) return
    this.#breakOff()
    if (frame.kind === Kind.Video) this.#awaitsKeyframe = true
  }

  #breakOff(): void {
    if (this.#open) this.#close(this.#endMillis)
    this.#discontinuity = true
    this.#partRules.pace.reset()
  }

  /** Where the last frame ends. Sound that goes on after the last picture makes no part longer than it should be. */
  get #endMillis(): number {
    const { pace, targetMillis } = this.#partRules
    const end = Math.max(this.#last, pace.endMillis)
    if (this.#options.partMillis === undefined) return end
    return Math.min(end, Math.max(pace.endMillis, this.#partStart + Math.round(targetMillis)))
  }

  #endBefore(frame: MediaFrame, time: number): void {
    const { container, partMillis, rules } = this.#options
    if (this.#isApart(time)) return this.end()
    const isPicture = frame.kind === Kind.Video
    const { keyframe } = frame
    const full = container.length > maxSegmentBytes
    const deviation = this.#options.shiftMillis()
    if (full || endsBefore(rules, time - this.#start, { isPicture, keyframe }, deviation)) this.#close(time)
    else if (partMillis !== undefined && this.#partRules.endsBefore(frame, time - this.#partStart)) this.#cut(time)
  }

  #begin(time: number): void {
    this.#open = true
    this.#start = time
    this.#last = time
    this.#hasPictures = false
    this.#independent = true
    this.#parts = []
    this.#beginPart(time)
    this.#options.onOpen()
  }

  #beginPart(time: number): void {
    this.#partStart = time
    this.#partHasKeyframe = false
  }

  #note(frame: MediaFrame, time: number): void {
    this.#partRules.pace.note(frame, time)
    if (time > this.#last) this.#last = time
    if (frame.kind !== Kind.Video) return
    if (!this.#hasPictures) this.#independent = frame.keyframe
    this.#hasPictures = true
    this.#partHasKeyframe ||= frame.keyframe
  }

  #cut(endMillis: number): void {
    const bytes = this.#options.container.cut(endMillis)
    if (bytes.length === 0) return
    this.#compareInit()
    this.#givePart(bytes, endMillis, false)
    this.#beginPart(endMillis)
  }

  /** Other tracks than in the segment before (RFC 8216 §4.3.2.3), though no header has said so. */
  #compareInit(): void {
    const { init } = this.#options.container
    if (this.#init !== undefined && init !== this.#init) this.#discontinuity = true
    this.#init = init
  }

  #givePart(bytes: Uint8Array, endMillis: number, isLast: boolean): void {
    const { container, onPart } = this.#options
    this.#parts.push(bytes)
    onPart({
      bytes,
      init: container.init,
      discontinuity: this.#discontinuity,
      durationMillis: endMillis - this.#partStart,
      independent: this.#partHasKeyframe || container.tracks.video === undefined,
      targetMillis: this.#partRules.targetMillis,
      isLast
    })
  }

  #close(endMillis: number): void {
    this.#open = false
    const { container, onSegment, partMillis } = this.#options
    const { init } = container
    const bytes = container.finish(endMillis)
    const end = bytes.length === 0 ? this.#partStart : endMillis
    const durationMillis = Math.max(0, end - this.#start)
    const hasParts = this.#parts.length > 0
    if (durationMillis < minKeptMillis && !hasParts) return
    this.#compareInit()
    if (partMillis !== undefined && bytes.length > 0) this.#givePart(bytes, Math.max(end, this.#partStart), true)
    onSegment({
      bytes: hasParts ? concat(this.#parts) : bytes,
      init,
      durationMillis,
      discontinuity: this.#discontinuity,
      independent: this.#independent,
      tracks: container.tracks.all,
      frameRate: this.#partRules.pace.frameRate
    })
    this.#discontinuity = false
    this.#parts = []
  }
}
