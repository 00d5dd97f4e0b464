/** Which segments a playlist has: the newest, with numbers that only grow, and what has left it and may be deleted. */
import type { ListedPart, ListedSegment, LowLatency, MediaFacts, Playlist } from "./Playlist.ts"

export interface StoredPart extends ListedPart {
  readonly file: string
}

export interface StoredSegment extends ListedSegment {
  readonly parts?: ReadonlyArray<StoredPart>
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

/** Segments whose parts are listed: players need them at the end of the list only (bis §6.2.2) … */
const segmentsWithParts = 2
/** … and they are there for so many target durations more, for who has read an older list. */
const partsKeptTargets = 1

interface ExpiredParts {
  readonly files: ReadonlyArray<string>
  readonly until: number
}

interface Expired {
  readonly segment: StoredSegment
  /** Media time, milliseconds, from which on nobody may ask for it any more. */
  readonly until: number
}

export class SegmentWindow {
  #segments: Array<StoredSegment> = []
  #expired: Array<Expired> = []
  #expiredParts: Array<ExpiredParts> = []
  /** Of the segment that comes next. */
  #open: (MediaFacts & { readonly parts: Array<StoredPart> }) | undefined
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

  /** What the list says of parts. `targetMillis` is how long they should be, `hint` the URI of the next one. */
  lowLatency(targetMillis: number, hint: string): LowLatency {
    let longest = Math.round(targetMillis)
    for (const { parts = [] } of [...this.#segments, this.#open ?? {}]) {
      for (const { durationMillis } of parts) longest = Math.max(longest, durationMillis)
    }
    const open = this.#open && { ...this.#open, parts: [...this.#open.parts] }
    return { partTargetMillis: longest, open, hint }
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

  /** Bits a second of the densest segment, and of all. */
  get bandwidth(): { readonly peak: number; readonly average: number } {
    let peak = 1
    let allBytes = 0
    let allMillis = 0
    for (const { bytes, durationMillis } of this.#segments) {
      peak = Math.max(peak, Math.ceil((bytes * 8000) / Math.max(1, durationMillis)))
      allBytes += bytes
      allMillis += durationMillis
    }
    return { peak, average: Math.max(1, Math.ceil((allBytes * 8000) / Math.max(1, allMillis))) }
  }

  /** Goes on where a playlist of an earlier process ended. */
  restore(
    { discontinuitySequence, mediaSequence, targetDuration }: Playlist,
    segments: ReadonlyArray<StoredSegment>
  ): void {
    this.#segments = [...segments]
    this.#open = undefined
    this.#mediaSequence = mediaSequence
    this.#discontinuitySequence = discontinuitySequence
    this.#targetDuration = targetDuration
    this.#total = segments.reduce((sum, { durationMillis }) => sum + durationMillis, 0)
  }

  /** A part of the segment that comes next; the first one says what all of it needs. */
  addPart(part: StoredPart, facts: MediaFacts): void {
    this.#open ??= { ...facts, parts: [] }
    this.#open.parts.push(part)
  }

  /** The open segment will not be listed, or without its parts. */
  dropOpen(): void {
    this.#expireParts(this.#open?.parts)
    this.#open = undefined
  }

  /**
   * The target duration grows with a segment that is longer (RFC 8216 §4.3.3.1), and never shrinks. Segments leave
   * the list when those after them are longer than the window, but at least three target durations stay (§6.2.2).
   */
  add(segment: StoredSegment, rules: WindowRules): void {
    const parts = this.#open?.parts
    this.#open = undefined
    this.#segments.push(parts === undefined ? segment : { ...segment, parts })
    this.#total += segment.durationMillis
    const longest = Math.max(Math.ceil(rules.maxDurationMillis / 1000), Math.round(segment.durationMillis / 1000), 1)
    this.#targetDuration = Math.max(this.#targetDuration, longest)
    this.#unlistParts(segmentsWithParts)
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

  /** Files of parts that nobody asks for any more. Each is given once. */
  takeExpiredParts(): ReadonlyArray<string> {
    const gone = this.#expiredParts.filter(({ until }) => until <= this.#total)
    this.#expiredParts = this.#expiredParts.filter(({ until }) => until > this.#total)
    return gone.flatMap(({ files }) => files)
  }

  /** The same, but asked for or not, and those that are listed. */
  takeAllParts(): ReadonlyArray<string> {
    this.dropOpen()
    this.#unlistParts(0)
    const all = this.#expiredParts.flatMap(({ files }) => files)
    this.#expiredParts = []
    return all
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

  /** Of all but the newest segments. */
  #unlistParts(newest: number): void {
    for (let i = this.#segments.length - 1 - newest; i >= 0; i--) {
      const { parts, ...segment } = this.#segments[i]
      // Those before have none either, but where low latency was switched off and on.
      if (parts === undefined) continue
      this.#segments[i] = segment
      this.#expireParts(parts)
    }
  }

  #expireParts(parts: ReadonlyArray<StoredPart> = []): void {
    if (parts.length === 0) return
    const until = this.#total + partsKeptTargets * 1000 * this.#targetDuration
    this.#expiredParts.push({ files: parts.map(({ file }) => file), until })
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
