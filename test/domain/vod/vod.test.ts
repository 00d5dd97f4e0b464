/** Files of all containers in segments: FFmpeg finds every frame of the file, with its times. */
import { describe, expect, test } from "bun:test"
import muxjs from "mux.js"
import { vodPath, vodPlaylistText } from "../../../src/domain/vod/vodPlaylist.ts"
import type { VodContainer } from "../../../src/domain/vod/vodPlaylist.ts"
import { playlistBreaches } from "../../support/playlistRules.ts"
import { readByHlsParser } from "../../support/playlistReaders.ts"
import { randomOf } from "../config/random.ts"
import { files } from "../mp4/written.ts"
import { decode, framesOf, probe } from "../ts/media.ts"
import { indexed, indexMovie, read, segmentOf, whole } from "./vod.ts"
import { inside } from "../mp4/written.ts"

/** As FFmpeg finds them in the file itself. */
const sources: ReadonlyArray<readonly [container: VodContainer, name: string, bytes: Uint8Array, format: string]> = [
  ["flv", "h264-aac.flv", read("flv/h264-aac.flv"), "flv"],
  ["flv", "h264-mp3.flv", read("flv/h264-mp3.flv"), "flv"],
  ["mp4", "h264-aac, index last", files(framesOf("h264-aac")).late, "mp4"],
  ["mp4", "hevc-opus, index first", files(framesOf("hevc-opus")).fast, "mp4"],
  ["mp4", "av1-flac", files(framesOf("av1-flac")).fast, "mp4"],
  ["ts", "FFmpeg's h264-aac", read("ts/ffmpeg-h264-aac.mpegts"), "mpegts"],
  ["ts", "FFmpeg's h264-aac across 2^33", read("ts/ffmpeg-h264-aac-wrap.mpegts"), "mpegts"],
  ["ts", "FFmpeg's h264-mp3", read("ts/ffmpeg-h264-mp3.mpegts"), "mpegts"],
  ["ts", "FFmpeg's hevc-opus", read("ts/ffmpeg-hevc-opus.mpegts"), "mpegts"],
  ["ts", "GStreamer's h264-aac", read("ts/gstreamer-h264-aac.mpegts"), "mpegts"]
]

const fragmentMillis = 400

const count = (bytes: Uint8Array, format: string) => {
  const { audio, exitCode, log, video } = decode(bytes, format as "mp4")
  return { audio, video, exitCode, log }
}

for (const [container, name, bytes, format] of sources) {
  describe(`${container}: ${name}`, () => {
    const vod = indexed(container, bytes, fragmentMillis)!

    test("every frame is in its segments, and FFmpeg decodes them without complaint", () => {
      expect(vod.segments.length).toBeGreaterThan(1)
      const made = count(whole(vod, bytes), "mp4")
      const original = count(bytes, format)
      expect([made.exitCode, made.log]).toEqual([0, ""])
      expect([made.video, made.audio]).toEqual([original.video, original.audio])
    })

    test("sound stays with the pictures", () => {
      const distance = (found: ReturnType<typeof probe>) => {
        const first = (kind: string) => found.packets.find(({ codec_type }) => codec_type === kind)!
        return Number(first("audio").pts_time) - Number(first("video").pts_time)
      }
      const made = probe(whole(vod, bytes), "mp4")
      const original = probe(bytes, format as "mp4")
      expect(Math.abs(distance(made) - distance(original))).toBeLessThan(0.03)
    })

    test("segments follow each other, and the list keeps the rules", () => {
      for (const [i, { endMillis }] of vod.segments.slice(0, -1).entries()) {
        expect(vod.segments[i + 1]!.startMillis).toBe(endMillis)
      }
      const text = vodPlaylistText(vod)
      expect(playlistBreaches(text)).toEqual([])
      expect(text).toEndWith("#EXT-X-ENDLIST\n")
      expect(readByHlsParser(text).segments.length).toBe(vod.segments.length)
    })

    if (container !== "mp4") {
      test("the file in any pieces is the same file", () => {
        const random = randomOf(7)
        for (let run = 0; run < 20; run++) {
          const pieces: Array<Uint8Array> = []
          for (let at = 0; at < bytes.length;) {
            const end = at + 1 + random(run === 0 ? 1 : 20_000)
            pieces.push(bytes.subarray(at, end))
            at = end
          }
          const again = indexed(container, bytes, fragmentMillis, pieces)!
          expect(again.segments).toEqual(vod.segments)
          expect(again.segments.map((_, i) => again.spansOf(i))).toEqual(vod.segments.map((_, i) => vod.spansOf(i)))
        }
      })
    }
  })
}

