/** Where a file that is frames in a row, FLV or TS, is cut into segments. */
import { maxSegmentBytes, maxSegments } from "./VodFile.ts"

export interface FrameCut {
  /** Place in the file of the first byte. */
  readonly from: number
  readonly to: number
  readonly startMillis: number
  readonly endMillis: number
  readonly preamble: number
}

/** Of the last frame of a file, which nothing follows. */
const lastFrameMillis = 40

export class FrameCutter {
  readonly #fragmentMillis: number
  readonly cuts: Array<FrameCut> = []
  #open: { readonly from: number; readonly startMillis: number; readonly preamble: number } | undefined
  #last = 0
  #lead: number | undefined

  constructor(fragmentMillis: number) {
    this.#fragmentMillis = fragmentMillis
  }

  /**
   * A frame of the track that leads, at its place in the file. A segment begins with a keyframe, and where `preamble`
   * changes.
   */
  frame(at: number, millis: number, keyframe: boolean, preamble: number): void {
    const open = this.#open
    if (open === undefined) {
      if (keyframe) this.#begin(at, millis, preamble)
      return
    }
    const isFull = millis - open.startMillis >= this.#fragmentMillis
    const changes = preamble !== open.preamble
    if ((keyframe && (isFull || changes)) || at - open.from >= maxSegmentBytes) {
      this.#close(at, millis)
      this.#begin(at, millis, preamble)
    }
    this.#last = Math.max(this.#last, millis)
  }

  /** A frame of another track: before the first segment, it is part of that. */
  otherFrame(at: number): void {
    if (this.#open === undefined && this.cuts.length === 0) this.#lead ??= at
  }

  end(at: number): void {
    this.#close(at, this.#last + lastFrameMillis)
  }

  #begin(at: number, startMillis: number, preamble: number): void {
    if (this.cuts.length >= maxSegments) return
    this.#open = { from: this.#lead ?? at, startMillis, preamble }
    this.#lead = undefined
    this.#last = startMillis
  }

  #close(to: number, millis: number): void {
    const open = this.#open
    this.#open = undefined
    // Times that go back, in a file of several put together, cannot be told by a list.
    if (open !== undefined) this.cuts.push({ ...open, to, endMillis: Math.max(millis, open.startMillis + 1) })
  }
}
