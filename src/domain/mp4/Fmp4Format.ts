/**
 * The log as fragmented MP4, for HTTP-fMP4, WebSocket-fMP4 and Media Source Extensions: a fragment for each frame, once
 * for everybody, with absolute decoding times. A viewer's own is the init segment in front of the first frame it gets,
 * unless that is the one it has.
 *
 * A stream whose headers change gets a new init segment in the shared bytes. At its very beginning frames wait until
 * both kinds of track are known, at most `maxWaitMillis`: no player takes up a track that comes later.
 */
import { concat, equals } from "../bytes/bytes.ts"
import { Encoded, type SharedEncoder, type ViewerFormat } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { type TrackOptions, trackFormats } from "../media/trackFormats.ts"
import { lengthPrefixed } from "../ts/startCodes.ts"
import { isCoded } from "./coded.ts"
import { fragmentLength, putFragment, TrackRun } from "./Fragment.ts"
import { initSegment } from "./initSegment.ts"
import { SampleClock } from "./SampleClock.ts"
import { type Track, TrackId, videoTimescale } from "./Track.ts"
import { Tracks } from "./Tracks.ts"

/** Frames wait for the other kind of track for so long, by their own times. */
export const maxWaitMillis = 500
const maxWaitingFrames = 256

/** Taken for the duration of a picture until two have been seen, and the longest that is believed. */
const defaultDuration = 3600
const maxDuration = 2 * videoTimescale

/** Where a viewer can enter: a frame's shared bytes, and the init segment that they need in front of them. */
interface Place {
  readonly bytes: Uint8Array
  readonly init: Uint8Array
  /** The bytes begin with the init segment. */
  readonly hasInit: boolean
}

type Places = WeakMap<MediaFrame, Place>

const noBytes = new Uint8Array(0)
const ticksPerMilli = videoTimescale / 1000

class Fmp4Encoder implements SharedEncoder {
  readonly #options: TrackOptions
  readonly #places: Places
  readonly #tracks = new Tracks()
  readonly #videoRun = [new TrackRun(TrackId.Video)]
  readonly #audioRun = [new TrackRun(TrackId.Audio)]
  #init: Uint8Array = noBytes
  #version = -1
  #clock: SampleClock | undefined
  #clockTrack: Track | undefined
  #sequence = 1
  #lastPicture = -1
  #pictureDuration = defaultDuration
  #keyframeSeen = false
  /** Frames from before the first init segment; undefined once that is written. */
  #waiting: Array<MediaFrame> | undefined = []