/** Samples of each `trun`, by mux.js. */
const samplesOf = (bytes: Uint8Array): ReadonlyArray<number> =>
  muxjs.mp4.tools
    .inspect(bytes)
    .filter(({ type }) => type === "moof")
    .flatMap(({ boxes }) => boxes.filter(({ type }) => type === "traf"))
    .map(({ boxes }) => boxes.find(({ type }) => type === "trun")!.samples.length)

test("mux.js makes the same samples of TS", () => {
  const bytes = read("ts/ffmpeg-h264-aac.mpegts")
  const vod = indexed("ts", bytes, 100_000)!
  const theirs: Array<Uint8Array> = []
  const transmuxer = new muxjs.mp4.Transmuxer({ keepOriginalTimestamps: true })
  transmuxer.on("data", ({ data }) => theirs.push(data))
  transmuxer.push(bytes)
  transmuxer.flush()
  expect(samplesOf(segmentOf(vod, bytes, 0).bytes).toSorted()).toEqual(
    theirs.flatMap((data) => samplesOf(data)).toSorted()
  )
})

describe("what is no such file", () => {
  test("is none, whatever its bytes are", () => {
    const random = randomOf(3)
    for (const [container, , bytes] of sources) {
      if (container === "mp4") continue
      expect(indexed(container, new Uint8Array(0), fragmentMillis)).toBeUndefined()
      for (let run = 0; run < 40; run++) {
        const broken = bytes.slice(0, random(2) === 0 ? bytes.length : random(bytes.length))
        for (let change = random(30); change > 0; change--) broken[random(broken.length)] = random(256)
        const vod = indexed(container, broken, fragmentMillis)
        for (const i of vod?.segments.keys() ?? []) segmentOf(vod!, broken, i)
      }
    }
  })

  test("an index that lies names no bytes outside of the file, and never throws", () => {
    const random = randomOf(4)
    const { fast } = files(framesOf("h264-aac"))
    const moov = new Uint8Array(inside(fast, "moov"))
    let played = 0
    for (let run = 0; run < 3000; run++) {
      const broken = moov.slice(0, random(4) === 0 ? random(moov.length) : moov.length)
      for (let change = 1 + random(3); change > 0; change--) broken[random(broken.length)] = random(256)
      const vod = indexMovie(broken, fast.length, fragmentMillis)
      if (vod === undefined) continue
      played++
      for (const i of vod.segments.keys()) {
        for (const { from, to } of vod.spansOf(i)) expect(from <= to && to <= fast.length).toBe(true)
        segmentOf(vod, fast, i)
      }
    }
    expect(played).toBeGreaterThan(100)
  })

  test("a fragmented file, and an encrypted one, are for others to play", () => {
    const { fast } = files(framesOf("h264-aac"))
    const moov = new Uint8Array(inside(fast, "moov"))
    const encrypted = moov.slice()
    const at = Buffer.from(encrypted).indexOf("avc1")
    encrypted.set(Buffer.from("encv"), at)
    // Its sound can still be played.
    expect(indexMovie(encrypted, fast.length, fragmentMillis)?.make(0)).toBeDefined()
    expect(indexMovie(moov, fast.length - 1, fragmentMillis)).toBeUndefined()
  })
})

test("paths below a media file", () => {
  expect(vodPath("a/film.mp4/index.m3u8")).toEqual({ file: "a/film.mp4", container: "mp4", part: { _tag: "Playlist" } })
  expect(vodPath("film.FLV/init-3.m4s")).toMatchObject({ container: "flv", part: { _tag: "Init", init: 3 } })
  expect(vodPath("film.ts/12.m4s")).toMatchObject({ container: "ts", part: { _tag: "Segment", segment: 12 } })
  for (const path of [
    "film.mp4",
    "film.mkv/index.m3u8",
    "index.m3u8",
    "film.mp4/01.m4s",
    "film.mp4/1234567.m4s",
    "film.mp4/a.m4s"
  ]) {
    expect(vodPath(path)).toBeUndefined()
  }
})
