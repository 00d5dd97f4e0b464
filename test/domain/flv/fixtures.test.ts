/** Files of FFmpeg 5.1 and 8.1 (test/fixtures/flv, scripts/fixtures/flv.ts) against what FFmpeg's demuxer finds in them. */
import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import { aacCodecs, decodeAudioSpecificConfig } from "../../../src/domain/codec/AudioSpecificConfig.ts"
import { av1Codecs, decodeAv1Config } from "../../../src/domain/codec/Av1Config.ts"
import { avcCodecs, avcLevelName, avcProfileName, decodeAvcConfig } from "../../../src/domain/codec/AvcConfig.ts"
import { codecName } from "../../../src/domain/codec/CodecId.ts"
import { decodeHevcConfig, hevcCodecs, hevcProfileName } from "../../../src/domain/codec/HevcConfig.ts"
import { decodeOpusHead } from "../../../src/domain/codec/OpusHead.ts"
import { decodeVpcConfig, vpcCodecs } from "../../../src/domain/codec/VpcConfig.ts"
import { flvHeader, flvTag } from "../../../src/domain/flv/FlvTag.ts"
import { wrapTrack } from "../../../src/domain/flv/Enhanced.ts"
import { FlvReader } from "../../../src/domain/flv/FlvReader.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { concat } from "../../../src/domain/bytes/bytes.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"

interface Facts {
  readonly streams: ReadonlyArray<Record<string, unknown>>
  readonly packets: ReadonlyArray<readonly [stream: number, dts: number, pts: number, size: number, key: boolean]>
}

const folder = `${import.meta.dirname}/../../fixtures/flv`
const fileOf = (name: string): Uint8Array => new Uint8Array(readFileSync(`${folder}/${name}.flv`))
const factsOf = (name: string): Facts => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")) as Facts

const framesOf = (file: Uint8Array): ReadonlyArray<MediaFrame> => {
  const frames: Array<MediaFrame> = []
  const bodies = new TagBodyReader()
  const failure = new FlvReader().push(file, (type, timestamp, bytes, start, end) => {
    if (type !== Kind.Audio && type !== Kind.Video) return
    expect(bodies.read(type, timestamp, bytes, start, end, (frame) => frames.push(frame))).toBeUndefined()
  })
  expect(failure).toBeUndefined()
  return frames
}

/** FFmpeg's names of our codecs. */
const ffmpegNames: Record<string, string> = {
  H264: "h264",
  HEVC: "hevc",
  AV1: "av1",
  VP9: "vp9",
  H263: "flv1",
  Screen: "flashsv",
  Screen2: "flashsv2",
  AAC: "aac",
  MP3: "mp3",
  Opus: "opus",
  FLAC: "flac",
  "AC-3": "ac3",
  "E-AC-3": "eac3",
  Nellymoser: "nellymoser",
  Speex: "speex",
  LPCM: "pcm_s16le",
  ADPCM: "adpcm_swf",
  G711A: "pcm_alaw",
  G711U: "pcm_mulaw"
}

/** Frames that are neither configuration, nor end of sequence, nor HDR metadata. */
const isMedia = (frame: MediaFrame): boolean => {
  if (frame.header || frame.end === frame.dataStart) return false
  const first = frame.bytes[frame.start]
  return !(frame.kind === Kind.Video && first >= 0x80 && (first & 0x0f) === 4)
}

const names = [
  "h264-aac",
  "h264-mp3",
  "h263-nellymoser",
  "h263-speex",
  "screen-lpcm",
  "screen2-adpcm",
  "g711a",
  "g711u",
  "hevc-opus",
  "hevc-hdr-aac",
  "av1-flac",
  "vp9-ac3",
  "h264-eac3",
  "multitrack"
]

for (const name of names) {
  test(`${name}: codecs, times, lengths and key frames are what FFmpeg reads`, () => {
    const { packets, streams } = factsOf(name)
    const media = framesOf(fileOf(name)).filter(isMedia)
    const found = new Map<string, Array<unknown>>()
    for (const frame of media) {
      const codec = ffmpegNames[codecName(frame.kind, frame.codec)]
      const list = found.get(codec) ?? []
      const key = frame.kind === Kind.Audio || frame.keyframe
      const pts = frame.published + frame.compositionOffset
      list.push([frame.published, pts, frame.end - frame.dataStart, key])
      found.set(codec, list)
    }
    expect([...found.keys()].sort()).toEqual(streams.map((stream) => stream["codec"] as string).sort())
    streams.forEach((stream, index) => {
      const theirs = packets.filter(([of]) => of === index).map(([, ...rest]) => rest)
      expect(found.get(stream["codec"] as string)).toEqual(theirs)
    })
  })
}

