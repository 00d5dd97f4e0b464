/** Segments of fragmented MP4: `styp`, then a fragment for each part, whose times are absolute. Frames are held, not copied, until then. */
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded } from "../mp4/coded.ts"
import { fragmentLength, putFragment, TrackRun } from "../mp4/Fragment.ts"
import { initSegment } from "../mp4/initSegment.ts"
import { SampleClock } from "../mp4/SampleClock.ts"
import { styp } from "../mp4/segmentBoxes.ts"
import { type Track, TrackId, videoTimescale } from "../mp4/Track.ts"
import { Tracks } from "../mp4/Tracks.ts"
import type { SegmentContainer } from "./SegmentContainer.ts"

const ticksPerMilli = videoTimescale / 1000
const noBytes = new Uint8Array(0)

/** One track: a sample waits until the next one, or the end, tells how long it lasts. */
class Samples {
  readonly run: TrackRun
  #waiting: MediaFrame | undefined
  #time = 0
  #duration = 0

  constructor(trackId: number) {
    this.run = new TrackRun(trackId)
  }

  get bytes(): number {
    return this.run.bytes + (this.#waiting === undefined ? 0 : this.#waiting.end - this.#waiting.dataStart)
  }

  /** Times in ticks; `duration` is what it lasts if nothing tells better. */
  add(frame: MediaFrame, time: number, duration: number): void {
    this.end(time)
    this.#waiting = frame
    this.#time = time
    if (duration > 0) this.#duration = duration
  }

  /** The sample that waits lasts until `time`; `undefined`: as long as the one before. */
  end(time: number | undefined): void {
    const frame = this.#waiting
    if (frame === undefined) return
    this.#waiting = undefined
    if (time !== undefined && time >= this.#time) this.#duration = time - this.#time
    const isPicture = frame.kind === Kind.Video
    const offset = isPicture ? frame.compositionOffset * ticksPerMilli : 0
    this.run.add(frame, this.#time, this.#duration, offset, !isPicture || frame.keyframe)
  }
}

export class Fmp4Container implements SegmentContainer {
  readonly extension = ".m4s"
  readonly #published: boolean
  readonly tracks = new Tracks()
  readonly #video = new Samples(TrackId.Video)
  readonly #audio = new Samples(TrackId.Audio)
  readonly #runs = [this.#video.run, this.#audio.run]
  #clock = new SampleClock(videoTimescale)
  #clockTrack: Track | undefined
  #sequence = 1
  /** The tracks that `#init` describes, and their version. */
  #described: ReadonlyArray<Track> = []
  #version = 0
  #init: Uint8Array = noBytes
  /** Of the open segment, cut already. */
  #cutBytes = 0

  /** `published`: times as published instead of repaired. */
  constructor(published: boolean) {
    this.#published = published
  }

  get length(): number {
    return this.#cutBytes + this.#video.bytes + this.#audio.bytes
  }

  get init(): Uint8Array {
    return this.#init
  }

  learn(header: MediaFrame): boolean {
    this.tracks.learn(header)
    const before = this.#described
    if (before.length === 0) return false
    return !this.#describe() || !before.every((track) => this.#described.includes(track))
  }

  write(frame: MediaFrame): boolean {
    if (!isCoded(frame)) return false
    this.tracks.learn(frame)
    this.#describe()
    const track = frame.kind === Kind.Video ? this.tracks.video : this.tracks.audio
    // A track that comes too late is in the next segment, with an init segment of its own.
    if (track === undefined || !this.#described.includes(track)) return false
    const millis = this.#published ? frame.published : frame.timestamp
    if (frame.kind === Kind.Video) this.#video.add(frame, millis * ticksPerMilli, 0)
    else this.#writeAudio(frame, track, millis)
    return true
  }

  cut(endMillis: number): Uint8Array {
    this.#video.end(endMillis * ticksPerMilli)
    this.#audio.end(undefined)
    if (this.#runs.every(({ count }) => count === 0)) return noBytes
    const head = this.#cutBytes === 0 ? styp(false) : noBytes
    const bytes = new Uint8Array(head.length + fragmentLength(this.#runs))
    bytes.set(head)
    putFragment(bytes, head.length, this.#sequence++, this.#runs)
    for (const run of this.#runs) run.clear()
    this.#cutBytes += bytes.length
    return bytes
  }

  finish(endMillis: number): Uint8Array {
    const bytes = this.cut(endMillis)
    this.#cutBytes = 0
    return bytes
  }

  /**
   * Lets the init segment be that of all tracks; false if the open segment cannot have it: a part was given with another
   * one, or a track has changed. A track that merely comes later than the other is welcome until then.
   */
  #describe(): boolean {
    if (this.tracks.version === this.#version) return true
    const { all } = this.tracks
    const isAddition = this.#cutBytes === 0 && this.#described.every((track) => all.includes(track))
    if (this.length > 0 && !isAddition) return false
    this.#version = this.tracks.version
    this.#described = all
    this.#init = initSegment(all)
    return true
  }

  #writeAudio(frame: MediaFrame, track: Track, millis: number): void {
    if (this.#clockTrack !== track) {
      this.#clockTrack = track
      this.#clock = new SampleClock(track.timescale)
    }
    const duration = track.duration(frame)
    this.#audio.add(frame, this.#clock.at(millis, duration), duration)
  }
}
