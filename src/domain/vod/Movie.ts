/**
 * The index of an MP4 file (ISO/IEC 14496-12 §8): its tracks, and time, place and size of each sample. Read in steps, for
 * that of a long film would stop everything else for a tenth of a second.
 */
import { readUint16, readUint32 } from "../bytes/bytes.ts"
import { boxHeaderLength } from "../mp4/box.ts"
import { Kind } from "../media/MediaFrame.ts"

/** Longest `moov` that is read; longest list of samples. Ten hours of 60 pictures a second have 2.2 million. */
export const maxMovieBytes = 128 * 1024 * 1024
export const maxSamples = 4_000_000

export interface MovieTrack {
  readonly kind: typeof Kind.Audio | typeof Kind.Video
  readonly timescale: number
  readonly width: number
  readonly height: number
  /** The box as it is in the file. */
  readonly sampleEntry: Uint8Array
  /** Of each sample: decoding time in ticks of the track, with one more for the end of the last. */
  readonly times: Float64Array
  readonly sizes: Uint32Array
  /** In the file. */
  readonly places: Float64Array
  /** Ticks; `undefined` if all are 0. */
  readonly compositionOffsets: Int32Array | undefined
  /** 1 for those with which a decoder can begin; `undefined` if all are. */
  readonly sync: Uint8Array | undefined
  /** Ticks that its edits put it later, or if negative earlier, than its decoding times say. */
  readonly shift: number
}

/** Boxes within bytes, by type; of several the first. Lengths that lie end the list. */
const children = (bytes: Uint8Array): ReadonlyArray<readonly [type: string, body: Uint8Array]> => {
  const found: Array<readonly [string, Uint8Array]> = []
  let at = 0
  while (at + boxHeaderLength <= bytes.length) {
    const length = readUint32(bytes, at)
    if (length < boxHeaderLength || at + length > bytes.length) break
    found.push([typeAt(bytes, at + 4), bytes.subarray(at + boxHeaderLength, at + length)])
    at += length
  }
  return found
}

export const typeAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

const nothing: Uint8Array = new Uint8Array(0)

const child = (bytes: Uint8Array, ...path: ReadonlyArray<string>): Uint8Array =>
  path.reduce((within, type) => children(within).find(([found]) => found === type)?.[1] ?? nothing, bytes)

/** A table of a full box: so many entries of `width` bytes behind a count at `at`, as far as they are there. */
const entries = (bytes: Uint8Array, at: number, width: number): number =>
  bytes.length < at + 4 ? 0 : Math.min(readUint32(bytes, at), Math.floor((bytes.length - at - 4) / width))

/** What can be interrupted between any two steps of it. */
export type Steps<A> = Generator<void, A>

/** Entries of a table that are read in one step. */
const stepEntries = 32_768

function* inSteps(count: number, read: (from: number, to: number) => void): Steps<void> {
  for (let from = 0; from < count; from += stepEntries) {
    read(from, Math.min(count, from + stepEntries))
    yield
  }
}

function* readSizes(stbl: Uint8Array): Steps<Uint32Array | undefined> {
  const stsz = child(stbl, "stsz")
  if (stsz.length < 12) return undefined
  const size = readUint32(stsz, 4)
  const count = size === 0 ? entries(stsz, 8, 4) : readUint32(stsz, 8)
  if (count > maxSamples) return undefined
  const sizes = new Uint32Array(count).fill(size)
  if (size === 0) {
    yield* inSteps(count, (from, to) => {
      for (let i = from; i < to; i++) sizes[i] = readUint32(stsz, 12 + 4 * i)
    })
  }
  return sizes
}

/** Runs of a count and a value, spread over the samples. */
function* spread(box: Uint8Array, count: number, each: (sample: number, value: number) => void): Steps<void> {
  const runs = entries(box, 4, 8)
  let run = -1
  let value = 0
  let end = 0
  yield* inSteps(count, (from, to) => {
    for (let sample = from; sample < to; sample++) {
      while (sample >= end && run + 1 < runs) {
        run++
        end += readUint32(box, 8 + 8 * run)
        value = readUint32(box, 12 + 8 * run)
      }
      each(sample, value)
    }
  })
}

function* readTimes(stbl: Uint8Array, count: number): Steps<Float64Array> {
  const times = new Float64Array(count + 1)
  yield* spread(child(stbl, "stts"), count, (sample, duration) => {
    times[sample + 1] = times[sample] + duration
  })
  return times
}

function* readCompositionOffsets(stbl: Uint8Array, count: number): Steps<Int32Array | undefined> {
  const ctts = child(stbl, "ctts")
  if (ctts.length === 0) return undefined
  const offsets = new Int32Array(count)
  yield* spread(ctts, count, (sample, offset) => {
    offsets[sample] = offset | 0
  })
  return offsets
}

function* readSync(stbl: Uint8Array, count: number): Steps<Uint8Array | undefined> {
  const stss = child(stbl, "stss")
  if (stss.length === 0) return undefined
  const sync = new Uint8Array(count)
  yield* inSteps(entries(stss, 4, 4), (from, to) => {
    for (let i = from; i < to; i++) {
      const sample = readUint32(stss, 8 + 4 * i) - 1
      if (sample < count) sync[sample] = 1
    }
  })
  return sync
}

