/** The tracks of a stream, learned from its headers and frames: one of pictures and one of sound. */

import { equals } from "../bytes/bytes.ts"
import { FourCc } from "../codec/CodecId.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded, isConfiguration } from "./coded.ts"
import { audioTrack, type Track, videoTrack } from "./Track.ts"

export class Tracks {
  #video: Track | undefined
  #audio: Track | undefined
  /** A header of VP9, which waits for a keyframe to tell the size of its pictures. */
  #sizeless: MediaFrame | undefined
  #audioCodec = -1
  #version = 0

  get video(): Track | undefined {
    return this.#video
  }

  get audio(): Track | undefined {
    return this.#audio
  }

  get all(): ReadonlyArray<Track> {
    return [this.#video, this.#audio].filter((track) => track !== undefined)
  }

  /** Grows when a track comes or its sample entry changes: another init segment is needed. */
  get version(): number {
    return this.#version
  }

  /** Looks at a frame or header of the default track. A header that cannot be read changes nothing. */
  learn(frame: MediaFrame): void {
    if (frame.track !== 0) return
    if (frame.kind === Kind.Video) this.#learnVideo(frame)
    else if (frame.kind === Kind.Audio) this.#learnAudio(frame)
  }

  #learnVideo(frame: MediaFrame): void {
    if (isConfiguration(frame)) {
      const isSizeless = frame.codec === FourCc.Vp9
      this.#sizeless = isSizeless ? frame : undefined
      if (!isSizeless) this.#useVideo(videoTrack(frame))
    } else if (this.#sizeless !== undefined && frame.keyframe) {
      this.#useVideo(videoTrack(this.#sizeless, frame))
    }
  }

  #learnAudio(frame: MediaFrame): void {
    const isNew = frame.codec !== this.#audioCodec
    if (!isConfiguration(frame) && !(isNew && isCoded(frame))) return
    const track = audioTrack(frame)
    if (track === undefined) return
    this.#audioCodec = frame.codec
    if (isSame(track, this.#audio)) return
    this.#audio = track
    this.#version++
  }

  #useVideo(track: Track | undefined): void {
    if (track === undefined || isSame(track, this.#video)) return
    this.#video = track
    this.#version++
  }
}

const isSame = (a: Track, b: Track | undefined): boolean => b !== undefined && equals(a.sampleEntry, b.sampleEntry)
