/** Playlists as hls-parser and video.js's m3u8-parser read them: programs nobody here wrote. */
import * as HlsParser from "hls-parser"
import { type ParsedPart, Parser } from "m3u8-parser"

HlsParser.setOptions({ strictMode: true })

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

const closed = ({ segments }: HlsParser.types.MediaPlaylist) => segments.filter(({ uri }) => uri !== "")

export const readByHlsParser = (text: string): ReadList => {
  const list = HlsParser.parse(text)
  if (list.isMasterPlaylist) throw new Error("a master playlist")
  const media = list as HlsParser.types.MediaPlaylist
  return {
    mediaSequence: media.mediaSequenceBase ?? 0,
    discontinuitySequence: media.discontinuitySequenceBase ?? 0,
    targetDuration: media.targetDuration,
    // One without URI holds the parts of the open segment.
    segments: closed(media).map(({ discontinuity, duration, key, map, uri }) => ({
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

export interface ReadPart {
  readonly uri: string
  readonly duration: number
  readonly independent: boolean
}

/** What is in a list beside its segments (low-latency HLS). */
export interface ReadLowLatency {
  readonly canBlockReload: boolean
  readonly partTarget: number | undefined
  readonly partHoldBack: number | undefined
  readonly canSkipUntil: number | undefined
  readonly skipped: number
  /** Of each segment, then of the open one. */
  readonly parts: ReadonlyArray<ReadonlyArray<ReadPart>>
  readonly hint: string | undefined
}

const partOf = ({ duration, independent, uri }: Omit<ParsedPart, "duration"> & { readonly duration?: number }) => ({
  uri,
  duration: duration ?? Number.NaN,
  independent: independent ?? false
})

export const readPartsByHlsParser = (text: string): ReadLowLatency => {
  const media = HlsParser.parse(text) as HlsParser.types.MediaPlaylist
  const { lowLatencyCompatibility: control, partTargetDuration, skip } = media
  const open = media.segments.find(({ uri }) => uri === "")?.parts ?? []
  const lists = [...closed(media).map(({ parts }) => parts), open.filter(({ hint }) => !hint)]
  return {
    canBlockReload: control?.canBlockReload ?? false,
    partTarget: partTargetDuration,
    partHoldBack: control?.partHoldBack,
    canSkipUntil: control?.canSkipUntil,
    skipped: skip,
    parts: lists.map((parts) => parts.map((part) => partOf(part))),
    hint: open.find(({ hint }) => hint)?.uri
  }
}

export const readPartsByM3u8Parser = (text: string): ReadLowLatency => {
  const parser = new Parser()
  parser.push(text)
  parser.end()
  const { partTargetDuration, preloadSegment, segments, serverControl, skip } = parser.manifest
  return {
    canBlockReload: serverControl?.canBlockReload ?? false,
    partTarget: partTargetDuration,
    partHoldBack: serverControl?.partHoldBack,
    canSkipUntil: serverControl?.canSkipUntil,
    skipped: skip?.skippedSegments ?? 0,
    parts: [...segments, preloadSegment ?? {}].map(({ parts = [] }) => parts.map((part) => partOf(part))),
    hint: preloadSegment?.preloadHints?.[0]?.uri
  }
}
