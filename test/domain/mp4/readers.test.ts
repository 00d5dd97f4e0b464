/** What independent readers find in our MP4: FFmpeg, GStreamer, mediabunny, mp4box, mux.js. */
import { describe, expect, test } from "bun:test"
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny"
import { createFile, MP4BoxBuffer, type Sample } from "mp4box"
import muxjs from "mux.js"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { fragmentLength, putFragment, TrackRun } from "../../../src/domain/mp4/Fragment.ts"
import { initSegment } from "../../../src/domain/mp4/initSegment.ts"
import { emsg, id3Scheme, prft, ReferenceTime, sidx, styp } from "../../../src/domain/mp4/segmentBoxes.ts"
import { id3Tag, textFrame } from "../../../src/domain/ts/id3.ts"
import { decode, framesOf, probe } from "../ts/media.ts"
import { files, fragmented, tracksOf } from "./written.ts"

const clips = [
  ["h264-aac", ["aac", "h264"]],
  ["h264-mp3", ["h264", "mp3"]],
  ["hevc-opus", ["hevc", "opus"]],
  ["hevc-hdr-aac", ["aac", "hevc"]],
  ["av1-flac", ["av1", "flac"]],
  ["vp9-ac3", ["vp9"]]
] as const

const hasSound = (name: string) => name !== "vp9-ac3"

const coded = (name: string, kind: Kind) => framesOf(name).filter((frame) => frame.kind === kind && isCoded(frame))

/** Milliseconds of DTS and PTS of each picture, size and key, as the source has them. */
const picturesOf = (name: string) =>
  coded(name, Kind.Video).map(({ compositionOffset, dataStart, end, keyframe, timestamp }) => [
    timestamp,
    timestamp + compositionOffset,
    end - dataStart,
    keyframe
  ])

for (const [kind, write] of [
  ["a fragmented stream", fragmented],
  ["a file", (frames: ReturnType<typeof framesOf>) => files(frames).late],
  ["a file that begins with its index", (frames: ReturnType<typeof framesOf>) => files(frames).fast]
] as const) {
  describe(`FFmpeg, in ${kind}`, () => {
    for (const [name, codecs] of clips) {
      test(`finds every frame of ${name} with its times, and decodes it without complaint`, () => {
        const bytes = write(framesOf(name))
        const found = probe(bytes, "mp4")
        expect({ codecs: found.codecs, log: found.log }).toEqual({
          codecs: [...codecs],
          log: ""
        })
        const video = found.packets.filter((packet) => packet.codec_type === "video")
        const expected = picturesOf(name)
        // Files begin at their first presentation, streams are absolute.
        const shift = Math.round(video[0].pts / 90) - (expected[0][1] as number)
        if (kind === "a fragmented stream") expect(shift).toBe(0)
        expect(
          video.map(({ dts, flags, pts, size }) => [
            Math.round(dts / 90) - shift,
            Math.round(pts / 90) - shift,
            Number(size),
            flags.includes("K")
          ])
        ).toEqual(expected)
        const sizes = found.packets.filter((packet) => packet.codec_type === "audio").map(({ size }) => Number(size))
        if (hasSound(name)) expect(sizes).toEqual(coded(name, Kind.Audio).map(({ dataStart, end }) => end - dataStart))
        const decoded = decode(bytes, "mp4")
        expect(decoded).toMatchObject({ exitCode: 0, log: "", video: expected.length })
        if (hasSound(name)) expect(decoded.audio).toBeGreaterThanOrEqual(sizes.length - 2)
      })
    }
  })
}

test("a CMAF segment of many samples, with index, producer time and event, is read by FFmpeg and mp4box", () => {
  const frames = framesOf("h264-aac")
  const { video } = tracksOf(frames)
  if (video === undefined) throw new Error("no pictures")
  const pictures = coded("h264-aac", Kind.Video)
  const run = new TrackRun(video.id)
  for (const frame of pictures) {
    run.add(frame, frame.timestamp * 90, 3600, frame.compositionOffset * 90, frame.keyframe)
  }
  const fragment = new Uint8Array(fragmentLength([run]))
  putFragment(fragment, 0, 1, [run])
  const time = prft(video.id, 1_700_000_000_000, 0, ReferenceTime.EncoderOutput)
  const event = { scheme: id3Scheme, value: "", timescale: 1000, presentationTime: 40, duration: 0, id: 1 }
  const message = emsg({ ...event, data: id3Tag([textFrame("a", "b")]) })
  const index = sidx({
    trackId: video.id,
    timescale: video.timescale,
    earliestPresentation: 80 * 90,
    firstOffset: 0,
    references: [
      { bytes: time.length + message.length + fragment.length, duration: run.duration, startsWithSync: true }
    ]
  })
  const bytes = new Uint8Array(Buffer.concat([initSegment([video]), styp(true), index, time, message, fragment]))
  expect(probe(bytes, "mp4").packets.map(({ dts, pts }) => [dts / 90, pts / 90])).toEqual(
    picturesOf("h264-aac").map(([dts, pts]) => [dts as number, pts as number])
  )
  expect(decode(bytes, "mp4")).toMatchObject({ exitCode: 0, log: "", video: 25 })
  const file = createFile()
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer as ArrayBuffer, 0))
  file.flush()
  expect(file.boxes.map(({ type }) => type)).toEqual(["ftyp", "moov", "styp", "sidx", "prft", "emsg", "moof", "mdat"])
})

