/** MP4 files in segments: samples as they are in the file, in fragments of their own. */
import { concat } from "../bytes/bytes.ts"
import { MediaFrame, Kind } from "../media/MediaFrame.ts"
import { fragmentLength, putFragment, TrackRun } from "../mp4/Fragment.ts"
import { initSegment } from "../mp4/initSegment.ts"
import { styp } from "../mp4/segmentBoxes.ts"
import { type Track, TrackId } from "../mp4/Track.ts"
import { type MovieTrack, readMovie, type Steps } from "./Movie.ts"
import {
  type ByteSpan,
  interleaveMillis,
  maxSegmentBytes,
  maxSegments,
  type SegmentMaker,
  segmentWeight,
  type VodFile
} from "./VodFile.ts"

/** Of the file between two samples; nearer ones are read together. */
const maxGapBytes = 65_536
/** Of one sample in memory. */
const sampleWeight = 25

interface Range {
  readonly from: number
  readonly to: number
}

interface IndexedTrack extends MovieTrack {
  readonly id: number
  /** Ticks that decoding times are later in the segments than in the file. */
  readonly offset: number
  /** Samples of each segment. */
  readonly ranges: ReadonlyArray<Range>
}

const secondsAt = (track: MovieTrack, sample: number, delay: number): number =>
  (track.times[sample] + track.shift) / track.timescale + delay

/** Where the leading track's segments begin, samples; then its end. */
const beginnings = (track: MovieTrack, fragmentSeconds: number): ReadonlyArray<number> => {
  const found = [0]
  let start = 0
  let bytes = 0
  for (let i = 1; i < track.sizes.length; i++) {
    bytes += track.sizes[i - 1]
    const seconds = (track.times[i] - track.times[start]) / track.timescale
    const isKey = track.sync === undefined || track.sync[i] === 1
    if (found.length < maxSegments && ((isKey && seconds >= fragmentSeconds) || bytes >= maxSegmentBytes)) {
      found.push(i)
      start = i
      bytes = 0
    }
  }
  return [...found, track.sizes.length]
}

const isInside = ({ places, sizes }: MovieTrack, fileSize: number): boolean => {
  for (let i = 0; i < sizes.length; i++) if (places[i] + sizes[i] > fileSize) return false
  return true
}

/** The first sample that is not before a time. */
const sampleAt = (track: MovieTrack, seconds: number, delay: number): number => {
  let low = 0
  let high = track.sizes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (secondsAt(track, middle, delay) < seconds) low = middle + 1
    else high = middle
  }
  return low
}

const trackOf = ({ height, id, kind, sampleEntry, timescale, width }: IndexedTrack): Track => ({
  id,
  kind,
  timescale,
  codecs: "",
  sampleEntry,
  picture: { width, height },
  duration: () => 0
})

/** Of the contents of `moov`; `undefined` if there are no samples, or some outside of the file. */
export function* mp4Vod(moov: Uint8Array, fileSize: number, fragmentMillis: number): Steps<VodFile | undefined> {
  const found = yield* readMovie(moov)
  const leading = found[0]
  if (leading === undefined) return undefined
  for (const track of found) {
    if (!isInside(track, fileSize)) return undefined
    yield
  }
  // Edits put the first decoding times before 0, where fragments have no number for them.
  const delay = Math.max(0, ...found.map((track) => -secondsAt(track, 0, 0)))
  const starts = beginnings(leading, fragmentMillis / 1000)
  const times = starts.map((sample) => secondsAt(leading, sample, delay))
  const rangesOf = (track: MovieTrack): ReadonlyArray<Range> => {
    if (track === leading) return starts.slice(1).map((to, i) => ({ from: starts[i], to }))
    const cuts = times.map((seconds) => sampleAt(track, seconds, delay))
    return cuts.slice(1).map((to, i) => ({
      from: i === 0 ? 0 : cuts[i],
      to: i + 2 === cuts.length ? track.sizes.length : to
    }))
  }
  const tracks = found.map((track) => ({
    ...track,
    id: track.kind === Kind.Video ? TrackId.Video : TrackId.Audio,
    offset: Math.round(track.shift + delay * track.timescale),
    ranges: rangesOf(track)
  }))
  const init = initSegment(tracks.map(trackOf))
  return {
    segments: times.slice(1).map((end, i) => ({ startMillis: times[i] * 1000, endMillis: end * 1000, init: 0 })),
    spansOf: (segment) => spansOf(tracks, segment),
    make: (segment) => maker(tracks, segment, init),
    weight: (times.length - 1) * segmentWeight + tracks.reduce((sum, { sizes }) => sum + sizes.length * sampleWeight, 0)
  }
}