  constructor(options: TrackOptions, places: Places, headers: ReadonlyArray<MediaFrame>) {
    this.#options = options
    this.#places = places
    for (const header of headers) if (this.#isPart(header)) this.#tracks.learn(header)
  }

  encode(frame: MediaFrame, out: SlabWriter): Encoded {
    if (!this.#isPart(frame)) return Encoded.Absent
    this.#tracks.learn(frame)
    if (!isCoded(frame)) return Encoded.Absent
    if (this.#waiting !== undefined) return this.#begin(frame, this.#waiting, out)
    if (this.#trackOf(frame) === undefined) return Encoded.Absent
    this.#write([frame], out)
    return Encoded.Shared
  }

  lane(): number {
    return 0
  }

  #isPart(frame: MediaFrame): boolean {
    if (frame.track !== 0) return false
    return frame.kind === Kind.Audio ? this.#options.hasAudio : frame.kind === Kind.Video && this.#options.hasVideo
  }

  #trackOf(frame: MediaFrame): Track | undefined {
    return frame.kind === Kind.Video ? this.#tracks.video : this.#tracks.audio
  }

  #begin(frame: MediaFrame, waiting: Array<MediaFrame>, out: SlabWriter): Encoded {
    waiting.push(frame)
    const { hasAudio, hasVideo } = this.#options
    const { audio, video } = this.#tracks
    const known = (audio !== undefined || !hasAudio) && (video !== undefined || !hasVideo)
    const waited = this.#time(frame) - this.#time(waiting[0])
    if (!known && waited < maxWaitMillis && waiting.length < maxWaitingFrames) return Encoded.Absent
    const playable = waiting.filter((other) => this.#trackOf(other) !== undefined)
    if (playable.length === 0) {
      if (waiting.length >= maxWaitingFrames) waiting.length = 0
      return Encoded.Absent
    }
    this.#waiting = undefined
    this.#write(playable, out, frame)
    return Encoded.Shared
  }

  #time(frame: MediaFrame): number {
    return this.#options.published ? frame.published : frame.timestamp
  }

  /** Writes frames in one slab, behind the init segment if that has changed. `place` is where viewers enter. */
  #write(frames: ReadonlyArray<MediaFrame>, out: SlabWriter, place: MediaFrame = frames[0]): void {
    const hasInit = this.#version !== this.#tracks.version
    if (hasInit) {
      this.#version = this.#tracks.version
      this.#init = initSegment(this.#tracks.all)
    }
    let length = hasInit ? this.#init.length : 0
    for (const frame of frames) length += fragmentLength(this.#fill(frame, 0, 0, 0))
    const slab = out.reserve(length)
    let at = slab.used
    if (hasInit) {
      slab.bytes.set(this.#init, at)
      at += this.#init.length
    }
    for (const frame of frames) at = this.#put(frame, slab.bytes, at)
    const bytes = slab.bytes
    const start = slab.used
    out.commit(slab, length)
    this.#keyframeSeen ||= place.keyframe
    // Between keyframes nobody enters, once there have been any.
    if (place.keyframe || !this.#keyframeSeen) {
      this.#places.set(place, { bytes: bytes.subarray(start, at), init: this.#init, hasInit })
    }
  }

  #put(frame: MediaFrame, target: Uint8Array, at: number): number {
    const millis = this.#time(frame)
    if (frame.kind === Kind.Audio) {
      const track = this.#tracks.audio
      const duration = track?.duration(frame) ?? 0
      const time = this.#audioClock(track).at(millis, duration)
      return putFragment(target, at, this.#sequence++, this.#fill(frame, time, duration, 0))
    }
    const time = millis * ticksPerMilli
    const step = time - this.#lastPicture
    if (this.#lastPicture >= 0 && step > 0 && step <= maxDuration) this.#pictureDuration = step
    this.#lastPicture = time
    const offset = frame.compositionOffset * ticksPerMilli
    return putFragment(target, at, this.#sequence++, this.#fill(frame, time, this.#pictureDuration, offset))
  }

  #audioClock(track: Track | undefined): SampleClock {
    if (this.#clock === undefined || this.#clockTrack !== track) {
      this.#clockTrack = track
      this.#clock = new SampleClock(track?.timescale ?? videoTimescale)
    }
    return this.#clock
  }

  /** The run of the frame's track with nothing else in it. */
  #fill(frame: MediaFrame, time: number, duration: number, compositionOffset: number): ReadonlyArray<TrackRun> {
    const isAudio = frame.kind === Kind.Audio
    const runs = isAudio ? this.#audioRun : this.#videoRun
    runs[0].clear()
    runs[0].add(isAudio ? frame : lengthPrefixed(frame), time, duration, compositionOffset, isAudio || frame.keyframe)
    return runs
  }
}

class Fmp4Viewer implements ViewerFormat {
  readonly #places: Places
  #init: Uint8Array = noBytes

  constructor(places: Places) {
    this.#places = places
  }

  /** What stands before the first frame depends on that frame, so `own` writes it. */
  enter(): Uint8Array {
    return noBytes
  }

  own(frame: MediaFrame): Uint8Array {
    const place = this.#places.get(frame)
    if (place === undefined) return noBytes
    const { bytes, hasInit, init } = place
    const known = equals(init, this.#init)
    this.#init = init
    return hasInit || known ? bytes : concat([init, bytes])
  }
}

/** The formats of HTTP-fMP4: one call of this for all viewers of a server. */
export const fmp4Formats = () =>
  trackFormats<Place>(
    "fmp4",
    (options, places, headers) => new Fmp4Encoder(options, places, headers),
    (places) => new Fmp4Viewer(places)
  )
