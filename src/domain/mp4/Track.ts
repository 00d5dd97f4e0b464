/** A track of an MP4 file or stream: made from the header of its codec, or from a frame where there is none. */

import * as Result from "effect/Result"
import { aacCodecs, decodeAudioSpecificConfig } from "../codec/AudioSpecificConfig.ts"
import { av1Codecs, decodeAv1Config } from "../codec/Av1Config.ts"
import { avcCodecs, decodeAvcConfig } from "../codec/AvcConfig.ts"
import { AudioId, FourCc, VideoId } from "../codec/CodecId.ts"
import { decodeHevcConfig, hevcCodecs } from "../codec/HevcConfig.ts"
import { decodeOpusHead, defaultOpusHead, opusCodecs } from "../codec/OpusHead.ts"
import type { PictureSize } from "../codec/picture.ts"
import { decodeVpcConfig, vpcCodecs } from "../codec/VpcConfig.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { readMpegAudioHeader } from "../ts/MpegAudio.ts"
import { opusSamples } from "../ts/opusDuration.ts"
import { box, fullBox } from "./box.ts"
import { audioEntry, dfLa, dOps, esds, flacSamples, ObjectType, readFlacInfo, visualEntry } from "./sampleEntry.ts"
import { vp9PictureSize } from "./vp9.ts"

/** Track ids, the same in every stream of this server. */
export const TrackId = { Video: 1, Audio: 2 } as const

/** Ticks in a second of pictures. Sound counts its samples. */
export const videoTimescale = 90_000

export interface Track {
  readonly id: number
  readonly kind: typeof Kind.Audio | typeof Kind.Video
  readonly timescale: number
  /** CODECS parameter (RFC 6381). */
  readonly codecs: string
  readonly sampleEntry: Uint8Array
  /** 0 × 0 for sound, and for pictures whose header does not tell. */
  readonly picture: PictureSize
  /** Ticks that a frame of sound lasts, 0 if that cannot be told, as with pictures. */
  readonly duration: (frame: MediaFrame) => number
}

const noPicture: PictureSize = { width: 0, height: 0 }
const opusRate = 48_000

/** Where the mapping table begins in an OpusHead of a family other than 0. */
const opusMappingAt = 19

const video = (codecs: string, picture: PictureSize, sampleEntry: Uint8Array): Track => ({
  id: TrackId.Video,
  kind: Kind.Video,
  timescale: videoTimescale,
  codecs,
  sampleEntry,
  picture,
  duration: () => 0
})

const audio = (
  codecs: string,
  timescale: number,
  sampleEntry: Uint8Array,
  duration: (frame: MediaFrame) => number
): Track => ({ id: TrackId.Audio, kind: Kind.Audio, timescale, codecs, sampleEntry, picture: noPicture, duration })

const avcTrack = (record: Uint8Array): Track | undefined => {
  const config = Result.getOrUndefined(decodeAvcConfig(record))
  const picture = config?.picture ?? noPicture
  return config && video(avcCodecs(config), picture, visualEntry("avc1", picture, box("avcC", record)))
}

const hevcTrack = (record: Uint8Array): Track | undefined => {
  const config = Result.getOrUndefined(decodeHevcConfig(record))
  const picture = config?.picture ?? noPicture
  return config && video(hevcCodecs(config), picture, visualEntry("hvc1", picture, box("hvcC", completeArrays(record))))
}

/** `hvc1` promises that all parameter sets are in the record: FFmpeg writes arrays without that bit for `hev1`. */
const completeArrays = (record: Uint8Array): Uint8Array => {
  const complete = record.slice()
  // Written as version 0 by encoders from before the final standard.
  complete[0] = 1
  let at = 23
  for (let array = 0; array < record[22] && at + 3 <= record.length; array++) {
    complete[at] |= 0x80
    const count = (record[at + 1] << 8) | record[at + 2]
    at += 3
    for (let i = 0; i < count && at + 2 <= record.length; i++) at += 2 + ((record[at] << 8) | record[at + 1])
  }
  return complete
}

const av1Track = (record: Uint8Array): Track | undefined => {
  const config = Result.getOrUndefined(decodeAv1Config(record))
  const picture = config?.picture ?? noPicture
  return config && video(av1Codecs(config), picture, visualEntry("av01", picture, box("av1C", record)))
}