const spansOf = (tracks: ReadonlyArray<IndexedTrack>, segment: number): ReadonlyArray<ByteSpan> => {
  const samples = tracks.flatMap(({ places, ranges, sizes }) => {
    const { from, to } = ranges[segment]
    return Array.from({ length: to - from }, (_, i) => ({
      from: places[from + i],
      to: places[from + i] + sizes[from + i]
    }))
  })
  const spans: Array<{ from: number; to: number }> = []
  for (const { from, to } of samples.toSorted((a, b) => a.from - b.from)) {
    const last = spans.at(-1)
    if (last !== undefined && from - last.to <= maxGapBytes) last.to = Math.max(last.to, to)
    else spans.push({ from, to })
  }
  return spans
}

const maker = (tracks: ReadonlyArray<IndexedTrack>, segment: number, init: Uint8Array): SegmentMaker => {
  const spans = spansOf(tracks, segment)
  const bytes = new Uint8Array(spans.reduce((sum, { from, to }) => sum + to - from, 0))
  let filled = 0
  /** Where a place of the file is in `bytes`. */
  const locate = (place: number): number => {
    let before = 0
    for (const { from, to } of spans) {
      if (place >= from && place < to) return before + place - from
      before += to - from
    }
    return before
  }
  return {
    push: (piece) => {
      bytes.set(piece, filled)
      filled += piece.length
    },
    end: () => {
      const fragments = interleaved(tracks, segment).map((ranges) =>
        fragmentOf(tracks.map((track, i) => runOf(track, ranges[i], bytes, locate)))
      )
      return { init, bytes: concat([styp(false), ...fragments]) }
    }
  }
}

/** Samples of each track, in turns of `interleaveMillis`. */
const interleaved = (tracks: ReadonlyArray<IndexedTrack>, segment: number): ReadonlyArray<ReadonlyArray<Range>> => {
  const starts = tracks.map(({ ranges }) => ranges[segment].from)
  const turns: Array<ReadonlyArray<Range>> = []
  const secondsOf = (track: IndexedTrack, sample: number) => (track.times[sample] + track.offset) / track.timescale
  const isLeft = (track: IndexedTrack, i: number) => starts[i] < track.ranges[segment].to
  while (tracks.some(isLeft)) {
    const next = tracks.flatMap((track, i) => (isLeft(track, i) ? [secondsOf(track, starts[i])] : []))
    // Of times beyond all measure, in which the turn is lost, at least the next sample.
    const first = Math.min(...next)
    const until = first + interleaveMillis / 1000
    const isDue = (seconds: number) => !(seconds > first) || seconds < until
    turns.push(
      tracks.map((track, i) => {
        const from = starts[i]
        while (isLeft(track, i) && isDue(secondsOf(track, starts[i]))) starts[i]++
        return { from, to: starts[i] }
      })
    )
  }
  return turns
}

const fragmentOf = (runs: ReadonlyArray<TrackRun>): Uint8Array => {
  const fragment = new Uint8Array(fragmentLength(runs))
  putFragment(fragment, 0, 1, runs)
  return fragment
}

const runOf = (
  track: IndexedTrack,
  { from, to }: Range,
  bytes: Uint8Array,
  locate: (place: number) => number
): TrackRun => {
  const { compositionOffsets, id, kind, offset, places, sizes, sync, times } = track
  const run = new TrackRun(id)
  for (let i = from; i < to; i++) {
    const start = locate(places[i])
    const frame = new MediaFrame({ kind, published: 0, bytes, start, end: start + sizes[i] })
    const isSync = sync === undefined || sync[i] === 1
    run.add(frame, times[i] + offset, times[i + 1] - times[i], compositionOffsets?.[i] ?? 0, isSync)
  }
  return run
}
