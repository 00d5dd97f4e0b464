/** What independent readers find in our transport streams: FFmpeg, GStreamer, mux.js, mediabunny. */
import { describe, expect, test } from "bun:test"
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny"
import muxjs from "mux.js"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { id3Tag, textFrame } from "../../../src/domain/ts/id3.ts"
import { TsMux } from "../../../src/domain/ts/TsMux.ts"
import { bytesFrom, decode, framesOf, muxed, probe, ticksOf, type Times, timesOf } from "./media.ts"
import { continuityErrors, specPackets } from "./specPackets.ts"

const clips = [
  ["h264-aac", ["aac", "h264"]],
  ["h264-mp3", ["h264", "mp3"]],
  ["hevc-opus", ["hevc", "opus"]],
  ["hevc-hdr-aac", ["aac", "hevc"]]
] as const

const count = (name: string, kind: Kind) =>
  framesOf(name).filter((frame) => frame.kind === kind && isCoded(frame)).length

describe("FFmpeg", () => {
  for (const [name, codecs] of clips) {
    test(`finds every frame of ${name} with its times, and decodes it without complaint`, () => {
      const frames = framesOf(name)
      const bytes = muxed(frames)
      const found = probe(bytes, "mpegts")
      expect({ codecs: found.codecs, log: found.log }).toEqual({ codecs: [...codecs], log: "" })
      expect(timesOf(found, Kind.Video)).toEqual(ticksOf(frames, Kind.Video))
      expect(timesOf(found, Kind.Audio)).toEqual(ticksOf(frames, Kind.Audio))
      const decoded = decode(bytes, "mpegts")
      expect(decoded).toMatchObject({ exitCode: 0, log: "", video: count(name, Kind.Video) })
      expect(decoded.audio).toBeGreaterThanOrEqual(count(name, Kind.Audio) - 1)
    })
  }

  test("reads sound alone, several frames to a packet", () => {
    const frames = framesOf("h264-aac").filter((frame) => frame.kind === Kind.Audio)
    const bytes = muxed(frames, { audioPesMillis: 150 })
    const found = probe(bytes, "mpegts")
    expect(found).toMatchObject({ codecs: ["aac"], log: "" })
    expect(found.packets.length).toBe(count("h264-aac", Kind.Audio))
    expect(bytes.length).toBeLessThan(muxed(frames).length)
    expect(decode(bytes, "mpegts")).toMatchObject({ exitCode: 0, log: "" })
  })

  test("reads pictures alone", () => {
    const bytes = muxed(framesOf("hevc-opus").filter((frame) => frame.kind === Kind.Video))
    expect(probe(bytes, "mpegts")).toMatchObject({ codecs: ["hevc"], log: "" })
    expect(decode(bytes, "mpegts")).toMatchObject({ exitCode: 0, log: "", video: 25 })
  })

  test("reads across the wrap of the 33-bit clock", () => {
    // 2^33 ticks are 95 443 717.7 ms.
    const frames = framesOf("h264-aac", 95_443_300)
    const found = probe(muxed(frames), "mpegts")
    const first = found.packets.find((packet) => packet.codec_type === "video")?.dts ?? 0
    const base = ticksOf(frames, Kind.Video)[0][0]
    const relative = (times: Times, zero: number) => times.map(([dts, pts, key]) => [dts - zero, pts - zero, key])
    expect(found.log).toBe("")
    for (const kind of [Kind.Video, Kind.Audio]) {
      expect(relative(timesOf(found, kind), first)).toEqual(relative(ticksOf(frames, kind), base))
    }
    expect(decode(muxed(frames), "mpegts")).toMatchObject({ exitCode: 0, log: "", video: 25 })
  })

  test("decodes two publishers with different parameter sets, one after the other", () => {
    const second = framesOf("h264-mp3", 2000).filter((frame) => frame.kind === Kind.Video)
    const first = framesOf("h264-aac").filter((frame) => frame.kind === Kind.Video)
    expect(decode(muxed([...first, ...second]), "mpegts")).toMatchObject({ exitCode: 0, video: 50 })
  })
})

