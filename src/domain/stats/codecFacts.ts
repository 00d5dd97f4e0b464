/** What a stream carries, in the words of SRS's API: from its codec headers, or from a frame where a codec has none. */
import * as Result from "effect/Result"
import { aacProfileName, decodeAudioSpecificConfig } from "../codec/AudioSpecificConfig.ts"
import { decodeAv1Config } from "../codec/Av1Config.ts"
import { avcLevelName, avcProfileName, decodeAvcConfig } from "../codec/AvcConfig.ts"
import { AudioId, FourCc, VideoId } from "../codec/CodecId.ts"
import { decodeHevcConfig, hevcLevelName, hevcProfileName } from "../codec/HevcConfig.ts"
import { decodeOpusHead, defaultOpusHead } from "../codec/OpusHead.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { readMpegAudioHeader } from "../ts/MpegAudio.ts"

export interface VideoFacts {
  readonly codec: "H264" | "HEVC" | "VP6" | "AV1" | "Other"
  readonly profile: string
  readonly level: string
  /** Pixels; 0 if unknown. */
  readonly width: number
  readonly height: number
}

export interface AudioFacts {
  readonly codec: "AAC" | "MP3" | "Opus" | "Other"
  /** Hertz. */
  readonly sampleRate: number
  readonly channels: number
  readonly profile: string
}

const other = "Other"
const noPicture = { width: 0, height: 0 }

/** Of a frame of video, a codec header where there is one. */
export const videoFacts = (frame: MediaFrame): VideoFacts => {
  const plain = { profile: other, level: other, ...noPicture }
  switch (frame.codec) {
    case VideoId.Avc:
    case FourCc.Avc: {
      const config = frame.header ? Result.getOrUndefined(decodeAvcConfig(frame.data)) : undefined
      if (config === undefined) return { codec: "H264", ...plain }
      return {
        codec: "H264",
        profile: avcProfileName(config),
        level: avcLevelName(config),
        ...sizeOf(config.picture)
      }
    }
    case VideoId.Hevc:
    case FourCc.Hevc: {
      const config = frame.header ? Result.getOrUndefined(decodeHevcConfig(frame.data)) : undefined
      if (config === undefined) return { codec: "HEVC", ...plain }
      return {
        codec: "HEVC",
        profile: hevcProfileName(config),
        level: hevcLevelName(config),
        ...sizeOf(config.picture)
      }
    }
    case VideoId.Av1:
    case FourCc.Av1: {
      const config = frame.header ? Result.getOrUndefined(decodeAv1Config(frame.data)) : undefined
      return { codec: "AV1", ...plain, ...sizeOf(config?.picture) }
    }
    case VideoId.Vp6:
    case VideoId.Vp6Alpha:
      return { codec: "VP6", ...plain }
    default:
      return { codec: "Other", ...plain }
  }
}

const sizeOf = (picture: { readonly width: number; readonly height: number } | undefined) =>
  picture === undefined ? noPicture : { width: picture.width, height: picture.height }

/** By the two bits of FLV's audio tag, hertz. */
const flvSampleRates = [5512, 11_025, 22_050, 44_100]

/** What a legacy FLV audio tag says in its first byte (FLV 10.1 §E.4.2.1). */
const flvSound = (frame: MediaFrame) => {
  const first = frame.bytes[frame.start] ?? 0
  return { sampleRate: flvSampleRates[(first >>> 2) & 3] ?? 44_100, channels: (first & 1) + 1 }
}

/** Of a frame of sound, a codec header where there is one. */
export const audioFacts = (frame: MediaFrame): AudioFacts => {
  switch (frame.codec) {
    case AudioId.Aac:
    case FourCc.Aac: {
      const config = frame.header ? Result.getOrUndefined(decodeAudioSpecificConfig(frame.data)) : undefined
      if (config === undefined) return { codec: "AAC", sampleRate: 44_100, channels: 2, profile: other }
      const { channels, sampleRate } = config
      return { codec: "AAC", sampleRate, channels, profile: aacProfileName(config) }
    }
    case AudioId.Mp3:
    case AudioId.Mp3Rate8k:
    case FourCc.Mp3: {
      const { data } = frame
      const { channels, sampleRate } = (data.length >= 4 ? readMpegAudioHeader(data, 0) : undefined) ?? flvSound(frame)
      return { codec: "MP3", sampleRate, channels, profile: other }
    }
    case AudioId.Opus:
    case FourCc.Opus: {
      const head = frame.header ? Result.getOrUndefined(decodeOpusHead(frame.data)) : undefined
      return { codec: "Opus", sampleRate: 48_000, channels: (head ?? defaultOpusHead).channels, profile: other }
    }
    default:
      return {
        codec: "Other",
        ...(frame.codec < 16 ? flvSound(frame) : { sampleRate: 44_100, channels: 2 }),
        profile: other
      }
  }
}
