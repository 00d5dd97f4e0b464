/** What the page is told of each live stream. */
import * as Result from "effect/Result"
import { decodeAudioSpecificConfig } from "../../domain/codec/AudioSpecificConfig.ts"
import { decodeAv1Config } from "../../domain/codec/Av1Config.ts"
import { decodeAvcConfig } from "../../domain/codec/AvcConfig.ts"
import { AudioId, codecName, FourCc, VideoId } from "../../domain/codec/CodecId.ts"
import { decodeHevcConfig } from "../../domain/codec/HevcConfig.ts"
import type { PictureSize } from "../../domain/codec/picture.ts"
import { Kind, type MediaFrame } from "../../domain/media/MediaFrame.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import type { PlayUrls } from "../../services/Listeners.ts"
import type { Session } from "../../services/Sessions.ts"
import type { Source } from "../../services/SourceRegistry.ts"

/** So many of the newest frames are looked at for a track whose codec has no header. */
const maxFramesBack = 64

export interface VideoFacts {
  readonly codec: string
  /** Pixels; 0 if not known. */
  readonly width: number
  readonly height: number
}

export interface AudioFacts {
  readonly codec: string
  /** Hertz; 0 if not known. */
  readonly sampleRate: number
  readonly channels: number
}

export interface StreamFacts {
  readonly vhost: string
  readonly app: string
  readonly stream: string
  readonly viewers: number
  readonly video: VideoFacts | null
  readonly audio: AudioFacts | null
  /** With `localhost` for the host. */
  readonly urls: ReadonlyArray<string>
}

/** The header in force of the default track, else one of its newest frames. */
const sampleOf = (log: SourceLog, kind: Kind): MediaFrame | undefined => {
  const header = log.headers.find((frame) => frame.kind === kind && frame.track === 0)
  if (header !== undefined) return header
  for (let at = log.end - 1; at >= Math.max(log.first, log.end - maxFramesBack); at--) {
    const frame = log.at(at)
    if (frame.kind === kind && frame.track === 0) return frame
  }
  return undefined
}

const pictureOf = ({ codec, data, header }: MediaFrame): PictureSize | undefined => {
  if (!header) return undefined
  switch (codec) {
    case VideoId.Avc:
    case FourCc.Avc:
      return Result.getOrUndefined(decodeAvcConfig(data))?.picture
    case VideoId.Hevc:
    case FourCc.Hevc:
      return Result.getOrUndefined(decodeHevcConfig(data))?.picture
    case VideoId.Av1:
    case FourCc.Av1:
      return Result.getOrUndefined(decodeAv1Config(data))?.picture
    default:
      return undefined
  }
}

const videoOf = (log: SourceLog): VideoFacts | null => {
  const sample = sampleOf(log, Kind.Video)
  if (sample === undefined) return null
  const { height, width } = pictureOf(sample) ?? { width: 0, height: 0 }
  return { codec: codecName(Kind.Video, sample.codec), width, height }
}

const audioOf = (log: SourceLog): AudioFacts | null => {
  const sample = sampleOf(log, Kind.Audio)
  if (sample === undefined) return null
  const isAac = sample.header && (sample.codec === AudioId.Aac || sample.codec === FourCc.Aac)
  const config = isAac ? Result.getOrUndefined(decodeAudioSpecificConfig(sample.data)) : undefined
  return {
    codec: codecName(Kind.Audio, sample.codec),
    sampleRate: config?.sampleRate ?? 0,
    channels: config?.channels ?? 0
  }
}

/** Viewers of each stream, over any protocol, by the key of its source. */
const countViewers = (sessions: Iterable<Session>): ReadonlyMap<string, number> => {
  const counts: Map<string, number> = new Map()
  for (const { role, stream } of sessions) {
    if (role !== "play" || stream === undefined) continue
    const key = streamKey(stream)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Of all streams with a publisher, by name. */
export const streamFacts = (
  sources: Iterable<Source>,
  sessions: Iterable<Session>,
  playUrls: PlayUrls
): ReadonlyArray<StreamFacts> => {
  const viewers = countViewers(sessions)
  return [...sources]
    .filter((source) => source.publisher() !== undefined)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, log, name }) => ({
      vhost: name.vhost,
      app: name.app,
      stream: name.stream,
      viewers: viewers.get(key) ?? 0,
      video: videoOf(log),
      audio: audioOf(log),
      urls: playUrls(name)
    }))
}
