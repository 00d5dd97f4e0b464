/**
 * An MP4 file for playback from disk (ISO/IEC 14496-12, ISO/IEC 14496-14). The media data is written as it comes, the
 * index is kept in memory until the end: behind the data (`finish`), or in front of it, for which the data must be moved
 * (`fastStart`).
 */
import { concat } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { ascii, box, boxHeaderLength, uint32, uint64 } from "./box.ts"
import { ftyp, moov, type TrackContent } from "./initSegment.ts"
import { SampleClock } from "./SampleClock.ts"
import { SampleTable } from "./SampleTable.ts"
import { type Track, videoTimescale } from "./Track.ts"

/** The beginning of the file: `ftyp`, room for a long size, `mdat` to the end of the file. */
export interface Mp4End {
  /** To be appended. */
  readonly moov: Uint8Array
  /** To be written over what is at `patchAt`: the size of the media data. */
  readonly patch: Uint8Array
  readonly patchAt: number
}

const brands = ftyp("isom", 512, ["isom", "iso2", "mp41"])

/** An empty box, which gives its room to a size of 64 bits. */
const free = box("free")

/** Chunks of sound and pictures alternate at most this often; players read chunks as a whole. */
const maxChunkSamples = 256

interface TrackState {
  readonly track: Track
  readonly table: SampleTable
  readonly clock: SampleClock
  chunkSamples: number
}

export class Mp4Writer {
  /** The first bytes of the file. */
  readonly header = concat([brands, free, uint32(0), ascii("mdat")])
  readonly #tracks: ReadonlyArray<TrackState>
  #last: TrackState | undefined
  #dataLength = 0

  /** All tracks of the file must be known. */
  constructor(tracks: ReadonlyArray<Track>) {
    this.#tracks = tracks.map((track) => ({
      track,
      table: new SampleTable(track.timescale),
      clock: new SampleClock(track.timescale),
      chunkSamples: 0
    }))
  }

  /** Bytes of media data so far. */
  get dataLength(): number {
    return this.#dataLength
  }

  /**
   * Takes note of a coded frame (`isCoded`, through `lengthPrefixed`) at `timestamp` milliseconds. The caller writes `frame.data` behind what is written
   * already. False, and nothing to write, for a frame of no track of the file.
   */
  add(frame: MediaFrame, timestamp: number): boolean {
    const state = this.#tracks.find(({ track }) => track.kind === frame.kind)
    if (state === undefined || frame.track !== 0) return false
    const { clock, table, track } = state
    const size = frame.end - frame.dataStart
    const newChunk = this.#last !== state || state.chunkSamples >= maxChunkSamples
    state.chunkSamples = newChunk ? 1 : state.chunkSamples + 1
    this.#last = state
    const isVideo = frame.kind === Kind.Video
    const duration = track.duration(frame)
    const time = isVideo ? (timestamp * videoTimescale) / 1000 : clock.at(timestamp, duration)
    const offset = isVideo ? (frame.compositionOffset * videoTimescale) / 1000 : 0
    table.add(this.#dataLength, size, time, duration, offset, !isVideo || frame.keyframe, newChunk)
    this.#dataLength += size
    return true
  }

  /** The index behind the media data. */
  finish(): Mp4End {
    const patchAt = brands.length
    return { moov: this.#moov(this.header.length), patch: this.#mdatHeader(), patchAt }
  }

  /** What stands before the media data in a file that begins with its index. */
  fastStart(): Uint8Array {
    // The index has the same length wherever it stands, unless the places in it need more bits than before.
    let start = 0
    let index = this.#moov(start)
    for (let i = 0; i < 2; i++) {
      start = brands.length + index.length + this.#mdatHeader().length
      index = this.#moov(start)
    }
    return concat([brands, index, this.#mdatHeader()])
  }

  /** Size and type of the media data, 16 bytes in either form. */
  #mdatHeader(): Uint8Array {
    const length = this.#dataLength + boxHeaderLength
    if (length < 2 ** 32) return concat([free, uint32(length), ascii("mdat")])
    return concat([uint32(1), ascii("mdat"), uint64(length + boxHeaderLength)])
  }

  #moov(dataStart: number): Uint8Array {
    const used = this.#tracks.filter(({ table }) => table.count > 0)
    const movieStart = Math.min(...used.map(({ table }) => table.start))
    const contents: Array<TrackContent> = used.map(({ table }) => table.content(dataStart, movieStart))
    return moov(
      used.map(({ track }) => track),
      contents
    )
  }
}
