/** The open segment of one track: frames are held, not copied, until it ends. */
import { concat } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { fragmentLength, putFragment, TrackRun } from "../mp4/Fragment.ts"
import { sidx, styp } from "../mp4/segmentBoxes.ts"
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

/** Decoding and presentation of a sample, ticks. */
export interface SampleTime {
  readonly decode: number
  readonly present: number
}

/** Of a sample that nothing follows, where no other was seen and the codec does not tell. */
const defaultSeconds = 0.04

export class TrackSamples {
  readonly #run: TrackRun
  #track: Track | undefined
  #waiting: MediaFrame | undefined
  #time: SampleTime = { decode: 0, present: 0 }
  #duration = 0
  #first = 0
  #earliest = 0
  #sequence = 1

  constructor(trackId: number) {
    this.#run = new TrackRun(trackId)
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined && this.#run.count === 0
  }

  get bytes(): number {
    return this.#run.bytes + (this.#waiting === undefined ? 0 : this.#waiting.end - this.#waiting.dataStart)
  }

  /** `duration` in ticks is what the sample lasts if the next one does not tell better. */
  add(frame: MediaFrame, track: Track, time: SampleTime, duration: number): void {
    if (this.isEmpty) {
      this.#track = track
      this.#first = time.present
      this.#earliest = time.present
    }
    this.#endSample(time.decode)
    this.#earliest = Math.min(this.#earliest, time.present)
    this.#waiting = frame
    this.#time = time
    if (duration > 0) this.#duration = duration
  }

  /** The segment, which ends where `next` begins; if nothing follows, when its last sample does. */
  finish(next: SampleTime | undefined): TrackSegment | undefined {
    const track = this.#track
    if (this.isEmpty || track === undefined) return undefined
    this.#endSample(next?.decode)
    const duration = next === undefined ? this.#run.duration : Math.max(1, next.present - this.#first)
    const bytes = this.#bytes(track)
    this.#run.clear()
    return { track, bytes, time: this.#first, duration }
  }

  /** The sample that waits lasts until `decode`; `undefined`: as long as the one before, or as its codec says. */
  #endSample(decode: number | undefined): void {
    const frame = this.#waiting
    if (frame === undefined) return
    this.#waiting = undefined
    if (decode !== undefined && decode >= this.#time.decode) this.#duration = decode - this.#time.decode
    else if (this.#duration === 0) this.#duration = Math.round((this.#track?.timescale ?? 0) * defaultSeconds)
    const isSync = frame.keyframe || frame.kind === Kind.Audio
    this.#run.add(frame, this.#time.decode, this.#duration, this.#time.present - this.#time.decode, isSync)
  }

  #bytes({ id, timescale }: Track): Uint8Array {
    const runs = [this.#run]
    const fragment = new Uint8Array(fragmentLength(runs))
    putFragment(fragment, 0, this.#sequence++, runs)
    const index = sidx({
      trackId: id,
      timescale,
      earliestPresentation: Math.max(0, this.#earliest),
      firstOffset: 0,
      references: [{ bytes: fragment.length, duration: this.#run.duration, startsWithSync: this.#run.startsWithSync }]
    })
    return concat([styp(true), index, fragment])
  }
}
