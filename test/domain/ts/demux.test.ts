/** Transport streams of FFmpeg and GStreamer (test/fixtures/ts) as media frames, whole, in pieces and with losses. */
import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import { decodeAudioSpecificConfig } from "../../../src/domain/codec/AudioSpecificConfig.ts"
import { decodeAvcConfig } from "../../../src/domain/codec/AvcConfig.ts"
import { codecName } from "../../../src/domain/codec/CodecId.ts"
import { decodeHevcConfig } from "../../../src/domain/codec/HevcConfig.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { TsFrames } from "../../../src/domain/ts/TsFrames.ts"
import { fixtures, framesOf, muxed } from "./media.ts"

const names = [
  "ffmpeg-h264-aac",
  "ffmpeg-h264-mp3",
  "ffmpeg-hevc-opus",
  "ffmpeg-hevc-aac",
  "ffmpeg-h264-aac-wrap",
  "gstreamer-h264-aac"
]

interface Facts {
  readonly codecs: ReadonlyArray<string>
  readonly packets: ReadonlyArray<readonly [kind: string, dts: number, pts: number, key: boolean]>
}

const bytesOf = (name: string) => new Uint8Array(readFileSync(`${fixtures}/ts/${name}.mpegts`))
const factsOf = (name: string) => JSON.parse(readFileSync(`${fixtures}/ts/${name}.json`, "utf8")) as Facts

/** Demuxed in pieces of `size` bytes. */
const demuxed = (bytes: Uint8Array, size = bytes.length) => {
  const demux = new TsFrames()
  const frames: Array<MediaFrame> = []
  for (let at = 0; at < bytes.length; at += size) demux.push(bytes.slice(at, at + size), (frame) => frames.push(frame))
  demux.end((frame) => frames.push(frame))
  return { demux, frames }
}

const of = (frames: ReadonlyArray<MediaFrame>, kind: Kind) => frames.filter((frame) => frame.kind === kind)
const noFaults = { skippedBytes: 0, badPackets: 0, continuityErrors: 0, badSections: 0, badPes: 0 }

const summary = (frame: MediaFrame) => [
  frame.kind,
  frame.codec,
  frame.published,
  frame.compositionOffset,
  frame.keyframe,
  frame.header,
  Buffer.from(frame.data).toString("base64")
]

describe("a stream of another program", () => {
  for (const name of names) {
    test(`${name}: times and key frames are what ffprobe reads`, () => {
      const { codecs, packets } = factsOf(name)
      const { demux, frames } = demuxed(bytesOf(name))
      expect(demux.faults).toEqual(noFaults)
      const found = new Set(frames.map(({ codec, kind }) => codecName(kind, codec).toLowerCase()))
      expect([...found].sort()).toEqual([...codecs].sort())
      for (const [kind, type] of [
        [Kind.Video, "video"],
        [Kind.Audio, "audio"]
      ] as const) {
        const expected = packets.filter(([packet]) => packet === type)
        const media = of(frames, kind).filter(isCoded)
        const unfolded = (ticks: number) => (ticks < expected[0][1] - 2 ** 32 ? ticks + 2 ** 33 : ticks)
        expect(media.map(({ published }) => published)).toEqual(
          expected.map(([, dts]) => Math.round(unfolded(dts) / 90))
        )
        const presented = expected.map(([, , pts]) => Math.round(unfolded(pts) / 90))
        expect(media.map((frame) => frame.published + frame.compositionOffset)).toEqual(presented)
        if (kind === Kind.Video)
          expect(media.map(({ keyframe }) => keyframe)).toEqual(expected.map(([, , , key]) => key))
      }
    })

    test(`${name}: its headers are records that can be read`, () => {
      const { frames } = demuxed(bytesOf(name))
      const headers = frames.filter((frame) => frame.header)
      for (const header of headers) {
        const codec = codecName(header.kind, header.codec)
        if (codec === "H264") {
          const config = Result.getOrThrow(decodeAvcConfig(header.data))
          expect(config.picture).toMatchObject({ width: 160, height: 90 })
        } else if (codec === "HEVC") {
          const config = Result.getOrThrow(decodeHevcConfig(header.data))
          expect(config).toMatchObject({ profile: 1, lengthSize: 4, picture: { width: 160, height: 90 } })
        } else if (codec === "AAC") {
          expect(Result.getOrThrow(decodeAudioSpecificConfig(header.data)).sampleRate).toBe(48_000)
        }
      }
      expect(of(headers, Kind.Video).length).toBe(1)
    })

    test(`${name}: gives the same in pieces of any size`, () => {
      const whole = demuxed(bytesOf(name)).frames.map(summary)
      for (const size of [1, 7, 187, 188, 189, 1000, 1316, 4096]) {
        expect(demuxed(bytesOf(name), size).frames.map(summary)).toEqual(whole)
      }
    })
  }
})

