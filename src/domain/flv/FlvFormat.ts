/**
 * The log as an FLV stream (FLV 10.1 §E): absolute times, so every viewer shares every byte. A viewer of its own has
 * only the file header and the codec headers in force where it enters. Multitrack streams give their default track.
 */
import { concat, equals } from "../bytes/bytes.ts"
import { Encoded, type Format, type Join, type SharedEncoder, type ViewerFormat } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import {
  flvHeader,
  maxTagBodyLength,
  tagHeaderLength,
  tagLength,
  writePreviousTagSize,
  writeTagHeader
} from "./FlvTag.ts"

export interface FlvOptions {
  /** Announce what the stream is known to carry. Else `hasAudio` and `hasVideo` are announced as they are. */
  readonly guess: boolean
  readonly hasAudio: boolean
  readonly hasVideo: boolean
  /** Without guessing: leave out the tags of a kind that is not announced. */
  readonly dropUnannounced: boolean
  /** Times as published instead of repaired. */
  readonly published: boolean
  /** Do not repeat a codec header that has not changed. */
  readonly reduceHeaders: boolean
}

const noBytes = new Uint8Array(0)
const audioHint = new TextEncoder().encode("\0\x0caudiocodecid")
const videoHint = new TextEncoder().encode("\0\x0cvideocodecid")

/** The high byte is written in full: after 2^31 ms, players that read 32 bits go on, others break either way. */
const writeTag = (target: Uint8Array, at: number, frame: MediaFrame, timestamp: number): void => {
  writeTagHeader(target, at, frame.kind, frame.length, timestamp)
  target[at + 7] = timestamp >>> 24
  target.set(frame.body, at + tagHeaderLength)
  writePreviousTagSize(target, at + tagHeaderLength + frame.length, frame.length)
}

const tag = (frame: MediaFrame, timestamp: number): Uint8Array => {
  const bytes = new Uint8Array(tagLength(frame.length))
  writeTag(bytes, 0, frame, frame.kind === Kind.Data ? 0 : wireTime(timestamp))
  return bytes
}

/** Milliseconds modulo 2^32. */
const wireTime = (timestamp: number): number => timestamp >>> 0

const includes = (bytes: Uint8Array, pattern: Uint8Array): boolean => {
  for (let at = 0; at + pattern.length <= bytes.length; at++) {
    let i = 0
    while (i < pattern.length && bytes[at + i] === pattern[i]) i++
    if (i === pattern.length) return true
  }
  return false
}

/** Metadata names a codec of this kind: the way to know of a track whose first frame is still to come. */
const announced = (join: Join, hint: Uint8Array): boolean =>
  join.headers.some((frame) => frame.kind === Kind.Data && includes(frame.body, hint))

/** Never from whatever frames happen to come first: sound that starts late would be denied. */
const fileHeader = (options: FlvOptions, join: Join): Uint8Array => {
  if (!options.guess) return flvHeader(options.hasAudio, options.hasVideo)
  const audio = join.hasAudio || announced(join, audioHint)
  const video = join.hasVideo || announced(join, videoHint)
  return audio || video ? flvHeader(audio, video) : flvHeader(options.hasAudio, options.hasVideo)
}

class FlvEncoder implements SharedEncoder {
  readonly #options: FlvOptions

  constructor(options: FlvOptions) {
    this.#options = options
  }

  encode(frame: MediaFrame, out: SlabWriter): Encoded {
    if (!isPart(this.#options, frame)) return Encoded.Absent
    if (frame.header && this.#options.reduceHeaders && frame.kind !== Kind.Data) return Encoded.Own
    const length = tagLength(frame.length)
    const slab = out.reserve(length)
    const timestamp = this.#options.published ? frame.published : frame.timestamp
    writeTag(slab.bytes, slab.used, frame, frame.kind === Kind.Data ? 0 : wireTime(timestamp))
    out.commit(slab, length)
    return Encoded.Shared
  }

  lane(): number {
    return 0
  }
}

const isPart = (options: FlvOptions, frame: MediaFrame): boolean => {
  // A longer body, which only other protocols can bring, has no FLV tag.
  if (frame.track !== 0 || frame.length > maxTagBodyLength) return false
  if (options.guess || !options.dropUnannounced) return true
  return frame.kind === Kind.Audio ? options.hasAudio : frame.kind !== Kind.Video || options.hasVideo
}

class FlvViewer implements ViewerFormat {
  readonly #options: FlvOptions
  #entered = false
  /** The header that this viewer has, by kind. */
  readonly #headers = new Map<Kind, MediaFrame>()

  constructor(options: FlvOptions) {
    this.#options = options
  }

  enter(join: Join): Uint8Array {
    const parts: Array<Uint8Array> = this.#entered ? [] : [fileHeader(this.#options, join)]
    this.#entered = true
    const shift = this.#options.published ? join.published - join.timestamp : 0
    for (const frame of join.headers) {
      const timestamp = shift + (frame.kind === Kind.Audio ? join.earliestAudio : join.earliestVideo)
      if (isPart(this.#options, frame) && !this.#repeats(frame)) parts.push(tag(frame, Math.max(0, timestamp)))
    }
    return concat(parts)
  }

  own(frame: MediaFrame): Uint8Array {
    return this.#repeats(frame) ? noBytes : tag(frame, this.#options.published ? frame.published : frame.timestamp)
  }

  #repeats(frame: MediaFrame): boolean {
    if (!this.#options.reduceHeaders || frame.kind === Kind.Data) return false
    const before = this.#headers.get(frame.kind)
    this.#headers.set(frame.kind, frame)
    return before !== undefined && (before === frame || equals(before.body, frame.body))
  }
}

export const flvFormat = (options: FlvOptions): Format => {
  const { dropUnannounced, guess, hasAudio, hasVideo, published, reduceHeaders } = options
  const drops = dropUnannounced && !guess
  const kinds = `${!drops || hasAudio ? "a" : ""}${!drops || hasVideo ? "v" : ""}`
  return {
    key: `flv:${kinds}:${published ? "published" : "repaired"}:${reduceHeaders ? "reduced" : "all"}`,
    lanes: 0,
    encoder: () => new FlvEncoder(options),
    viewer: () => new FlvViewer(options)
  }
}
