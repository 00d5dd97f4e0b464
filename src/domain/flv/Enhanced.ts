/**
 * Bodies for FLV and RTMP: from a codec's data, for inputs that are not RTMP, and Enhanced RTMP v2's multitrack and
 * ModEx forms, for peers that announced them.
 */

import { writeUint24, writeUint32 } from "../bytes/bytes.ts"
import { AudioId, FourCc, isEnhanced, VideoId } from "../codec/CodecId.ts"
import { Kind, MediaFrame } from "../media/MediaFrame.ts"
import {
  AudioPacket,
  ExAudio,
  FrameType,
  IsExHeader,
  MultitrackType,
  plainHeaderLength,
  VideoPacket
} from "./ExHeader.ts"
import { AvcPacket, hasCompositionTime, legacyAvcHeaderLength } from "./VideoBody.ts"

export interface VideoData {
  /** A `FourCc`, or a legacy `VideoId`. */
  readonly codec: number
  /** Other than 0 the body is always enhanced, as multitrack needs it. */
  readonly track?: number
  readonly keyframe?: boolean
  readonly header?: boolean
  /** Milliseconds. */
  readonly compositionOffset?: number
  readonly data: Uint8Array
}

export interface AudioData {
  /** A `FourCc`, or a legacy `AudioId`. */
  readonly codec: number
  readonly track?: number
  readonly header?: boolean
  /** Hertz and channels, for the bits of a legacy header. 44100 and 2 unless told. */
  readonly sampleRate?: number
  readonly channels?: number
  readonly data: Uint8Array
}

/** `body` with `data` behind a header of `headerLength` bytes, which the caller fills in. A copy of `data`. */
const withHeader = (headerLength: number, data: Uint8Array): Uint8Array => {
  const body = new Uint8Array(headerLength + data.length)
  body.set(data, headerLength)
  return body
}

/** H.264 on track 0 takes the legacy form, which every player knows; FourCCs otherwise the enhanced one. */
const legacyVideoId = ({ codec, track }: VideoData): number | undefined => {
  if (!isEnhanced(codec)) return codec
  return codec === FourCc.Avc && (track ?? 0) === 0 ? VideoId.Avc : undefined
}

const videoHeaderLength = (video: VideoData): number => {
  const legacy = legacyVideoId(video)
  if (legacy === undefined)
    return (
      plainHeaderLength +
      (videoPacketType(video) === VideoPacket.CodedFrames && hasCompositionTime(video.codec) ? 3 : 0)
    )
  return legacy === VideoId.Avc || legacy === VideoId.Hevc || legacy === VideoId.Av1 ? legacyAvcHeaderLength : 1
}

/** A composition time of 0 is left out where the form allows it. */
const videoPacketType = ({ codec, compositionOffset, header }: VideoData): number => {
  if (header === true) return VideoPacket.SequenceStart
  return hasCompositionTime(codec) && (compositionOffset ?? 0) === 0
    ? VideoPacket.CodedFramesX
    : VideoPacket.CodedFrames
}

/** A sequence header counts as a key frame on the wire. */
export const videoBody = (video: VideoData): Uint8Array => {
  const frameType = video.keyframe === true || video.header === true ? FrameType.Key : FrameType.Inter
  const headerLength = videoHeaderLength(video)
  const body = withHeader(headerLength, video.data)
  const legacy = legacyVideoId(video)
  if (legacy === undefined) {
    body[0] = IsExHeader | (frameType << 4) | videoPacketType(video)
    writeUint32(body, 1, video.codec)
    if (headerLength > plainHeaderLength) writeUint24(body, plainHeaderLength, video.compositionOffset ?? 0)
  } else {
    body[0] = (frameType << 4) | legacy
    if (headerLength === legacyAvcHeaderLength) {
      body[1] = video.header === true ? AvcPacket.SequenceHeader : AvcPacket.Nalu
      writeUint24(body, 2, video.header === true ? 0 : (video.compositionOffset ?? 0))
    }
  }
  return body
}