test("what the mux wrote comes back", () => {
  for (const name of ["h264-aac", "h264-mp3", "hevc-opus", "hevc-hdr-aac"]) {
    const source = framesOf(name)
    const { demux, frames } = demuxed(muxed(source, { audioPesMillis: name === "h264-aac" ? 120 : 0 }))
    expect(demux.faults).toEqual(noFaults)
    for (const kind of [Kind.Audio, Kind.Video]) {
      const sent = of(source, kind).filter(isCoded)
      const received = of(frames, kind).filter(isCoded)
      expect(received.length).toBe(sent.length)
      for (const [i, frame] of received.entries()) {
        expect(Math.abs(frame.published - sent[i].published)).toBeLessThanOrEqual(1)
        expect(frame.compositionOffset).toBe(sent[i].compositionOffset)
        if (kind === Kind.Audio) expect(Buffer.from(frame.data)).toEqual(Buffer.from(sent[i].data))
      }
    }
  }
})

test("a stream that comes later, or changes its codec, leaves the other one as it is", () => {
  const pictures = of(framesOf("h264-aac"), Kind.Video)
  const sounds = of(framesOf("h264-aac"), Kind.Audio).filter((frame) => frame.header || frame.published > 300)
  const others = of(framesOf("h264-mp3", 700), Kind.Audio)
  const sent = [...pictures, ...sounds.filter(({ published }) => published < 600), ...others]
  const { frames } = demuxed(muxed(sent.sort((a, b) => a.published - b.published)))
  for (const kind of [Kind.Video, Kind.Audio]) {
    const times = (all: ReadonlyArray<MediaFrame>) =>
      of(all, kind)
        .filter(isCoded)
        .map(({ codec, published }) => [codec, published])
    expect(times(frames)).toEqual(times(sent))
  }
})

test("times of 27 hours go on across the wrap of the 33-bit clock", () => {
  const [header, picture] = framesOf("h264-aac").filter((frame) => frame.kind === Kind.Video)
  const { bytes, codec, dataStart, end, kind, start } = picture
  const fields = { kind, codec, bytes, start, end, dataStart, keyframe: true }
  const later = (published: number) => new MediaFrame({ ...fields, published })
  const sent = Array.from({ length: 27 * 360 }, (_, i) => later(i * 10_000))
  const { demux, frames } = demuxed(muxed([header, ...sent]))
  expect(demux.faults).toEqual(noFaults)
  expect(frames.filter(isCoded).map(({ published }) => published)).toEqual(sent.map(({ published }) => published))
})

describe("losses", () => {
  const bytes = bytesOf("ffmpeg-h264-aac")
  const packets = bytes.length / 188

  test("of one packet cost no more than the PES packet that it was of, and are counted", () => {
    const whole = demuxed(bytes).frames.length
    for (let lost = 4; lost < packets; lost += 3) {
      const rest = Buffer.concat([bytes.subarray(0, lost * 188), bytes.subarray((lost + 1) * 188)])
      const { demux, frames } = demuxed(new Uint8Array(rest))
      // FFmpeg puts up to 17 frames of sound in a PES packet, whose start may be what was lost.
      expect(frames.length).toBeGreaterThanOrEqual(whole - 17)
      expect(demux.faults.continuityErrors).toBeLessThanOrEqual(1)
    }
  })

  test("and junk between packets are skipped, and are counted", () => {
    const junk = new Uint8Array(100).fill(0x55)
    const { demux, frames } = demuxed(
      new Uint8Array(Buffer.concat([junk, bytes.subarray(0, 1880), junk, bytes.subarray(1880)]))
    )
    expect(frames.length).toBe(demuxed(bytes).frames.length)
    expect(demux.faults).toEqual({ ...noFaults, skippedBytes: 200 })
  })

  test("of nothing: a packet that comes twice is taken once", () => {
    const twice = Buffer.concat([bytes.subarray(0, 1880), bytes.subarray(1692)])
    const { demux, frames } = demuxed(new Uint8Array(twice))
    expect(demux.faults).toEqual(noFaults)
    expect(frames.map(summary)).toEqual(demuxed(bytes).frames.map(summary))
  })
})
