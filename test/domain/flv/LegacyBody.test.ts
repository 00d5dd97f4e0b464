/** Layouts of FLV 10.1 §E.4.2 and §E.4.3, typed by hand. */
import { expect, test } from "bun:test"
import { AudioId, VideoId } from "../../../src/domain/codec/CodecId.ts"
import { bytes, expected, type Expected, readBody, tell } from "./bodies.ts"

const audio: ReadonlyArray<[name: string, message: string, frame: Expected]> = [
  ["LPCM", "0e 0102", { codec: AudioId.Lpcm, data: "0102" }],
  ["ADPCM", "1a 0102", { codec: AudioId.Adpcm, data: "0102" }],
  ["MP3, first frame too", "2f fffb9044", { codec: AudioId.Mp3, data: "fffb9044" }],
  ["LPCM little endian", "3e 01", { codec: AudioId.LpcmLittleEndian, data: "01" }],
  ["Nellymoser 16 kHz", "42 01", { codec: AudioId.Nellymoser16k, data: "01" }],
  ["Nellymoser 8 kHz", "52 01", { codec: AudioId.Nellymoser8k, data: "01" }],
  ["Nellymoser", "6a 01", { codec: AudioId.Nellymoser, data: "01" }],
  ["G.711 A-law", "72 d5d5", { codec: AudioId.G711A, data: "d5d5" }],
  ["G.711 mu-law", "82 ffff", { codec: AudioId.G711U, data: "ffff" }],
  ["AAC header", "af 00 1190", { codec: AudioId.Aac, data: "1190", header: true }],
  ["AAC frame", "af 01 21100460", { codec: AudioId.Aac, data: "21100460" }],
  ["AAC header without extradata", "af 00", { codec: AudioId.Aac, data: "" }],
  ["AAC packet type of no meaning", "af 07 01", { codec: AudioId.Aac, data: "01" }],
  ["Speex", "b2 01", { codec: AudioId.Speex, data: "01" }],
  ["reserved 12", "c2 01", { codec: 12, data: "01" }],
  ["Opus as lal has it", "d2 01", { codec: AudioId.Opus, data: "01" }],
  ["MP3 8 kHz", "e2 01", { codec: AudioId.Mp3Rate8k, data: "01" }],
  ["device specific", "f2 01", { codec: AudioId.DeviceSpecific, data: "01" }],
  ["one byte of G.711", "72", { codec: AudioId.G711A, data: "" }]
]

const video: ReadonlyArray<[name: string, message: string, frame: Expected]> = [
  ["H.263 key", "12 00008400", { codec: VideoId.H263, data: "00008400", keyframe: true }],
  ["H.263 inter", "22 000084", { codec: VideoId.H263, data: "000084" }],
  ["H.263 disposable", "32 000084", { codec: VideoId.H263, data: "000084" }],
  ["screen video", "13 30", { codec: VideoId.Screen, data: "30", keyframe: true }],
  ["VP6", "14 00 78", { codec: VideoId.Vp6, data: "0078", keyframe: true }],
  ["VP6 with alpha", "25 00 000010", { codec: VideoId.Vp6Alpha, data: "00000010" }],
  ["screen video 2", "16 30", { codec: VideoId.Screen2, data: "30", keyframe: true }],
  ["generated key frame", "46 30", { codec: VideoId.Screen2, data: "30", keyframe: true }],
  ["RealH263", "18 01", { codec: VideoId.RealH263, data: "01", keyframe: true }],
  ["reserved 1", "11 01", { codec: 1, data: "01", keyframe: true }],
  ["reserved 15", "2f 01", { codec: 15, data: "01" }],
  ["frame type 0", "02 01", { codec: VideoId.H263, data: "01" }],
  ["command frame", "57 00", { codec: VideoId.Avc, data: "00" }],
  ["command frame of one byte", "57", { codec: VideoId.Avc, data: "" }],
  ["AVC header", "17 00 000000 0164", { codec: VideoId.Avc, data: "0164", header: true }],
  ["AVC header in an inter frame", "27 00 000000 0164", { codec: VideoId.Avc, data: "0164", header: true }],
  ["AVC header without extradata", "17 00 000000", { codec: VideoId.Avc, data: "" }],
  ["AVC key", "17 01 000050 65", { codec: VideoId.Avc, data: "65", keyframe: true, compositionOffset: 80 }],
  ["AVC inter", "27 01 000000 41", { codec: VideoId.Avc, data: "41" }],
  ["negative composition", "27 01 fffff6 41", { codec: VideoId.Avc, data: "41", compositionOffset: -10 }],
  ["least composition", "27 01 800000 41", { codec: VideoId.Avc, data: "41", compositionOffset: -8388608 }],
  ["AVC generated key", "47 01 000000 65", { codec: VideoId.Avc, data: "65", keyframe: true }],
  ["AVC end of sequence", "17 02 000000", { codec: VideoId.Avc, data: "" }],
  ["AVC end without composition", "17 02", { codec: VideoId.Avc, data: "" }],
  ["AVC packet type of no meaning", "17 09 000001 01", { codec: VideoId.Avc, data: "01" }],
  ["HEVC header by convention", "1c 00 000000 0101", { codec: VideoId.Hevc, data: "0101", header: true }],
  ["HEVC key", "1c 01 000028 26", { codec: VideoId.Hevc, data: "26", keyframe: true, compositionOffset: 40 }],
  ["AV1 header by convention", "1d 00 000000 8100", { codec: VideoId.Av1, data: "8100", header: true }],
  ["AV1 key", "1d 01 000000 0a0b", { codec: VideoId.Av1, data: "0a0b", keyframe: true }]
]

for (const [kind, table] of [
  ["audio", audio],
  ["video", video]
] as const) {
  for (const [name, message, row] of table) {
    test(`${kind}: ${name}`, () => {
      const { failure, frames } = readBody(kind, bytes(message))
      expect(failure).toBeUndefined()
      expect(frames.map(tell)).toEqual([expected(row, Buffer.from(bytes(message)).toString("hex"))])
      expect(frames[0].published).toBe(1000)
    })
  }
}

test("a frame refers to the bytes of its message", () => {
  const message = bytes("27 01 000000 41")
  const { frames } = readBody("video", message)
  expect(frames[0].start).toBe(3)
  expect(frames[0].bytes.length).toBe(message.length + 5)
})

test("an empty body is no frame and no failure", () => {
  for (const kind of ["audio", "video"] as const)
    expect(readBody(kind, bytes(""))).toEqual({ frames: [], failure: undefined })
})

for (const [kind, name, message] of [
  ["audio", "AAC without packet type", "af"],
  ["video", "AVC without packet type", "17"],
  ["video", "AVC header that ends in its composition time", "17 00 0000"],
  ["video", "AVC frame without composition time", "27 01"],
  ["video", "HEVC without packet type", "1c"]
] as const) {
  test(`malformed: ${name}`, () => {
    const { failure, frames } = readBody(kind, bytes(message))
    expect(frames).toEqual([])
    expect(failure?.kind).toBe(kind)
    expect(failure?.length).toBe(bytes(message).length)
  })
}
