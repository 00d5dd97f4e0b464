/** Viewers of one shared fragmented stream: each begins with an init segment and a keyframe. */
import { describe, expect, test } from "bun:test"
import { Cursor } from "../../../src/domain/media/Cursor.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { Projection } from "../../../src/domain/media/Projection.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import type { TrackOptions } from "../../../src/domain/media/trackFormats.ts"
import { fmp4Formats } from "../../../src/domain/mp4/Fmp4Format.ts"
import { bytesFrom, decode, framesOf } from "../ts/media.ts"
import { inside, specBoxes } from "./written.ts"

const everything: TrackOptions = { published: false, hasAudio: true, hasVideo: true }

class Live {
  readonly log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 1500, maxBytes: 1e7 })
  readonly projection: Projection
  readonly #format = fmp4Formats()(everything)

  constructor() {
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

const types = (bytes: Uint8Array) => specBoxes(bytes).map(({ type }) => type)
const count = (bytes: Uint8Array, type: string) => types(bytes).filter((other) => other === type).length
const tracks = (bytes: Uint8Array) => count(inside(bytes, "moov"), "trak")

const encoded = (frames: ReadonlyArray<MediaFrame>, options = everything, headers: ReadonlyArray<MediaFrame> = []) => {
  const make: (
    headers: ReadonlyArray<MediaFrame>
  ) => ReturnType<ReturnType<ReturnType<typeof fmp4Formats>>["encoder"]> = fmp4Formats()(options).encoder
  const encoder = make(headers)
  const out = new SlabWriter()
  for (const frame of frames) encoder.encode(frame, out)
  return bytesFrom(out, 0)
}

describe("a viewer", () => {
  for (const name of ["h264-aac", "h264-mp3", "hevc-opus", "av1-flac"]) {
    test(`of ${name} gets one init segment, whenever it comes, and FFmpeg decodes what follows`, () => {
      const live = new Live()
      const first = live.viewer()
      live.append(framesOf(name))
      const late = live.viewer()
      const all = read(first)
      const rest = read(late)
      for (const bytes of [all, rest]) {
        expect(types(bytes).slice(0, 4)).toEqual(["ftyp", "moov", "moof", "mdat"])
        expect(count(bytes, "moov")).toBe(1)
        expect(tracks(bytes)).toBe(2)
        expect(decode(bytes, "mp4")).toMatchObject({ exitCode: 0, log: "" })
      }
      const init = specBoxes(rest)[2].start
      expect(Buffer.from(all.subarray(all.length - rest.length + init)).equals(rest.subarray(init))).toBe(true)
    })
  }

  test("that jumps gets no second init segment", () => {
    const live = new Live()
    const cursor = live.viewer()
    live.append(framesOf("h264-aac"))
    const parts = [read(cursor)]
    for (let delay = 1100; delay < 8000; delay += 1100) live.append(framesOf("h264-aac", delay))
    parts.push(read(cursor))
    expect(cursor.counts.jumps).toBe(1)
    const bytes = new Uint8Array(Buffer.concat(parts))
    expect(count(bytes, "moov")).toBe(1)
    expect(decode(bytes, "mp4").exitCode).toBe(0)
  })

  test("gets another init segment where the headers change", () => {
    const live = new Live()
    const cursor = live.viewer()
    live.append(framesOf("h264-aac"))
    const before = read(cursor)
    live.append(framesOf("h264-mp3", 1200))
    const bytes = new Uint8Array(Buffer.concat([before, read(cursor)]))
    expect(count(bytes, "moov")).toBeGreaterThan(1)
    expect(types(bytes).lastIndexOf("ftyp")).toBeLessThan(types(bytes).lastIndexOf("moof"))
  })
})

describe("at the beginning", () => {
  const frames = framesOf("h264-aac")
  const headers = frames.filter((frame) => frame.header)
  const sounds = frames.filter((frame) => frame.kind === Kind.Audio)
  const pictures = frames.filter((frame) => frame.kind === Kind.Video)

  test("frames wait for the other kind of track, and none is lost", () => {
    const bytes = encoded([...sounds.slice(0, 5), ...pictures])
    expect(tracks(bytes)).toBe(2)
    expect(count(bytes, "moof")).toBe(4 + pictures.filter(isCoded).length)
  })

  test("half a second of one kind is enough", () => {
    const bytes = encoded(pictures)
    expect(tracks(bytes)).toBe(1)
    expect(count(bytes, "moof")).toBe(pictures.filter(isCoded).length)
    expect(inside(bytes, "ftyp").toString("latin1")).toContain("cmfc")
    expect(decode(bytes, "mp4")).toMatchObject({ exitCode: 0, log: "", video: 25 })
  })

  test("headers in force there are enough", () => {
    const media = frames.filter(isCoded)
    expect(count(encoded(media.slice(0, 1), everything, headers), "moof")).toBe(1)
    expect(encoded(media)).toEqual(new Uint8Array(0))
  })

  test("a track that is switched off is neither waited for nor there", () => {
    expect(count(encoded(frames.slice(0, 4), { ...everything, hasAudio: false }), "moof")).toBeGreaterThan(0)
    const bytes = encoded(frames, { ...everything, hasVideo: false })
    expect(tracks(bytes)).toBe(1)
    expect(count(bytes, "moof")).toBe(sounds.filter(isCoded).length)
  })
})
