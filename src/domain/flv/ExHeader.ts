/**
 * The header of Enhanced RTMP v2 (§ExAudioTagHeader, §ExVideoTagHeader): constants, and the parts that audio and video
 * share: the ModEx prefix and the split of a multitrack message into one body per track.
 *
 *     video: 1 fff pppp                    audio: 1001 pppp
 *     [size−1, data, type:4 next:4]*       ModEx, while the packet type is 7
 *     [type:4 packet type:4]               Multitrack: 6 for video, 5 for audio
 *     fourCC                               not for ManyTracksManyCodecs
 *     ([fourCC] track [size:24] data)+     or just the data of a single track
 */

import * as Data from "effect/Data"
import { readUint16, readUint24, readUint32, writeUint32 } from "../bytes/bytes.ts"

/** Bit 7 of a video tag's first byte. */
export const IsExHeader = 0x80

/** SoundFormat 9 in the high nibble of an audio tag's first byte. */
export const ExAudio = 0x90

export const FrameType = { Key: 1, Inter: 2, Disposable: 3, GeneratedKey: 4, Command: 5 } as const

export const VideoPacket = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  CodedFramesX: 3,
  Metadata: 4,
  Mpeg2TsSequenceStart: 5,
  Multitrack: 6,
  ModEx: 7
} as const

export const AudioPacket = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  MultichannelConfig: 4,
  Multitrack: 5,
  ModEx: 7
} as const

export const MultitrackType = { OneTrack: 0, ManyTracks: 1, ManyTracksManyCodecs: 2 } as const

/** The packet type of ModEx, in audio and video. */
const modExPacket = 7

/** First byte and fourCC: what a plain body has in front of its data. */
export const plainHeaderLength = 5

/** A track id has 8 bits, so no honest message holds more. */
export const maxTracksPerMessage = 256

/** A message body, or a track of it, that names no codec or ends inside its header. Ends the publisher's session. */
export class MalformedTag extends Data.TaggedError("MalformedTag")<{
  readonly kind: "audio" | "video"
  readonly reason: string
  readonly length: number
}> {
  override get message() {
    return `${this.kind} message of ${this.length} bytes: ${this.reason}`
  }
}

/**
 * Where the byte is whose low nibble holds the packet type behind the ModEx prefix, or −1 for a prefix that has no end.
 * Every ModEx type is skipped by its size. Without a prefix that is `start`.
 */
export const modExEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start
  while ((bytes[at] & 0x0f) === modExPacket) {
    at++
    if (at >= end) return -1
    let size = bytes[at++] + 1
    if (size === 256) {
      if (at + 2 > end) return -1
      size = readUint16(bytes, at) + 1
      at += 2
    }
    at += size
    if (at >= end) return -1
  }
  return at
}

/** A plain body: one track, neither multitrack nor ModEx. A copy of `data`. */
export const plainBody = (first: number, fourCc: number, data: Uint8Array): Uint8Array => {
  const body = new Uint8Array(plainHeaderLength + data.length)
  body[0] = first
  writeUint32(body, 1, fourCc)
  body.set(data, plainHeaderLength)
  return body
}

/**
 * Calls `onTrack` with a plain body per track. `at` is the byte with the multitrack type; `firstBits` is what the first
 * byte of each body holds besides the packet type. Returns why the message is malformed; the tracks before that place
 * have been told.
 */
export const splitTracks = (
  firstBits: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  multitrackPacket: number,
  onTrack: (track: number, body: Uint8Array) => void
): string | undefined => {
  if (at >= end) return "no multitrack header"
  const type = bytes[at] >>> 4
  const packetType = bytes[at++] & 0x0f
  if (packetType === multitrackPacket || packetType === modExPacket) return `packet type ${packetType} of a track`
  if (type > MultitrackType.ManyTracksManyCodecs) return `reserved multitrack type ${type}`
  let fourCc = 0
  if (type !== MultitrackType.ManyTracksManyCodecs) {
    if (at + 4 > end) return "no fourCC"
    fourCc = readUint32(bytes, at)
    at += 4
  }
  const trackHeader = type === MultitrackType.OneTrack ? 1 : type === MultitrackType.ManyTracks ? 4 : 8
  for (let count = 0; at < end || count === 0; count++) {
    if (count === maxTracksPerMessage) return "too many tracks"
    if (at + trackHeader > end) return "truncated track header"
    const dataAt = at + trackHeader
    if (type === MultitrackType.ManyTracksManyCodecs) fourCc = readUint32(bytes, at)
    const track = bytes[at + (type === MultitrackType.ManyTracksManyCodecs ? 4 : 0)]
    const size = type === MultitrackType.OneTrack ? end - dataAt : readUint24(bytes, dataAt - 3)
    if (dataAt + size > end) return "track longer than its message"
    onTrack(track, plainBody(firstBits | packetType, fourCc, bytes.subarray(dataAt, dataAt + size)))
    at = dataAt + size
  }
  return undefined
}