describe("FFmpeg, of segments that share one mux,", () => {
  test("decodes each alone and all in a row, with counters that run on", () => {
    const mux = new TsMux({ audioPesMillis: 150 })
    const segments: Array<SlabWriter> = []
    const frames = [...framesOf("h264-aac"), ...framesOf("h264-aac", 1100)].filter((frame, i) => i < 3 || !frame.header)
    for (const frame of frames) {
      const last = segments.at(-1)
      if (frame.keyframe || last === undefined) {
        if (last !== undefined) mux.flush(last)
        const next = new SlabWriter()
        segments.push(next)
        if (frame.keyframe) mux.writePsi(next)
      }
      mux.write(frame, segments[segments.length - 1])
    }
    mux.flush(segments[segments.length - 1])
    const written = segments.map((out) => bytesFrom(out, 0)).filter((bytes) => bytes.length > 0)
    expect(written.length).toBe(frames.filter((frame) => frame.keyframe).length)
    let pictures = 0
    for (const bytes of written) {
      expect(
        specPackets(bytes)
          .slice(0, 2)
          .map(({ pid }) => pid)
      ).toEqual([0, 0x1001])
      const { exitCode, log, video } = decode(bytes, "mpegts")
      expect({ exitCode, log }).toEqual({ exitCode: 0, log: "" })
      pictures += video
    }
    expect(pictures).toBe(50)
    const all = new Uint8Array(Buffer.concat(written))
    expect(continuityErrors(specPackets(all))).toBe(0)
    expect(decode(all, "mpegts")).toMatchObject({ exitCode: 0, log: "", video: 50 })
  })
})

test("FFmpeg finds timed ID3", () => {
  const mux = new TsMux({ metadata: true })
  const out = new SlabWriter()
  for (const frame of framesOf("h264-aac")) mux.write(frame, out)
  for (const time of [100, 600]) mux.writeId3(time, id3Tag([textFrame("title", `at ${time}`)]), out)
  const { codecs, packets } = probe(bytesFrom(out, 0), "mpegts")
  expect(codecs).toEqual(["aac", "h264", "timed_id3"])
  expect(packets.filter(({ codec_type }) => codec_type === "data").map(({ pts }) => pts)).toEqual([9000, 54_000])
})

/** Buffers that reach the end of a pipeline of GStreamer, with their DTS in milliseconds after the first. */
const gstreamer = (bytes: Uint8Array, chain: string): ReadonlyArray<number> => {
  const command = `gst-launch-1.0 -v fdsrc fd=0 ! tsdemux name=d d. ! queue ! ${chain} ! fakesink silent=false`
  const { stdout } = Bun.spawnSync(command.split(" "), { stdin: bytes, stdout: "pipe", stderr: "pipe" })
  const times = Array.from(
    stdout.toString().matchAll(/dts: (\d+):(\d+):([\d.]+)/g),
    ([, hours, minutes, seconds]) => (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000
  )
  return times.map((time) => Math.round(time - times[0]))
}

describe("GStreamer", () => {
  test("reads H.264 from the start of the clock, where the clock reference is before its wrap", () => {
    expect(gstreamer(muxed(framesOf("h264-aac")), "h264parse")).toEqual(Array.from({ length: 25 }, (_, i) => i * 40))
  })

  test("reads HEVC", () => {
    expect(gstreamer(muxed(framesOf("hevc-opus")), "h265parse")).toEqual(Array.from({ length: 25 }, (_, i) => i * 40))
  })

  test("reads across the wrap of the 33-bit clock", () => {
    const bytes = muxed(framesOf("h264-aac", 95_443_300))
    expect(gstreamer(bytes, "h264parse")).toEqual(Array.from({ length: 25 }, (_, i) => i * 40))
  })
})

test("mux.js makes MP4 of every frame", () => {
  const transmuxer = new muxjs.mp4.Transmuxer({ keepOriginalTimestamps: true })
  const sizes: Array<number> = []
  transmuxer.on("data", (segment: { data: Uint8Array }) => {
    for (const box of muxjs.mp4.tools.inspect(segment.data)) {
      if (box.type !== "moof") continue
      for (const traf of box.boxes.filter((child) => child.type === "traf")) {
        for (const trun of traf.boxes.filter((child) => child.type === "trun")) sizes.push(trun.samples.length)
      }
    }
  })
  transmuxer.push(muxed(framesOf("h264-aac")))
  transmuxer.flush()
  expect(sizes.sort((a, b) => a - b)).toEqual([25, 48])
})

test("mediabunny reads every frame with its times", async () => {
  for (const name of ["h264-aac", "hevc-hdr-aac"]) {
    const frames = framesOf(name)
    const input = new Input({ source: new BufferSource(muxed(frames)), formats: ALL_FORMATS })
    for (const [kind, track] of [
      [Kind.Video, await input.getPrimaryVideoTrack()],
      [Kind.Audio, await input.getPrimaryAudioTrack()]
    ] as const) {
      if (track === null) throw new Error(`${name}: no track`)
      const times: Array<number> = []
      for await (const packet of new EncodedPacketSink(track).packets())
        times.push(Math.round(packet.timestamp * 90_000))
      expect(times).toEqual(ticksOf(frames, kind).map(([, pts]) => pts))
    }
  }
})
