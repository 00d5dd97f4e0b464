import { describe, expect, test } from "bun:test"
import { type Chunk, type Cut, DashSegmenter, maxGapMillis } from "../../../src/domain/dash/DashSegmenter.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { initSegment } from "../../../src/domain/mp4/initSegment.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { decode, framesOf } from "../ts/media.ts"

const epoch = 1_700_000_000_000

const cutsOf = (frames: ReadonlyArray<MediaFrame>, fragmentMillis = 400): ReadonlyArray<Cut> => {
  const cuts: Array<Cut> = []
  const segmenter = new DashSegmenter({
    fragmentMillis: () => fragmentMillis,
    chunkMillis: () => 0,
    published: false,
    onChunk: () => expect.unreachable(),
    onCut: (cut) => cuts.push(cut)
  })
  for (const frame of frames) segmenter.push(frame, epoch + frame.timestamp)
  segmenter.end()
  return cuts
}

/** With chunks: those of each segment, beside the cuts. */
const chunked = (frames: ReadonlyArray<MediaFrame>, chunkMillis: number) => {
  const cuts: Array<Cut> = []
  let open = new Map<Kind, Array<Chunk>>()
  const chunks: Array<ReadonlyMap<Kind, ReadonlyArray<Chunk>>> = []
  const segmenter = new DashSegmenter({
    fragmentMillis: () => 400,
    chunkMillis: () => chunkMillis,
    published: false,
    onChunk: (chunk) => open.set(chunk.track.kind, [...(open.get(chunk.track.kind) ?? []), chunk]),
    onCut: (cut) => {
      cuts.push(cut)
      chunks.push(open)
      open = new Map()
    }
  })
  for (const frame of frames) segmenter.push(frame, epoch + frame.timestamp)
  segmenter.end()
  return { cuts, chunks }
}

/** Types of the boxes at the top. */
const boxes = (bytes: Uint8Array): ReadonlyArray<string> => {
  const view = Buffer.from(bytes)
  const types: Array<string> = []
  for (let at = 0; at < view.length; at += view.readUint32BE(at)) types.push(view.toString("latin1", at + 4, at + 8))
  return types
}

const only = (kind: Kind, frames: ReadonlyArray<MediaFrame>) => frames.filter((frame) => frame.kind === kind)

const millis = (ticks: number, timescale: number) => Math.round((1000 * ticks) / timescale)

/** Kind, start and duration in milliseconds. */
const shape = (cuts: ReadonlyArray<Cut>) =>
  cuts.map(({ segments }) =>
    segments.map(({ duration, time, track: { kind, timescale } }) => [
      kind === Kind.Video ? "video" : "audio",
      millis(time, timescale),
      millis(duration, timescale)
    ])
  )

/** All segments of one kind behind their init segment. */
const track = (cuts: ReadonlyArray<Cut>, kind: Kind): Uint8Array => {
  const segments = cuts.flatMap((cut) => cut.segments.filter(({ track }) => track.kind === kind))
  return Buffer.concat([initSegment([segments[0]!.track]), ...segments.map(({ bytes }) => bytes)])
}

const countOf = (kind: Kind, frames: ReadonlyArray<MediaFrame>) => only(kind, frames).filter(isCoded).length

describe("segments", () => {
  // Keyframes at 0, 480 and 960 ms, shown 80 ms later; frames of 40 ms, and of 1024 samples at 48 kHz.
  test("begin with keyframes, and sound is cut with the pictures", () => {
    expect(shape(cutsOf(framesOf("h264-aac")))).toEqual([
      [
        ["video", 80, 480],
        ["audio", 59, 427]
      ],
      [
        ["video", 560, 480],
        ["audio", 486, 491]
      ],
      [
        ["video", 1040, 40],
        ["audio", 976, 107]
      ]
    ])
  })

  test("are as long as wished, or until the next keyframe", () => {
    expect(shape(cutsOf(only(Kind.Video, framesOf("h264-aac")), 500))).toEqual([
      [["video", 80, 960]],
      [["video", 1040, 40]]
    ])
    expect(shape(cutsOf(only(Kind.Video, framesOf("h264-aac")), 5000))).toEqual([[["video", 80, 1000]]])
  })

  test("of sound alone are cut at any frame", () => {
    const cuts = shape(cutsOf(only(Kind.Audio, framesOf("h264-aac")), 300))
    expect(cuts.length).toBe(4)
    for (const [segment] of cuts.slice(0, 3)) expect(segment![2]).toBeGreaterThanOrEqual(300)
  })

  test("have every frame once, and FFmpeg decodes them without complaint", () => {
    for (const name of ["h264-aac", "h264-mp3", "hevc-opus", "av1-flac", "hevc-hdr-aac"]) {
      const frames = framesOf(name)
      const cuts = cutsOf(frames)
      const video = decode(track(cuts, Kind.Video), "mp4")
      const audio = decode(track(cuts, Kind.Audio), "mp4")
      expect({ name, ...video }).toEqual({ name, exitCode: 0, log: "", audio: 0, video: countOf(Kind.Video, frames) })
      expect({ name, ...audio }).toMatchObject({ name, exitCode: 0, log: "", video: 0 })
      // A decoder of Opus or MP3 has none for its first frame.
      expect(Math.abs(audio.audio - countOf(Kind.Audio, frames))).toBeLessThanOrEqual(1)
    }
  })

  test("follow each other without gap or overlap", () => {
    for (const kind of [Kind.Video, Kind.Audio]) {
      const segments = cutsOf(framesOf("h264-aac")).flatMap((cut) => cut.segments.filter((s) => s.track.kind === kind))
      for (const [i, { time }] of segments.entries()) {
        if (i > 0) expect(time).toBe(segments[i - 1]!.time + segments[i - 1]!.duration)
      }
    }
  })
})