/** The record may come with the version and flags of its box. */
const vp9Track = (record: Uint8Array, keyframe: MediaFrame | undefined): Track | undefined => {
  const config = Result.getOrUndefined(decodeVpcConfig(record))
  if (config === undefined) return undefined
  const picture = (keyframe && vp9PictureSize(keyframe.data)) ?? noPicture
  const bare = record[0] === 1 && record[1] === 0 && record[2] === 0 && record[3] === 0 ? record.subarray(4) : record
  return video(vpcCodecs(config), picture, visualEntry("vp09", picture, fullBox("vpcC", 1, 0, bare)))
}

/**
 * Of a video header, undefined for a codec that is not written to MP4 or a record that cannot be read. Only VP9 needs
 * `keyframe`, whose header does not tell the size of its pictures.
 */
export const videoTrack = (header: MediaFrame, keyframe?: MediaFrame): Track | undefined => {
  switch (header.codec) {
    case VideoId.Avc:
    case FourCc.Avc:
      return avcTrack(header.data)
    case VideoId.Hevc:
    case FourCc.Hevc:
      return hevcTrack(header.data)
    case VideoId.Av1:
    case FourCc.Av1:
      return av1Track(header.data)
    case FourCc.Vp9:
      return vp9Track(header.data, keyframe)
    default:
      return undefined
  }
}

const aacTrack = (record: Uint8Array): Track | undefined => {
  const config = Result.getOrUndefined(decodeAudioSpecificConfig(record))
  if (config === undefined) return undefined
  const { channels, coreSampleRate, frameLength, sampleRate } = config
  const samples = Math.round((frameLength * sampleRate) / coreSampleRate)
  const entry = audioEntry("mp4a", channels || 2, sampleRate, esds(ObjectType.Aac, record))
  return audio(aacCodecs(config), sampleRate, entry, () => samples)
}

const opusTrack = (record: Uint8Array): Track => {
  const head = Result.getOrElse(decodeOpusHead(record), () => defaultOpusHead)
  const mapping = head.mappingFamily === 0 ? new Uint8Array(0) : record.slice(opusMappingAt)
  const entry = audioEntry("Opus", head.channels, opusRate, dOps(head, mapping))
  return audio(opusCodecs, opusRate, entry, (frame) => opusSamples(frame.bytes, frame.dataStart, frame.end))
}

const flacTrack = (record: Uint8Array): Track | undefined => {
  const info = readFlacInfo(record)
  if (info === undefined) return undefined
  const entry = audioEntry("fLaC", info.channels, info.sampleRate, dfLa(info))
  return audio("fLaC", info.sampleRate, entry, (frame) =>
    flacSamples(frame.bytes, frame.dataStart, frame.end, info.blockSize)
  )
}

/** MP3 has no header: its frames tell. */
const mp3Track = (frame: MediaFrame): Track | undefined => {
  const mp3 = frame.end - frame.dataStart < 4 ? undefined : readMpegAudioHeader(frame.bytes, frame.dataStart)
  if (mp3 === undefined) return undefined
  const objectType = mp3.isMpeg1 ? ObjectType.Mpeg1Audio : ObjectType.Mpeg2Audio
  const entry = audioEntry("mp4a", mp3.channels, mp3.sampleRate, esds(objectType))
  return audio(mp3.isMpeg1 ? "mp4a.6B" : "mp4a.69", mp3.sampleRate, entry, () => mp3.samples)
}

/** Of an audio header, or of a frame of MP3 or of Opus without header; undefined for all else. */
export const audioTrack = (first: MediaFrame): Track | undefined => {
  switch (first.codec) {
    case AudioId.Aac:
    case FourCc.Aac:
      return first.header ? aacTrack(first.data) : undefined
    case AudioId.Mp3:
    case AudioId.Mp3Rate8k:
    case FourCc.Mp3:
      return first.header ? undefined : mp3Track(first)
    case AudioId.Opus:
    case FourCc.Opus:
      return opusTrack(first.header ? first.data : new Uint8Array(0))
    case FourCc.Flac:
      return first.header ? flacTrack(first.data) : undefined
    default:
      return undefined
  }
}
