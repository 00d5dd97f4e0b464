/** The open segment of one track: frames are held, not copied, until it ends, or until they fill a chunk of it. */
import { concat } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { fragmentLength, putFragment, TrackRun } from "../mp4/Fragment.ts"
import { prft, ReferenceTime, sidx, styp } from "../mp4/segmentBoxes.ts"
import type { Track } from "../mp4/Track.ts"

/** A whole segment of one track. */
export interface TrackSegment {
  readonly track: Track
  readonly bytes: Uint8Array
  /** Presentation of its first sample, ticks of the track. */
  readonly time: number
  /** Ticks until the next segment's first sample is presented. */
  readonly duration: number
}

export interface TrackSamplesOptions {
  readonly trackId: number
  /** Length of the chunks of the segments that begin now; 0: each is one piece. */
  readonly chunkMillis: () => number
  /** A chunk of the open segment (ISO/IEC 23000-19 §7.3.2.3), the first with `styp`. A plain call within `add` or `finish`. */
  readonly onChunk: (track: Track, bytes: Uint8Array) => void
}

/** Decoding and presentation of a sample, ticks. */
export interface SampleTime {
  readonly decode: number
  readonly present: number
}

/** Of a sample that nothing follows, where no other was seen and the codec does not tell. */
const defaultSeconds = 0.04

export class TrackSamples {
  readonly #options: TrackSamplesOptions
  readonly #run: TrackRun
  #track: Track | undefined
  #waiting: MediaFrame | undefined
  /** Milliseconds of the epoch, of the frame that waits and of the first one of the run. */
  #cameAt = 0
  #runCameAt = 0
  /** Ticks; 0 as long as the segment is one piece. */
  #chunk = 0
  #chunks: Array<Uint8Array> = []
  #chunkBytes = 0
  #chunkDuration = 0
  #time: SampleTime = { decode: 0, present: 0 }
  #duration = 0
  #first = 0
  #earliest = 0
  #sequence = 1

  constructor(options: TrackSamplesOptions) {
    this.#options = options
    this.#run = new TrackRun(options.trackId)
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined && this.#run.count === 0 && this.#chunks.length === 0
  }

  get bytes(): number {
    const waiting = this.#waiting === undefined ? 0 : this.#waiting.end - this.#waiting.dataStart
    return this.#chunkBytes + this.#run.bytes + waiting
  }

  /**
   * `duration` in ticks is what the sample lasts if the next one does not tell better; `nowMillis` of the epoch is when
   * it came.
   */
  add(frame: MediaFrame, track: Track, time: SampleTime, duration: number, nowMillis: number): void {
    if (this.isEmpty) {
      this.#track = track
      this.#first = time.present
      this.#earliest = time.present
      this.#chunk = (this.#options.chunkMillis() * track.timescale) / 1000
    }
    this.#endSample(time.decode)
    if (this.#chunk > 0 && this.#run.duration >= this.#chunk) this.#endChunk(track)
    this.#earliest = Math.min(this.#earliest, time.present)
    this.#waiting = frame
    this.#cameAt = nowMillis
    this.#time = time
    if (duration > 0) this.#duration = duration
  }

  /** The segment, which ends where `next` begins; if nothing follows, when its last sample does. */
  finish(next: SampleTime | undefined): TrackSegment | undefined {
    const track = this.#track
    if (this.isEmpty || track === undefined) return undefined
    this.#endSample(next?.decode)
    const ran = this.#chunkDuration + this.#run.duration
    const duration = next === undefined ? ran : Math.max(1, next.present - this.#first)
    const bytes = this.#chunk > 0 ? this.#endChunks(track) : this.#whole(track)
    return { track, bytes, time: this.#first, duration }
  }

  /** The sample that waits lasts until `decode`; `undefined`: as long as the one before, or as its codec says. */
  #endSample(decode: number | undefined): void {
    const frame = this.#waiting
    if (frame === undefined) return
    this.#waiting = undefined
    if (decode !== undefined && decode >= this.#time.decode) this.#duration = decode - this.#time.decode
    else if (this.#duration === 0) this.#duration = Math.round((this.#track?.timescale ?? 0) * defaultSeconds)
    if (this.#run.count === 0) this.#runCameAt = this.#cameAt
    const isSync = frame.keyframe || frame.kind === Kind.Audio
    this.#run.add(frame, this.#time.decode, this.#duration, this.#time.present - this.#time.decode, isSync)
  }

  #fragment(): Uint8Array {
    const runs = [this.#run]
    const fragment = new Uint8Array(fragmentLength(runs))
    putFragment(fragment, 0, this.#sequence++, runs)
    return fragment
  }

  #whole({ id, timescale }: Track): Uint8Array {
    const fragment = this.#fragment()
    const index = sidx({
      trackId: id,
      timescale,
      earliestPresentation: Math.max(0, this.#earliest),
      firstOffset: 0,
      references: [{ bytes: fragment.length, duration: this.#run.duration, startsWithSync: this.#run.startsWithSync }]
    })
    this.#run.clear()
    return concat([styp(true), index, fragment])
  }

  #endChunk(track: Track): void {
    if (this.#run.count === 0) return
    const reference = prft(track.id, this.#runCameAt, this.#run.baseTime, ReferenceTime.Arbitrary)
    const start = this.#chunks.length === 0 ? [styp(true), reference] : [reference]
    this.#chunkDuration += this.#run.duration
    const chunk = concat([...start, this.#fragment()])
    this.#run.clear()
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    this.#options.onChunk(track, chunk)
  }

  #endChunks(track: Track): Uint8Array {
    this.#endChunk(track)
    const bytes = concat(this.#chunks)
    this.#chunks = []
    this.#chunkBytes = 0
    this.#chunkDuration = 0
    return bytes
  }
}
