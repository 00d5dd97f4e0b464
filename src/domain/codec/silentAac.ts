/** Silent sound for streams that have none, as lal makes it: AAC-LC, 48 kHz, stereo. */

import { Kind, MediaFrame } from "../media/MediaFrame.ts"
import { AudioId } from "./CodecId.ts"

/** Body of an audio message: AudioSpecificConfig. */
export const silentAacHeader: Uint8Array = Uint8Array.of(0xaf, 0x00, 0x11, 0x90)

/** Body of an audio message: one frame of 1024 samples. */
export const silentAacFrame: Uint8Array = Uint8Array.of(0xaf, 0x01, 0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c)

/** Video time without sound after which silence begins, milliseconds. */
export const defaultWaitMillis = 150

/** A longer gap in the video's time is not filled: silence goes on behind it. */
export const maxGapMillis = 1000

const aacFrame = (body: Uint8Array, published: number, header: boolean): MediaFrame =>
  new MediaFrame({
    kind: Kind.Audio,
    published,
    bytes: body,
    start: 0,
    end: body.length,
    dataStart: 2,
    codec: AudioId.Aac,
    header
  })

/**
 * Decides for one publisher whether sound is made up, once and for good: audio that comes before is the stream's own
 * and nothing is made up; audio that comes afterwards is to be dropped.
 */
export class SilentAudio {
  readonly #waitMillis: number
  #ownAudio = false
  #firstVideo: number | undefined
  /** Milliseconds of frame 0 of the current run; undefined before silence has begun. */
  #base: number | undefined
  #count = 0

  constructor(waitMillis = defaultWaitMillis) {
    this.#waitMillis = waitMillis
  }

  /** Tells that the publisher sent audio. True if it is the stream's own, false if silence has taken its place. */
  acceptsAudio(): boolean {
    if (this.#base === undefined) this.#ownAudio = true
    return this.#ownAudio
  }

  /** Emits the silence due before a video frame of this time, in milliseconds: every 21, 21 and 22 of them a frame. */
  framesUntil(timestamp: number, emit: (frame: MediaFrame) => void): void {
    if (this.#ownAudio) return
    this.#firstVideo ??= timestamp
    if (this.#base === undefined) {
      // A clock that restarted below the first video starts the wait anew.
      if (timestamp < this.#firstVideo) this.#firstVideo = timestamp
      if (timestamp - this.#firstVideo < this.#waitMillis) return
      this.#restart(timestamp)
      emit(aacFrame(silentAacHeader, timestamp, true))
    }
    if (Math.abs(timestamp - this.#next()) > maxGapMillis) this.#restart(timestamp)
    for (let next = this.#next(); next <= timestamp; next = this.#next()) {
      emit(aacFrame(silentAacFrame, next, false))
      this.#count++
    }
  }

  #restart(timestamp: number): void {
    this.#base = timestamp
    this.#count = 0
  }

  /** 1024 samples at 48 kHz are 64/3 milliseconds. */
  #next(): number {
    return (this.#base ?? 0) + Math.floor((this.#count * 64) / 3)
  }
}