/** `published` in milliseconds. */
export const videoFrame = (video: VideoData, published: number): MediaFrame => {
  const bytes = videoBody(video)
  const header = video.header ?? false
  return new MediaFrame({
    kind: Kind.Video,
    published,
    bytes,
    start: 0,
    end: bytes.length,
    dataStart: bytes.length - video.data.length,
    track: video.track ?? 0,
    codec: legacyVideoId(video) ?? video.codec,
    compositionOffset: header ? 0 : (video.compositionOffset ?? 0),
    keyframe: !header && (video.keyframe ?? false),
    header
  })
}

/** AAC and MP3 on track 0 take the legacy form, which every player knows; FourCCs otherwise the enhanced one. */
const legacyAudioId = ({ codec, sampleRate, track }: AudioData): number | undefined => {
  if (!isEnhanced(codec)) return codec
  if ((track ?? 0) !== 0) return undefined
  if (codec === FourCc.Aac) return AudioId.Aac
  if (codec === FourCc.Mp3) return sampleRate === 8000 ? AudioId.Mp3Rate8k : AudioId.Mp3
  return undefined
}

/** SoundRate, SoundSize 16 bits, SoundType. AAC always says 44 kHz stereo; G.711 has no rate code of its own. */
const soundFlags = (soundFormat: number, sampleRate: number, channels: number): number => {
  if (soundFormat === AudioId.Aac) return 0x0f
  const rate = sampleRate >= 44_100 ? 3 : sampleRate >= 22_050 ? 2 : sampleRate >= 11_025 ? 1 : 0
  return (rate << 2) | 0x02 | (channels > 1 ? 1 : 0)
}

export const audioBody = (audio: AudioData): Uint8Array => {
  const legacy = legacyAudioId(audio)
  const header = audio.header ?? false
  if (legacy === undefined) {
    const body = withHeader(plainHeaderLength, audio.data)
    body[0] = ExAudio | (header ? AudioPacket.SequenceStart : AudioPacket.CodedFrames)
    writeUint32(body, 1, audio.codec)
    return body
  }
  const body = withHeader(legacy === AudioId.Aac ? 2 : 1, audio.data)
  body[0] = (legacy << 4) | soundFlags(legacy, audio.sampleRate ?? 44_100, audio.channels ?? 2)
  if (legacy === AudioId.Aac) body[1] = header ? 0 : 1
  return body
}

/** `published` in milliseconds. */
export const audioFrame = (audio: AudioData, published: number): MediaFrame => {
  const bytes = audioBody(audio)
  return new MediaFrame({
    kind: Kind.Audio,
    published,
    bytes,
    start: 0,
    end: bytes.length,
    dataStart: bytes.length - audio.data.length,
    track: audio.track ?? 0,
    codec: legacyAudioId(audio) ?? audio.codec,
    header: audio.header ?? false
  })
}

/** The frame as a OneTrack multitrack body, which names its track. A body without fourCC is returned as it is. */
export const wrapTrack = (frame: MediaFrame): Uint8Array => {
  const body = frame.body
  if (!isEnhanced(frame.codec) || body.length < plainHeaderLength) return body
  const wrapped = new Uint8Array(body.length + 2)
  wrapped[0] = (body[0] & 0xf0) | (frame.kind === Kind.Video ? VideoPacket.Multitrack : AudioPacket.Multitrack)
  wrapped[1] = (MultitrackType.OneTrack << 4) | (body[0] & 0x0f)
  wrapped.set(body.subarray(1, plainHeaderLength), 2)
  wrapped[6] = frame.track
  wrapped.set(body.subarray(plainHeaderLength), 7)
  return wrapped
}

/** `body`, the frame's own or `wrapTrack`'s, behind the ModEx prefix that it came with; without one, `body` itself. */
export const wrapModEx = (frame: MediaFrame, body: Uint8Array = frame.body): Uint8Array => {
  const modEx = frame.modEx
  if (modEx === undefined || body.length === 0) return body
  const wrapped = new Uint8Array(modEx.length + body.length - 1)
  wrapped.set(modEx, 0)
  // The prefix ends with the packet type that follows it, here the body's.
  const last = modEx.length - 1
  wrapped[last] = (modEx[last] & 0xf0) | (body[0] & 0x0f)
  wrapped.set(body.subarray(1), modEx.length)
  return wrapped
}
