/** Which segments a playlist has: the newest, with numbers that only grow, and what has left it and may be deleted. */
import type { ListedSegment, Playlist } from "./Playlist.ts"

export interface StoredSegment extends ListedSegment {
  /** All its own files, relative to the root, and those it shares with others: key and init segment. */
  readonly files: ReadonlyArray<string>
  readonly bytes: number
}

export interface WindowRules {
  /** `hls_window`. */
  readonly windowMillis: number
  /** Of the rules by which segments are cut. */
  readonly maxDurationMillis: number
}

interface Expired {
  readonly segment: StoredSegment
  /** Media time, milliseconds, from which on nobody may ask for it any more. */
  readonly until: number
}

export class SegmentWindow {
  #segments: Array<StoredSegment> = []
  #expired: Array<Expired> = []
  #mediaSequence = 0
  #discontinuitySequence = 0
  #targetDuration = 0
  /** Of all segments so far, milliseconds. */
  #total = 0

  /** The number of the segment that comes next. */
  get nextSequence(): number {
    return this.#mediaSequence + this.#segments.length
  }

  get segments(): ReadonlyArray<StoredSegment> {
    return this.#segments
  }

  get playlist(): Playlist {
    return {
      mediaSequence: this.#mediaSequence,
      discontinuitySequence: this.#discontinuitySequence,
      targetDuration: this.#targetDuration,
      segments: this.#segments
    }
  }

  /** Of a list without segments that goes on where this one ends. */
  get numbers(): Playlist {
    const discontinuities = this.#segments.filter(({ discontinuity }) => discontinuity).length
    return {
      mediaSequence: this.nextSequence,
      discontinuitySequence: this.#discontinuitySequence + discontinuities,
      targetDuration: this.#targetDuration,
      segments: []
    }
  }

  /** Bits a second of the densest segment. */
  get bandwidth(): number {
    let most = 1
    for (const { bytes, durationMillis } of this.#segments) {
      most = Math.max(most, Math.ceil((bytes * 8000) / Math.max(1, durationMillis)))
    }
    return most
  }

  /** Goes on where a playlist of an earlier process ended. */
  restore(
    { discontinuitySequence, mediaSequence, targetDuration }: Playlist,
    segments: ReadonlyArray<StoredSegment>
  ): void {
    this.#segments = [...segments]
    this.#mediaSequence = mediaSequence
    this.#discontinuitySequence = discontinuitySequence
    this.#targetDuration = targetDuration
    this.#total = segments.reduce((sum, { durationMillis }) => sum + durationMillis, 0)
  }

  /**
   * The target duration grows with a segment that is longer (RFC 8216 §4.3.3.1), and never shrinks. Segments leave
   * the list when those after them are longer than the window, but at least three target durations stay (§6.2.2).
   */
  add(segment: StoredSegment, rules: WindowRules): void {
    this.#segments.push(segment)
    this.#total += segment.durationMillis
    const longest = Math.max(Math.ceil(rules.maxDurationMillis / 1000), Math.round(segment.durationMillis / 1000), 1)
    this.#targetDuration = Math.max(this.#targetDuration, longest)
    const keep = Math.max(rules.windowMillis, 3000 * this.#targetDuration)
    let count = 0
    for (let sum = 0; count < this.#segments.length && sum <= keep; count++) {
      sum += this.#segments[this.#segments.length - 1 - count].durationMillis
    }
    this.#drop(this.#segments.length - count)
  }

  /**
   * Segments that have left the list for so long that no player asks for them: their own length and that of a list
   * (§6.2.2). Each is given once.
   */
  takeExpired(): ReadonlyArray<StoredSegment> {
    const gone = this.#expired.filter(({ until }) => until <= this.#total)
    this.#expired = this.#expired.filter(({ until }) => until > this.#total)
    return gone.map(({ segment }) => segment)
  }

  /** Everything leaves; numbers go on. */
  takeAll(): ReadonlyArray<StoredSegment> {
    this.#drop(this.#segments.length)
    return this.takeAllExpired()
  }

  /** The same, but asked for or not. */
  takeAllExpired(): ReadonlyArray<StoredSegment> {
    const all = this.#expired.map(({ segment }) => segment)
    this.#expired = []
    return all
  }

  /** Is the file part of a segment that is listed, or was until lately? */
  uses(file: string): boolean {
    const isPart = ({ files }: StoredSegment) => files.includes(file)
    return this.#segments.some(isPart) || this.#expired.some(({ segment }) => isPart(segment))
  }

  #drop(count: number): void {
    if (count <= 0) return
    const length = this.#segments.reduce((sum, { durationMillis }) => sum + durationMillis, 0)
    for (const segment of this.#segments.splice(0, count)) {
      this.#mediaSequence++
      if (segment.discontinuity) this.#discontinuitySequence++
      this.#expired.push({ segment, until: this.#total + segment.durationMillis + length })
    }
  }
}