describe("chunks", () => {
  test("are pieces of their segment, each with its reference time, that make up the whole", () => {
    const frames = framesOf("h264-aac")
    const { chunks, cuts } = chunked(frames, 100)
    expect(shape(cuts)).toEqual(shape(cutsOf(frames)))
    for (const [i, { period, segments }] of cuts.entries()) {
      for (const { bytes, track } of segments) {
        const pieces = chunks[i]!.get(track.kind)!
        expect(pieces.every((piece) => piece.period === period && piece.track === track)).toBe(true)
        expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(bytes)).toBe(true)
        expect(boxes(pieces[0]!.bytes)).toEqual(["styp", "prft", "moof", "mdat"])
        for (const piece of pieces.slice(1)) expect(boxes(piece.bytes)).toEqual(["prft", "moof", "mdat"])
      }
    }
    // 480 ms at 40 ms a picture.
    expect(chunks.slice(0, 2).map((of) => of.get(Kind.Video)!.length)).toEqual([4, 4])
  })

  test("have every frame once, and FFmpeg decodes them without complaint", () => {
    const frames = framesOf("h264-aac")
    const { cuts } = chunked(frames, 100)
    const count = (kind: Kind) => only(kind, frames).filter(isCoded).length
    expect(decode(track(cuts, Kind.Video), "mp4")).toMatchObject({ exitCode: 0, log: "", video: count(Kind.Video) })
    expect(decode(track(cuts, Kind.Audio), "mp4")).toMatchObject({ exitCode: 0, log: "", audio: count(Kind.Audio) })
  })

  test("tell when the first frame of each came", () => {
    const { chunks } = chunked(framesOf("h264-aac"), 100)
    const times = chunks.flatMap((of) => of.get(Kind.Video)!.map(({ bytes }) => referenceOf(bytes)))
    for (const { mediaMillis, wallMillis } of times) expect(Math.abs(wallMillis - epoch - mediaMillis)).toBeLessThan(2)
  })
})

/** Of `prft`, wherever it stands. */
const referenceOf = (bytes: Uint8Array) => {
  const view = Buffer.from(bytes)
  const at = view.indexOf("prft") + 12
  const seconds = view.readUint32BE(at) - 2_208_988_800
  return {
    wallMillis: 1000 * seconds + (1000 * view.readUint32BE(at + 4)) / 2 ** 32,
    mediaMillis: Number(view.readBigUint64BE(at + 8)) / 90
  }
}

describe("a period", () => {
  const periods = (cuts: ReadonlyArray<Cut>) => [...new Set(cuts.map(({ period }) => period))]

  test("begins with its first frame", () => {
    expect(periods(cutsOf(framesOf("h264-aac", 70)))).toEqual([{ startedAt: epoch + 70, mediaStart: 70 }])
  })

  test("goes on over headers that are repeated", () => {
    expect(periods(cutsOf([...framesOf("h264-aac"), ...framesOf("h264-aac", 1080)])).length).toBe(1)
  })

  test("ends where codecs change, and after a gap", () => {
    expect(periods(cutsOf([...framesOf("h264-aac"), ...framesOf("hevc-opus", 1200)])).length).toBe(2)
    expect(periods(cutsOf([...framesOf("h264-aac"), ...framesOf("h264-aac", 1100 + maxGapMillis)])).length).toBe(2)
  })

  test("that has segments is not joined by another track: the next one is", () => {
    const late = only(Kind.Audio, framesOf("h264-aac", 1040))
    const cuts = cutsOf([...only(Kind.Video, framesOf("h264-aac")), ...late, ...framesOf("h264-aac", 2200)])
    expect(periods(cuts).length).toBe(2)
    for (const { period, segments } of cuts) {
      if (period === cuts[0]!.period) expect(segments.map(({ track }) => track.kind)).toEqual([Kind.Video])
    }
  })

  test("begins anew with a keyframe, so that nobody gets pictures that cannot be decoded", () => {
    const frames = framesOf("h264-aac")
    const late = frames.filter((frame) => frame.header || frame.timestamp > 100)
    const [first] = cutsOf(only(Kind.Video, late))
    expect(millis(first!.segments[0]!.time, 90_000)).toBe(560)
  })
})

test("frames that are no media, and media without header, are nothing", () => {
  const frames = framesOf("h264-aac").filter((frame) => !frame.header)
  expect(cutsOf(frames)).toEqual([])
  expect(cutsOf(framesOf("screen-lpcm"))).toEqual([])
})