/** The first configuration of a codec in a fixture. */
const configOf = (fixture: string, codec: string): Uint8Array => {
  const frame = framesOf(fileOf(fixture)).find((f) => f.header && codecName(f.kind, f.codec) === codec)
  if (frame === undefined) throw new Error(`${fixture} has no ${codec} configuration`)
  return frame.data
}

const streamOf = (fixture: string, codec: string) =>
  factsOf(fixture).streams.find((stream) => stream["codec"] === ffmpegNames[codec]) ?? {}

for (const name of ["h264-aac", "h264-mp3", "h264-eac3", "multitrack"]) {
  test(`${name}: avcC gives the size, profile and level that FFmpeg gives`, () => {
    const theirs = streamOf(name, "H264")
    const config = Result.getOrThrow(decodeAvcConfig(configOf(name, "H264")))
    expect([config.picture?.width, config.picture?.height]).toEqual([Number(theirs["width"]), Number(theirs["height"])])
    expect(config.picture?.framesPerSecond).toBe(25)
    expect(avcLevelName(config)).toBe(String(Number(theirs["level"]) / 10))
    expect(config.lengthSize).toBe(4)
    if (theirs["codecs"] !== undefined) expect(avcCodecs(config)).toBe(theirs["codecs"] as string)
  })
}

test("avcC: profiles", () => {
  const nameOf = (fixture: string) => avcProfileName(Result.getOrThrow(decodeAvcConfig(configOf(fixture, "H264"))))
  expect(nameOf("h264-aac")).toBe("High")
  expect(nameOf("h264-mp3")).toBe("Baseline(Constrained)")
})

for (const [name, profile, codecs] of [
  ["hevc-opus", "Main", "hvc1.1.6.L60.90"],
  ["hevc-hdr-aac", "Main10", "hvc1.2.4.L60.90"],
  ["multitrack", "Main", "hvc1.1.6.L30.90"]
] as const) {
  test(`${name}: hvcC gives the size, profile and level that FFmpeg gives`, () => {
    const theirs = streamOf(name, "HEVC")
    const config = Result.getOrThrow(decodeHevcConfig(configOf(name, "HEVC")))
    expect(config.picture).toEqual({ width: Number(theirs["width"]), height: Number(theirs["height"]) })
    expect([config.profile, config.level]).toEqual([Number(theirs["profile"]), Number(theirs["level"])])
    expect([config.vps.length, config.sps.length, config.pps.length]).toEqual([1, 1, 1])
    expect(hevcProfileName(config)).toBe(profile)
    expect(hevcCodecs(config)).toBe(codecs)
  })
}

test("av1C gives the size and CODECS parameter that FFmpeg gives", () => {
  const theirs = streamOf("av1-flac", "AV1")
  const config = Result.getOrThrow(decodeAv1Config(configOf("av1-flac", "AV1")))
  expect(config.picture).toEqual({ width: Number(theirs["width"]), height: Number(theirs["height"]) })
  expect(av1Codecs(config)).toBe(theirs["codecs"] as string)
})

test("vpcC gives the CODECS parameter that FFmpeg gives", () => {
  const config = Result.getOrThrow(decodeVpcConfig(configOf("vp9-ac3", "VP9")))
  expect(vpcCodecs(config)).toBe(streamOf("vp9-ac3", "VP9")["codecs"] as string)
})

test("AudioSpecificConfig gives the rate, channels and CODECS parameter that FFmpeg gives", () => {
  for (const name of ["h264-aac", "hevc-hdr-aac", "multitrack"]) {
    const theirs = streamOf(name, "AAC")
    const config = Result.getOrThrow(decodeAudioSpecificConfig(configOf(name, "AAC")))
    expect([config.sampleRate, config.channels]).toEqual([Number(theirs["sampleRate"]), Number(theirs["channels"])])
    expect(aacCodecs(config)).toBe("mp4a.40.2")
  }
})

test("OpusHead gives the channels that FFmpeg gives", () => {
  const head = Result.getOrThrow(decodeOpusHead(configOf("hevc-opus", "Opus")))
  expect(head).toEqual({ channels: 2, preSkip: 312, inputSampleRate: 48_000, outputGain: 0, mappingFamily: 0 })
})

test("FFmpeg's multitrack messages are read and written alike, byte for byte", () => {
  const file = fileOf("multitrack")
  const bodies = new TagBodyReader()
  const tags: Array<Uint8Array> = []
  new FlvReader().push(file, (type, timestamp, bytes, start, end) => {
    if (type !== Kind.Audio && type !== Kind.Video) {
      tags.push(flvTag(type, timestamp, bytes.subarray(start, end)))
      return
    }
    bodies.read(type, timestamp, bytes, start, end, (frame) =>
      tags.push(flvTag(type, timestamp, frame.track === 0 ? frame.body : wrapTrack(frame)))
    )
  })
  expect(Buffer.compare(concat([flvHeader(true, true), ...tags]), file)).toBe(0)
})
