/** Frames of one stream in, whole segments out. One for each stream, whatever the number of its viewers. */
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import { type CutRules, endsBefore, maxGapMillis, maxSegmentBytes, minKeptMillis } from "./cutRules.ts"
import type { FinishedSegment, SegmentContainer } from "./SegmentContainer.ts"

export interface Segment extends FinishedSegment {
  readonly durationMillis: number
  /** Its times or codecs do not follow those of the segment before. */
  readonly discontinuity: boolean
  /** Begins with a keyframe, or has no pictures. */
  readonly independent: boolean
}

export interface SegmenterOptions {
  readonly rules: CutRules
  readonly container: SegmentContainer
  /** Times as published instead of repaired. */
  readonly published: boolean
  /** By how much the open segment should be longer than the rules say. */
  readonly shiftMillis: () => number
  /** A segment has begun, is complete, or is too short to be kept. Plain calls within `push`. */
  readonly onOpen: () => void
  readonly onSegment: (segment: Segment) => void
}

/** Pictures and sound that belong together may be this far apart where a segment begins. */
const maxStepBackMillis = 1000
/** Length of the last frame of all, where no other was seen. */
const defaultStepMillis = 40

export class Segmenter {
  readonly #options: SegmenterOptions
  #open = false
  #start = 0
  #last = 0
  #lastPicture = -1
  #step = defaultStepMillis
  #hasPictures = false
  #independent = true
  #discontinuity: boolean
  #awaitsKeyframe = true

  /** `discontinuity`: what comes first does not follow what the playlist has. */
  constructor(options: SegmenterOptions, discontinuity: boolean) {
    this.#options = options
    this.#discontinuity = discontinuity
  }

  push(frame: MediaFrame): void {
    if (frame.track !== 0 || frame.kind === Kind.Data) return
    if (frame.header) return this.#header(frame)
    if (!isCoded(frame)) return
    const isPicture = frame.kind === Kind.Video
    // Nobody can decode pictures from before the first keyframe.
    if (isPicture && this.#awaitsKeyframe && !frame.keyframe) return
    const time = this.#options.published ? frame.published : frame.timestamp
    if (this.#open) this.#endBefore(frame, time)
    if (!this.#options.container.write(frame)) return
    if (isPicture) this.#awaitsKeyframe = false
    if (!this.#open) this.#begin(time)
    this.#note(frame, time)
  }

  /** The publisher has left, or another took its place: what comes next does not follow. */
  end(): void {
    if (this.#open) this.#close(this.#last + this.#step)
    this.#discontinuity = true
    this.#awaitsKeyframe = true
    this.#lastPicture = -1
  }

  #header(frame: MediaFrame): void {
    if (!isConfiguration(frame)) return
    // Taken note of only after the segment with the old one has ended.
    const { container } = this.#options
    if (!container.learn(frame)) return
    if (this.#open) this.#close(this.#last + this.#step)
    this.#discontinuity = true
    if (frame.kind === Kind.Video) this.#awaitsKeyframe = true
  }

  #endBefore(frame: MediaFrame, time: number): void {
    const { container, rules } = this.#options
    const gap = time - this.#last
    if (gap > Math.max(maxGapMillis, rules.fragmentMillis) || time < this.#start - maxStepBackMillis) return this.end()
    const isPicture = frame.kind === Kind.Video
    const { keyframe } = frame
    const full = container.length > maxSegmentBytes
    const deviation = this.#options.shiftMillis()
    if (full || endsBefore(rules, time - this.#start, { isPicture, keyframe }, deviation)) this.#close(time)
  }

  #begin(time: number): void {
    this.#open = true
    this.#start = time
    this.#last = time
    this.#hasPictures = false
    this.#independent = true
    this.#options.onOpen()
  }

  #note(frame: MediaFrame, time: number): void {
    if (time > this.#last) this.#last = time
    if (frame.kind !== Kind.Video) return
    if (!this.#hasPictures) this.#independent = frame.keyframe
    this.#hasPictures = true
    if (this.#lastPicture >= 0 && time > this.#lastPicture)
      this.#step = Math.min(time - this.#lastPicture, maxGapMillis)
    this.#lastPicture = time
  }

  #close(endMillis: number): void {
    this.#open = false
    const durationMillis = Math.max(0, endMillis - this.#start)
    const finished = this.#options.container.finish(endMillis)
    if (durationMillis < minKeptMillis) return
    const discontinuity = this.#discontinuity
    this.#discontinuity = false
    this.#options.onSegment({ ...finished, durationMillis, discontinuity, independent: this.#independent })
  }
}
