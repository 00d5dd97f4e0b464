/** Viewers of one shared transport stream: each reads a stream that keeps the rules from its first packet on. */
import { describe, expect, test } from "bun:test"
import { Cursor } from "../../../src/domain/media/Cursor.ts"
import { Encoded } from "../../../src/domain/media/Format.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { Projection } from "../../../src/domain/media/Projection.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { type Retention, SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import type { TrackOptions } from "../../../src/domain/media/trackFormats.ts"
import { tsFormats } from "../../../src/domain/ts/TsFormat.ts"
import { bytesFrom, decode, framesOf } from "./media.ts"
import { continuityErrors, specPackets } from "./specPackets.ts"

const everything: TrackOptions = { published: false, hasAudio: true, hasVideo: true }
const retention: Retention = { gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1e7 }

/** A source in the middle of a test: frames are appended, viewers come. */
class Live {
  readonly log: SourceLog
  readonly projection: Projection
  readonly #format = tsFormats()(everything)

  constructor(limits: Retention = retention) {
    this.log = new SourceLog(limits)
    this.log.reset()
    this.projection = new Projection(this.#format, this.log, 0)
  }

  append(frames: ReadonlyArray<MediaFrame>): void {
    for (const frame of frames) this.log.append(frame, frame.published)
    this.projection.sync()
  }

  viewer(): Cursor {
    const cursor = new Cursor(this.projection, this.#format.viewer(), (log) => log.newestEntry ?? log.liveEntry)
    this.log.addReader(cursor)
    return cursor
  }
}

const read = (cursor: Cursor): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let bytes = cursor.next(); bytes !== undefined; bytes = cursor.next()) parts.push(bytes)
  return new Uint8Array(Buffer.concat(parts))
}

const pids = (bytes: Uint8Array) => specPackets(bytes).map(({ pid }) => pid)

test("formats are one object for the same options, another for others", () => {
  const formats = tsFormats()
  expect(formats(everything)).toBe(formats({ ...everything }))
  expect(formats({ ...everything, hasVideo: false }).key).not.toBe(formats(everything).key)
  expect(formats({ ...everything, published: true }).key).not.toBe(formats(everything).key)
})

describe("a viewer", () => {
  test("that waits for the stream gets all of it, and FFmpeg decodes it", () => {
    const live = new Live()
    const cursor = live.viewer()
    live.append(framesOf("h264-aac"))
    const bytes = read(cursor)
    expect(pids(bytes).slice(0, 3)).toEqual([0, 0x1001, 0x100])
    expect(continuityErrors(specPackets(bytes))).toBe(0)
    expect(decode(bytes, "mpegts")).toMatchObject({ exitCode: 0, log: "", video: 25 })
  })

  test("that comes later begins with the tables and a keyframe, and shares every byte from there", () => {
    const live = new Live()
    const first = live.viewer()
    live.append(framesOf("hevc-opus"))
    const late = live.viewer()
    const bytes = read(late)
    const packets = specPackets(bytes)
    expect(packets.slice(0, 3).map(({ pid }) => pid)).toEqual([0, 0x1001, 0x100])
    expect(packets[2].randomAccess).toBe(true)
    expect(packets.some(({ discontinuity }) => discontinuity)).toBe(false)
    expect(continuityErrors(packets)).toBe(0)
    const all = read(first)
    expect(Buffer.from(all.subarray(all.length - bytes.length)).equals(bytes)).toBe(true)
    expect(decode(bytes, "mpegts")).toMatchObject({ exitCode: 0, log: "" })
  })

  test("of sound alone begins with the tables, whatever frame comes first", () => {
    for (const name of ["h264-aac", "h264-mp3", "hevc-opus"]) {
      const live = new Live()
      const frames = framesOf(name).filter((frame) => frame.kind === Kind.Audio)
      for (const [i, frame] of frames.entries()) {
        live.append([frame])
        if (i < 3 || i % 7 > 0) continue
        const cursor = live.viewer()
        live.append([frames[i + 1] ?? frame])
        const packets = specPackets(read(cursor))
        expect(packets.slice(0, 2).map(({ pid }) => pid)).toEqual([0, 0x1001])
        expect(continuityErrors(packets)).toBe(0)
      }
    }
  })

  test("that pauses, or falls behind and jumps, has no wrong counter: packets say that they begin anew", () => {
    const live = new Live({ ...retention, queueMillis: 1500 })
    const cursor = live.viewer()
    const clip = (delay: number) => framesOf("h264-aac", delay)
    live.append(clip(0))
    const parts = [read(cursor)]
    for (const from of [1200, 6000, 11_000]) {
      for (let delay = from; delay < from + 4000; delay += 1100) live.append(clip(delay))
      parts.push(read(cursor))
    }
    cursor.pause()
    live.append(clip(15_700))
    cursor.resume()
    live.append(clip(16_900))
    parts.push(read(cursor))
    expect(cursor.counts.jumps).toBeGreaterThan(0)
    const packets = specPackets(new Uint8Array(Buffer.concat(parts)))
    expect(packets.filter(({ discontinuity }) => discontinuity).length).toBeGreaterThanOrEqual(8)
    expect(continuityErrors(packets)).toBe(0)
  })
})

test("an encoder that begins in mid-stream needs the headers in force there", () => {
  const frames = framesOf("h264-aac")
  const headers = frames.filter((frame) => frame.header)
  const media = frames.filter(isCoded)
  const encoded = (given: ReadonlyArray<MediaFrame>) => {
    const make: (headers: ReadonlyArray<MediaFrame>) => { encode: (frame: MediaFrame, out: SlabWriter) => Encoded } =
      tsFormats()(everything).encoder
    const encoder = make(given)
    const out = new SlabWriter()
    const results = new Set(media.map((frame) => encoder.encode(frame, out)))
    return { results: [...results], bytes: bytesFrom(out, 0) }
  }
  expect(encoded([]).results).toEqual([Encoded.Absent])
  const { bytes, results } = encoded(headers)
  expect(results).toEqual([Encoded.Shared])
  expect(decode(bytes, "mpegts")).toMatchObject({ exitCode: 0, log: "", video: 25 })
})

test("tracks that are switched off are absent", () => {
  const frames = framesOf("h264-aac")
  const only = (options: Partial<TrackOptions>) => {
    const encoder = tsFormats()({ ...everything, ...options }).encoder()
    const out = new SlabWriter()
    for (const frame of frames) encoder.encode(frame, out)
    return new Set(pids(bytesFrom(out, 0)))
  }
  expect(only({ hasVideo: false })).toEqual(new Set([0, 0x1001, 0x101]))
  expect(only({ hasAudio: false })).toEqual(new Set([0, 0x1001, 0x100]))
})