describe("GStreamer", () => {
  const buffers = (bytes: Uint8Array, chain: string) => {
    const command = `gst-launch-1.0 -v fdsrc fd=0 ! qtdemux name=d d.video_0 ! queue ! ${chain} ! fakesink silent=false`
    const { stdout } = Bun.spawnSync(command.split(" "), { stdin: bytes, stdout: "pipe", stderr: "pipe" })
    return Array.from(stdout.toString().matchAll(/chain {3}\*+ .*?pts: (\d+):(\d+):([\d.]+)/g)).length
  }

  for (const [name, parser] of [
    ["h264-aac", "h264parse"],
    ["hevc-opus", "h265parse"],
    ["av1-flac", "av1parse"]
  ] as const) {
    test(`reads every picture of ${name}, fragmented and fast-started`, () => {
      const count = coded(name, Kind.Video).length
      expect(buffers(fragmented(framesOf(name)), parser)).toBe(count)
      expect(buffers(files(framesOf(name)).fast, parser)).toBe(count)
    })
  }
})

/** Codec strings as other programs tell them. */
const codecsOf: Record<string, ReadonlyArray<string>> = {
  "h264-aac": ["avc1.64000c", "mp4a.40.2"],
  "h264-mp3": ["avc1.42c01e", "mp4a.6B"],
  "hevc-opus": ["hvc1.1.6.L60.90", "opus"],
  "hevc-hdr-aac": ["hvc1.2.4.L60.90", "mp4a.40.2"],
  "av1-flac": ["av01.0.00M.08", "fLaC"],
  "vp9-ac3": ["vp09.00.11.08"]
}

test("CODECS parameters", () => {
  for (const [name] of clips)
    expect(tracksOf(framesOf(name)).all.map(({ codecs }) => codecs)).toEqual([...codecsOf[name]])
})

describe("mediabunny", () => {
  for (const [name] of clips) {
    test(`reads every frame of ${name}`, async () => {
      for (const bytes of [fragmented(framesOf(name)), files(framesOf(name)).late]) {
        const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
        const video = await input.getPrimaryVideoTrack()
        const audio = await input.getPrimaryAudioTrack()
        if (video === null) throw new Error("no pictures")
        // It says `hev1` for either, and AV1's and VP9's in their long forms.
        const [codecs] = codecsOf[name]
        expect(await video.getCodecParameterString()).toStartWith(codecs.replace("hvc1", "hev1"))
        const presented: Array<number> = []
        for await (const packet of new EncodedPacketSink(video).packets())
          presented.push(Math.round(packet.timestamp * 1000))
        const expected = picturesOf(name).map(([, pts]) => pts as number)
        expect(presented.map((time) => time - presented[0])).toEqual(expected.map((time) => time - expected[0]))
        if (audio === null) continue
        let sounds = 0
        for await (const packet of new EncodedPacketSink(audio).packets()) sounds += packet.data.length > 0 ? 1 : 0
        expect(sounds).toBe(coded(name, Kind.Audio).length)
      }
    })
  }
})

/** Of FLAC it says that it read too far: it does of FFmpeg's files as well. */
describe("mp4box", () => {
  for (const [name] of clips) {
    test(`reads every sample of ${name}`, () => {
      for (const bytes of [fragmented(framesOf(name)), files(framesOf(name)).fast]) {
        const file = createFile()
        const samples = new Map<number, Array<Sample>>()
        file.onSamples = (id, _user, found) => void samples.set(id, [...(samples.get(id) ?? []), ...found])
        file.onReady = (info) => {
          for (const track of info.tracks) file.setExtractionOptions(track.id, undefined, { nbSamples: 1 })
          expect(info.isFragmented).toBe(bytes[4 + 4] === 0x69 && info.brands.includes("iso6"))
          file.start()
        }
        file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer as ArrayBuffer, 0))
        file.flush()
        const video = samples.get(1) ?? []
        expect(video.map(({ cts, dts, is_sync, size }) => [cts - dts, size, is_sync])).toEqual(
          picturesOf(name).map(([dts, pts, size, key]) => [((pts as number) - (dts as number)) * 90, size, key])
        )
        if (hasSound(name)) expect((samples.get(2) ?? []).length).toBe(coded(name, Kind.Audio).length)
      }
    })
  }
})

test("mux.js sees the boxes of a fragmented stream", () => {
  const boxes = muxjs.mp4.tools.inspect(fragmented(framesOf("h264-aac")))
  expect(boxes.slice(0, 4).map(({ type }) => type)).toEqual(["ftyp", "moov", "moof", "mdat"])
  expect(boxes.filter(({ type }) => type === "moof").length).toBe(25 + 48)
})