/** Places of chunks (`stco`, `co64`), and how many samples each has (`stsc`). */
function* readPlaces(stbl: Uint8Array, sizes: Uint32Array): Steps<Float64Array | undefined> {
  const long = child(stbl, "co64")
  const short = child(stbl, "stco")
  const chunks = long.length > 0 ? entries(long, 4, 8) : entries(short, 4, 4)
  const placeOf = (chunk: number): number =>
    long.length > 0
      ? readUint32(long, 8 + 8 * chunk) * 2 ** 32 + readUint32(long, 12 + 8 * chunk)
      : readUint32(short, 8 + 4 * chunk)
  const stsc = child(stbl, "stsc")
  const runs = entries(stsc, 4, 12)
  const places = new Float64Array(sizes.length)
  let run = -1
  let sample = 0
  yield* inSteps(chunks, (from, to) => {
    for (let chunk = from; chunk < to; chunk++) {
      while (run + 1 < runs && readUint32(stsc, 8 + 12 * (run + 1)) - 1 <= chunk) run++
      const perChunk = run < 0 ? 0 : readUint32(stsc, 12 + 12 * run)
      let place = placeOf(chunk)
      for (let i = 0; i < perChunk && sample < sizes.length; i++) {
        places[sample] = place
        place += sizes[sample++]
      }
    }
  })
  return sample === sizes.length ? places : undefined
}

/** The first edits: an empty one delays, one that begins within the media cuts (§8.6.6). */
const readShift = (trak: Uint8Array, timescale: number, movieTimescale: number): number => {
  const elst = child(trak, "edts", "elst")
  const isLong = elst[0] === 1
  const width = isLong ? 20 : 12
  let shift = 0
  for (let i = 0; i < entries(elst, 4, width); i++) {
    const at = 8 + width * i
    const length = isLong ? readUint32(elst, at) * 2 ** 32 + readUint32(elst, at + 4) : readUint32(elst, at)
    const low = readUint32(elst, at + (isLong ? 12 : 4))
    const high = isLong ? readUint32(elst, at + 8) : 0
    const isEmpty = low === 0xffffffff && (!isLong || high === 0xffffffff)
    if (!isEmpty) return shift - (high * 2 ** 32 + low)
    shift += (length * timescale) / movieTimescale
  }
  return shift
}

const kinds: Readonly<Record<string, MovieTrack["kind"]>> = { vide: Kind.Video, soun: Kind.Audio }

function* readTrack(trak: Uint8Array, movieTimescale: number): Steps<MovieTrack | undefined> {
  const mdia = child(trak, "mdia")
  const handler = child(mdia, "hdlr")
  const kind = handler.length < 12 ? undefined : kinds[typeAt(handler, 8)]
  const mdhd = child(mdia, "mdhd")
  const stbl = child(mdia, "minf", "stbl")
  const stsd = child(stbl, "stsd")
  if (kind === undefined || mdhd.length < 24 || stsd.length < 8 + boxHeaderLength) return undefined
  const timescale = readUint32(mdhd, mdhd[0] === 1 ? 20 : 12)
  const entryLength = readUint32(stsd, 8)
  const sizes = yield* readSizes(stbl)
  // Encrypted media is of no use without its keys.
  if (sizes === undefined || timescale === 0 || 8 + entryLength > stsd.length || typeAt(stsd, 12).startsWith("enc")) {
    return undefined
  }
  const places = yield* readPlaces(stbl, sizes)
  if (places === undefined || sizes.length === 0) return undefined
  const tkhd = child(trak, "tkhd")
  return {
    kind,
    timescale,
    width: tkhd.length < 8 ? 0 : readUint16(tkhd, tkhd.length - 8),
    height: tkhd.length < 8 ? 0 : readUint16(tkhd, tkhd.length - 4),
    sampleEntry: stsd.slice(8, 8 + entryLength),
    times: yield* readTimes(stbl, sizes.length),
    sizes,
    places,
    compositionOffsets: yield* readCompositionOffsets(stbl, sizes.length),
    sync: yield* readSync(stbl, sizes.length),
    shift: readShift(trak, timescale, movieTimescale)
  }
}

/** The first track of pictures and the first of sound, of the contents of `moov`. None of a fragmented file. */
export function* readMovie(moov: Uint8Array): Steps<ReadonlyArray<MovieTrack>> {
  const mvhd = child(moov, "mvhd")
  const movieTimescale = mvhd.length < 24 ? 1000 : Math.max(1, readUint32(mvhd, mvhd[0] === 1 ? 20 : 12))
  const tracks: Map<MovieTrack["kind"], MovieTrack> = new Map()
  for (const [type, trak] of children(moov)) {
    const track = type === "trak" ? yield* readTrack(trak, movieTimescale) : undefined
    if (track !== undefined && !tracks.has(track.kind)) tracks.set(track.kind, track)
  }
  return [Kind.Video, Kind.Audio].flatMap((kind) => tracks.get(kind) ?? [])
}
