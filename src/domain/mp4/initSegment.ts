/** The movie box (ISO/IEC 14496-12 §8.2) of files and of fragmented streams, and the init segment of CMAF. */

import { concat } from "../bytes/bytes.ts"
import { Kind } from "../media/MediaFrame.ts"
import { ascii, box, fullBox, uint16, uint32, uint64, zeros } from "./box.ts"
import type { Track } from "./Track.ts"

/** 16.16 and 2.30 fixed point, of a transformation that changes nothing. */
const matrix = uint32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

/** "und" in three times five bits. */
const undetermined = 0x55c4

/** Of the movie header and edit lists: milliseconds. */
export const movieTimescale = 1000

/** enabled, in_movie. */
const trackFlags = 3

/** What a track holds when it has ended; nothing of it in a fragmented stream. */
export interface TrackContent {
  /** Ticks of the track. */
  readonly duration: number
  /** Milliseconds, with its edits. */
  readonly movieDuration: number
  /** `edts`, or nothing. */
  readonly edits: Uint8Array
  /** The boxes of `stbl` that follow `stsd`. */
  readonly tables: ReadonlyArray<Uint8Array>
}

const noTables: ReadonlyArray<Uint8Array> = [
  fullBox("stts", 0, 0, uint32(0)),
  fullBox("stsc", 0, 0, uint32(0)),
  fullBox("stsz", 0, 0, uint32(0, 0)),
  fullBox("stco", 0, 0, uint32(0))
]

const noContent: TrackContent = { duration: 0, movieDuration: 0, edits: zeros(0), tables: noTables }

const mvhd = (duration: number, nextTrackId: number): Uint8Array =>
  fullBox(
    "mvhd",
    1,
    0,
    uint64(0),
    uint64(0),
    uint32(movieTimescale),
    uint64(duration),
    uint32(0x10000),
    uint16(0x100),
    zeros(10),
    matrix,
    zeros(24),
    uint32(nextTrackId)
  )

const tkhd = ({ id, kind, picture }: Track, duration: number): Uint8Array =>
  fullBox(
    "tkhd",
    1,
    trackFlags,
    uint64(0),
    uint64(0),
    uint32(id, 0),
    uint64(duration),
    zeros(12),
    uint16(kind === Kind.Audio ? 0x100 : 0, 0),
    matrix,
    uint32(picture.width * 0x10000, picture.height * 0x10000)
  )

const mdia = ({ kind, sampleEntry, timescale }: Track, { duration, tables }: TrackContent): Uint8Array => {
  const isVideo = kind === Kind.Video
  const handler = isVideo ? "vide" : "soun"
  const mediaHeader = isVideo ? fullBox("vmhd", 0, 1, zeros(8)) : fullBox("smhd", 0, 0, zeros(4))
  const data = box("dinf", fullBox("dref", 0, 0, uint32(1), fullBox("url ", 0, 1)))
  const samples = box("stbl", fullBox("stsd", 0, 0, uint32(1), sampleEntry), ...tables)
  return box(
    "mdia",
    fullBox("mdhd", 1, 0, uint64(0), uint64(0), uint32(timescale), uint64(duration), uint16(undetermined, 0)),
    fullBox("hdlr", 0, 0, uint32(0), ascii(handler), zeros(12), ascii(isVideo ? "Video\0" : "Sound\0")),
    box("minf", mediaHeader, data, samples)
  )
}

const trak = (track: Track, content: TrackContent): Uint8Array =>
  box("trak", tkhd(track, content.movieDuration), content.edits, mdia(track, content))

/** With `contents`, one for each track, of a whole file; without, of a fragmented stream. */
export const moov = (tracks: ReadonlyArray<Track>, contents?: ReadonlyArray<TrackContent>): Uint8Array => {
  const duration = Math.max(0, ...(contents ?? []).map(({ movieDuration }) => movieDuration))
  const nextTrackId = 1 + Math.max(0, ...tracks.map(({ id }) => id))
  const traks = tracks.map((track, i) => trak(track, contents?.[i] ?? noContent))
  const defaults = tracks.map(({ id }) => fullBox("trex", 0, 0, uint32(id, 1, 0, 0, 0)))
  return box(
    "moov",
    mvhd(duration, nextTrackId),
    ...traks,
    ...(contents === undefined ? [box("mvex", ...defaults)] : [])
  )
}

export const ftyp = (major: string, minor: number, compatible: ReadonlyArray<string>): Uint8Array =>
  box("ftyp", ascii(major), uint32(minor), ...compatible.map(ascii))

/** Init segment of a fragmented stream. One track alone makes it a CMAF header (ISO/IEC 23000-19 §7.2). */
export const initSegment = (tracks: ReadonlyArray<Track>): Uint8Array => {
  const brands = tracks.length === 1 ? ["iso6", "cmfc", "mp41", "dash"] : ["iso6", "mp41", "dash"]
  return concat([ftyp("iso6", 0, brands), moov(tracks)])
}
