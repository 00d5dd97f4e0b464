/** Playlists as hls-parser and video.js's m3u8-parser read them: programs nobody here wrote. */
import * as HlsParser from "hls-parser"
import { Parser } from "m3u8-parser"

export interface ReadSegment {
  readonly uri: string
  readonly duration: number
  readonly discontinuity: boolean
  readonly key: string | undefined
  readonly map: string | undefined
}

export interface ReadList {
  readonly mediaSequence: number
  readonly discontinuitySequence: number
  readonly targetDuration: number
  readonly segments: ReadonlyArray<ReadSegment>
}

export const readByHlsParser = (text: string): ReadList => {
  const list = HlsParser.parse(text)
  if (list.isMasterPlaylist) throw new Error("a master playlist")
  const media = list as HlsParser.types.MediaPlaylist
  return {
    mediaSequence: media.mediaSequenceBase ?? 0,
    discontinuitySequence: media.discontinuitySequenceBase ?? 0,
    targetDuration: media.targetDuration,
    segments: media.segments.map(({ discontinuity, duration, key, map, uri }) => ({
      uri,
      duration,
      discontinuity: discontinuity ?? false,
      key: key?.method === "NONE" ? undefined : key?.uri,
      map: map?.uri ?? undefined
    }))
  }
}

export const readByM3u8Parser = (text: string): ReadList => {
  const parser = new Parser()
  parser.push(text)
  parser.end()
  const { discontinuitySequence, mediaSequence, segments, targetDuration } = parser.manifest
  return {
    mediaSequence,
    discontinuitySequence,
    targetDuration,
    segments: segments.map((segment) => ({
      uri: segment.uri,
      duration: segment.duration,
      discontinuity: segment.discontinuity ?? false,
      key: segment.key?.uri,
      map: segment.map?.uri
    }))
  }
}
