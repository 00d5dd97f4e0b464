/**
 * Frames of one stream in, segments of its tracks out. All tracks are cut together: at a keyframe, or if there are no
 * pictures, at a frame of sound. What does not follow what was before begins a new period.
 */
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import { SampleClock } from "../mp4/SampleClock.ts"
import { type Track, TrackId, videoTimescale } from "../mp4/Track.ts"
import { Tracks } from "../mp4/Tracks.ts"
import { type SampleTime, type TrackSegment, TrackSamples } from "./TrackSamples.ts"

/** One publish, or what of it has the same codecs. Its identity is the object. */
export interface DashPeriod {
  /** When its first frame came, milliseconds of the epoch. */
  readonly startedAt: number
  /** Time of that frame, milliseconds. */
  readonly mediaStart: number
}

/** What became ready together. */
export interface Cut {
  readonly period: DashPeriod
  /** Of pictures, then of sound; never empty. */
  readonly segments: ReadonlyArray<TrackSegment>
}

/** A piece of a segment that is not whole yet. */
export interface Chunk {
  readonly period: DashPeriod
  readonly track: Track
  readonly bytes: Uint8Array
}

export interface DashSegmenterOptions {
  readonly fragmentMillis: () => number
  /** Length of the chunks of a segment; 0: each is one piece, and there is no `onChunk`. */
  readonly chunkMillis: () => number
  /** Times as published instead of repaired. */
  readonly published: boolean
  /** Plain calls within `push` or `end`. The cut of a segment follows its last chunk. */
  readonly onChunk: (chunk: Chunk) => void
  readonly onCut: (cut: Cut) => void
}

/** No segment is shorter, whatever the settings say. */
export const minFragmentMillis = 200
/** Sound does not wait longer for a keyframe than so many fragments. */
export const maxSoundFragments = 3
/** A segment that grows beyond this ends at once: a stream without keyframe must not fill the memory. */
export const maxSegmentBytes = 64 * 1024 * 1024
/** A step of the times that is longer than this and than a fragment is no part of any segment. */
export const maxGapMillis = 5000
/** Sound and pictures that belong together may be this far apart. */
const maxStepBackMillis = 1000

const ticksPerMilli = videoTimescale / 1000

export class DashSegmenter {
  readonly #options: DashSegmenterOptions
  readonly #tracks = new Tracks()
  readonly #video: TrackSamples
  readonly #audio: TrackSamples
  #clock = new SampleClock(videoTimescale)
  #clockTrack: Track | undefined
  #period: DashPeriod | undefined
  /** The period has segments: no further track can join it. */
  #wasCut = false
  #open = false
  #start = 0
  #last = 0
  #awaitsKeyframe = true

  constructor(options: DashSegmenterOptions) {
    this.#options = options
    const { chunkMillis, onChunk } = options
    const samplesOf = (trackId: number) =>
      new TrackSamples({
        trackId,
        chunkMillis,
        onChunk: (track, bytes) => {
          if (this.#period !== undefined) onChunk({ period: this.#period, track, bytes })
        }
      })
    this.#video = samplesOf(TrackId.Video)
    this.#audio = samplesOf(TrackId.Audio)
  }

  /** `nowMillis` of the epoch. */
  push(frame: MediaFrame, nowMillis: number): void {
    if (frame.track !== 0 || frame.kind === Kind.Data) return
    if (frame.header) {
      if (isConfiguration(frame)) this.#learn(frame)
      return
    }
    if (!isCoded(frame)) return
    const isPicture = frame.kind === Kind.Video
    // Nobody can decode pictures from before the first keyframe.
    if (isPicture && this.#awaitsKeyframe && !frame.keyframe) return
    const millis = this.#options.published ? frame.published : frame.timestamp
    if (this.#open && this.#isApart(millis)) this.end()
    this.#learn(frame)
    const track = isPicture ? this.#tracks.video : this.#tracks.audio
    // Its header has changed: pictures begin again with a keyframe.
    if (track === undefined || (isPicture && this.#awaitsKeyframe && !frame.keyframe)) return
    const time = isPicture ? pictureTime(frame, millis) : undefined
    if (this.#open) this.#cutBefore(frame, millis, time)
    this.#begin(millis, nowMillis)
    if (time === undefined) this.#addSound(frame, track, millis, nowMillis)
    else this.#video.add(frame, track, time, 0, nowMillis)
    if (isPicture) this.#awaitsKeyframe = false
  }

  /** What comes next, if anything, does not follow. */
  end(): void {
    this.#cut(this.#video.finish(undefined), this.#audio.finish(undefined))
    this.#period = undefined
    this.#wasCut = false
    this.#awaitsKeyframe = true
    this.#clockTrack = undefined
  }

  #isApart(millis: number): boolean {
    const gap = Math.max(maxGapMillis, this.#options.fragmentMillis())
    return millis - this.#last > gap || millis < this.#start - maxStepBackMillis
  }

  /** Headers, and frames of codecs without. The period ends with what it cannot contain. */
  #learn(frame: MediaFrame): void {
    const { version } = this.#tracks
    this.#tracks.learn(frame)
    if (version === this.#tracks.version || this.#period === undefined) return
    const samples = frame.kind === Kind.Video ? this.#video : this.#audio
    if (this.#wasCut || !samples.isEmpty) this.end()
  }

  #cutBefore(frame: MediaFrame, millis: number, time: SampleTime | undefined): void {
    const duration = millis - this.#start
    const fragment = Math.max(minFragmentMillis, this.#options.fragmentMillis())
    const tooLarge = this.#video.bytes + this.#audio.bytes > maxSegmentBytes
    if (time !== undefined) {
      if (tooLarge || (frame.keyframe && duration >= fragment)) {
        this.#cut(this.#video.finish(time), this.#audio.finish(undefined))
      }
    } else if (this.#video.isEmpty && this.#tracks.video === undefined) {
      if (tooLarge || duration >= fragment) this.#cut(undefined, this.#audio.finish(undefined))
    } else if (tooLarge || duration >= maxSoundFragments * fragment) {
      this.#cut(undefined, this.#audio.finish(undefined))
    }
  }

  #begin(millis: number, nowMillis: number): void {
    this.#period ??= { startedAt: nowMillis, mediaStart: millis }
    if (!this.#open) {
      this.#open = true
      this.#start = millis
      this.#last = millis
    }
    if (millis > this.#last) this.#last = millis
  }

  #addSound(frame: MediaFrame, track: Track, millis: number, nowMillis: number): void {
    if (this.#clockTrack !== track) {
      this.#clockTrack = track
      this.#clock = new SampleClock(track.timescale)
    }
    const duration = track.duration(frame)
    const time = this.#clock.at(millis, duration)
    this.#audio.add(frame, track, { decode: time, present: time }, duration, nowMillis)
  }

  #cut(...finished: ReadonlyArray<TrackSegment | undefined>): void {
    this.#open = false
    const segments = finished.filter((segment) => segment !== undefined)
    const period = this.#period
    if (period === undefined || segments.length === 0) return
    this.#wasCut = true
    this.#options.onCut({ period, segments })
  }
}

const pictureTime = ({ compositionOffset }: MediaFrame, millis: number): SampleTime => ({
  decode: millis * ticksPerMilli,
  present: (millis + compositionOffset) * ticksPerMilli
})
