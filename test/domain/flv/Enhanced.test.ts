import { expect, test } from "bun:test"
import { AudioId, FourCc, VideoId } from "../../../src/domain/codec/CodecId.ts"
import {
  audioBody,
  type AudioData,
  audioFrame,
  videoBody,
  type VideoData,
  videoFrame,
  wrapModEx,
  wrapTrack
} from "../../../src/domain/flv/Enhanced.ts"
import { bytes, hexOf, readBody, tell } from "./bodies.ts"

const data = bytes("0a0b0c")

const video: ReadonlyArray<[name: string, video: VideoData, hex: string]> = [
  ["H.264 header", { codec: FourCc.Avc, header: true, data }, "1700000000 0a0b0c"],
  ["H.264 key", { codec: FourCc.Avc, keyframe: true, compositionOffset: 80, data }, "1701000050 0a0b0c"],
  ["H.264 inter, negative offset", { codec: FourCc.Avc, compositionOffset: -10, data }, "2701fffff6 0a0b0c"],
  ["H.264 by its legacy id", { codec: VideoId.Avc, keyframe: true, data }, "1701000000 0a0b0c"],
  ["H.264 on track 1", { codec: FourCc.Avc, track: 1, keyframe: true, data }, "93 61766331 0a0b0c"],
  ["HEVC header", { codec: FourCc.Hevc, header: true, data }, "90 68766331 0a0b0c"],
  ["HEVC without offset", { codec: FourCc.Hevc, keyframe: true, data }, "93 68766331 0a0b0c"],
  ["HEVC with offset", { codec: FourCc.Hevc, compositionOffset: 40, data }, "a1 68766331 000028 0a0b0c"],
  ["HEVC by its legacy id", { codec: VideoId.Hevc, compositionOffset: 40, data }, "2c01000028 0a0b0c"],
  ["AV1", { codec: FourCc.Av1, keyframe: true, data }, "91 61763031 0a0b0c"],
  ["VP9 inter", { codec: FourCc.Vp9, data }, "a1 76703039 0a0b0c"],
  ["H.263", { codec: VideoId.H263, keyframe: true, data }, "12 0a0b0c"]
]

const audio: ReadonlyArray<[name: string, audio: AudioData, hex: string]> = [
  ["AAC header", { codec: FourCc.Aac, header: true, data }, "af00 0a0b0c"],
  ["AAC, whatever its rate", { codec: FourCc.Aac, sampleRate: 8000, channels: 1, data }, "af01 0a0b0c"],
  ["AAC on track 2", { codec: FourCc.Aac, track: 2, data }, "91 6d703461 0a0b0c"],
  ["MP3 44.1 kHz stereo", { codec: FourCc.Mp3, sampleRate: 44_100, channels: 2, data }, "2f 0a0b0c"],
  ["MP3 22.05 kHz mono", { codec: FourCc.Mp3, sampleRate: 22_050, channels: 1, data }, "2a 0a0b0c"],
  ["MP3 8 kHz", { codec: FourCc.Mp3, sampleRate: 8000, channels: 1, data }, "e2 0a0b0c"],
  ["G.711 A-law", { codec: AudioId.G711A, sampleRate: 8000, channels: 1, data }, "72 0a0b0c"],
  ["G.711 mu-law", { codec: AudioId.G711U, sampleRate: 8000, channels: 1, data }, "82 0a0b0c"],
  ["Opus header", { codec: FourCc.Opus, header: true, data }, "90 4f707573 0a0b0c"],
  ["Opus", { codec: FourCc.Opus, data }, "91 4f707573 0a0b0c"]
]

for (const [name, row, hex] of video) {
  test(`writes ${name} as the specification has it, and as the reader reads it`, () => {
    expect(hexOf(videoBody(row))).toBe(hex.replaceAll(" ", ""))
    const frame = videoFrame(row, 1000)
    const [read] = readBody("video", videoBody(row)).frames
    expect({ ...tell(frame), track: 0 }).toEqual(tell(read))
    expect(frame.published).toBe(1000)
    expect(frame.track).toBe(row.track ?? 0)
  })
}

for (const [name, row, hex] of audio) {
  test(`writes ${name} as the specification has it, and as the reader reads it`, () => {
    expect(hexOf(audioBody(row))).toBe(hex.replaceAll(" ", ""))
    const frame = audioFrame(row, 1000)
    const [read] = readBody("audio", audioBody(row)).frames
    expect({ ...tell(frame), track: 0 }).toEqual(tell(read))
    expect(frame.track).toBe(row.track ?? 0)
  })
}

test("wraps a frame of another track as OneTrack", () => {
  const frame = videoFrame({ codec: FourCc.Hevc, track: 3, compositionOffset: 40, data }, 0)
  expect(wrapTrack(frame)).toEqual(bytes("a601 68766331 03 000028 0a0b0c"))
  const sound = audioFrame({ codec: FourCc.Opus, track: 255, data }, 0)
  expect(wrapTrack(sound)).toEqual(bytes("9501 4f707573 ff 0a0b0c"))
})

test("a legacy body has no multitrack form", () => {
  const frame = audioFrame({ codec: FourCc.Aac, data }, 0)
  expect(wrapTrack(frame)).toEqual(frame.body)
})

const relayed = [
  ["video", "9702000001f700aa03 68766331 26"],
  ["audio", "970207a12001 4f707573 fc"]
] as const

for (const [kind, hex] of relayed) {
  test(`${kind} with ModEx leaves as it came`, () => {
    const [frame] = readBody(kind, bytes(hex)).frames
    expect(wrapModEx(frame)).toEqual(bytes(hex))
  })
}

test("ModEx goes in front of multitrack", () => {
  const message = "970200000106 01 68766331 02 000050 26"
  const [frame] = readBody("video", bytes(message)).frames
  expect(wrapModEx(frame, wrapTrack(frame))).toEqual(bytes(message))
  expect(wrapModEx(frame)).toEqual(bytes("970200000101 68766331 000050 26"))
})

test("a frame that came without ModEx leaves without", () => {
  const frame = videoFrame({ codec: FourCc.Av1, data }, 0)
  expect(wrapModEx(frame)).toEqual(frame.body)
})
