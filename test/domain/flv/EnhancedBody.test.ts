/** Layouts of Enhanced RTMP v2 (§ExVideoTagHeader, §ExAudioTagHeader), typed by hand. */
import { expect, test } from "bun:test"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { bytes, expected, type Expected, hexOf, readBody, tell } from "./bodies.ts"

const hvc1 = "68766331"
const av01 = "61763031"
const vp09 = "76703039"
const avc1 = "61766331"
const vvc1 = "76766331"
const opus = "4f707573"
const mp4a = "6d703461"
const ac3 = "61632d33"
const xyzw = "78797a77"
const xyzwCode = 0x78797a77

type Row = readonly [kind: "audio" | "video", name: string, message: string, ...frames: ReadonlyArray<Expected>]

const plain: ReadonlyArray<Row> = [
  ["video", "SequenceStart", `90 ${hvc1} 0101`, { codec: FourCc.Hevc, data: "0101", header: true }],
  ["video", "SequenceStart in an inter frame", `a0 ${hvc1} 01`, { codec: FourCc.Hevc, data: "01", header: true }],
  [
    "video",
    "CodedFrames of HEVC",
    `91 ${hvc1} 000050 26`,
    { codec: FourCc.Hevc, data: "26", keyframe: true, compositionOffset: 80 }
  ],
  ["video", "CodedFrames of H.264", `a1 ${avc1} fffffe 41`, { codec: FourCc.Avc, data: "41", compositionOffset: -2 }],
  [
    "video",
    "CodedFrames of VVC",
    `c1 ${vvc1} 000001 41`,
    { codec: FourCc.Vvc, data: "41", keyframe: true, compositionOffset: 1 }
  ],
  ["video", "CodedFrames of AV1", `91 ${av01} 0a0b`, { codec: FourCc.Av1, data: "0a0b", keyframe: true }],
  ["video", "CodedFrames of VP9", `a1 ${vp09} 8249`, { codec: FourCc.Vp9, data: "8249" }],
  [
    "video",
    "CodedFrames of an unknown codec",
    `91 ${xyzw} 01020304`,
    { codec: xyzwCode, data: "01020304", keyframe: true }
  ],
  ["video", "CodedFramesX", `93 ${hvc1} 26`, { codec: FourCc.Hevc, data: "26", keyframe: true }],
  ["video", "CodedFramesX without data", `a3 ${hvc1}`, { codec: FourCc.Hevc, data: "" }],
  ["video", "SequenceEnd", `92 ${hvc1}`, { codec: FourCc.Hevc, data: "" }],
  ["video", "Metadata", `94 ${hvc1} 02 0009`, { codec: FourCc.Hevc, data: "020009" }],
  ["video", "Metadata in a command frame, as FFmpeg sends it", `d4 ${hvc1} 02`, { codec: FourCc.Hevc, data: "02" }],
  ["video", "MPEG2TSSequenceStart", `95 ${av01} 8004`, { codec: FourCc.Av1, data: "8004", header: true }],
  ["video", "packet type of no meaning", `9f ${av01} 01`, { codec: FourCc.Av1, data: "01" }],
  ["video", "command frame before any codec", "d1 00", { codec: 0, data: "00" }],
  ["video", "command frame that looks like a header", "d0 00", { codec: 0, data: "00" }],
  ["audio", "SequenceStart", `90 ${opus} 4f70`, { codec: FourCc.Opus, data: "4f70", header: true }],
  ["audio", "SequenceStart without data", `90 ${ac3}`, { codec: FourCc.Ac3, data: "", header: true }],
  ["audio", "CodedFrames", `91 ${opus} fc`, { codec: FourCc.Opus, data: "fc" }],
  ["audio", "CodedFrames of AAC", `91 ${mp4a} 21`, { codec: FourCc.Aac, data: "21" }],
  ["audio", "CodedFrames of an unknown codec", `91 ${xyzw} 21`, { codec: xyzwCode, data: "21" }],
  ["audio", "SequenceEnd", `92 ${opus}`, { codec: FourCc.Opus, data: "" }],
  [
    "audio",
    "MultichannelConfig",
    `94 ${opus} 01 02 00000003`,
    { codec: FourCc.Opus, data: "010200000003", header: true }
  ]
]

const multitrack: ReadonlyArray<Row> = [
  [
    "video",
    "OneTrack",
    `96 01 ${hvc1} 02 000050 2601`,
    {
      codec: FourCc.Hevc,
      track: 2,
      keyframe: true,
      compositionOffset: 80,
      data: "2601",
      body: `91 ${hvc1} 000050 2601`
    }
  ],
  ["video", "OneTrack of track 0", `a6 03 ${hvc1} 00 41`, { codec: FourCc.Hevc, data: "41", body: `a3 ${hvc1} 41` }],
  [
    "video",
    "ManyTracks",
    `96 11 ${av01} 00 000002 0a0b 01 000001 0c`,
    { codec: FourCc.Av1, keyframe: true, data: "0a0b", body: `91 ${av01} 0a0b` },
    { codec: FourCc.Av1, keyframe: true, track: 1, data: "0c", body: `91 ${av01} 0c` }
  ],
  [
    "video",
    "ManyTracksManyCodecs",
    `96 20 ${av01} 00 000002 8100 ${hvc1} 01 000001 01`,
    { codec: FourCc.Av1, header: true, data: "8100", body: `90 ${av01} 8100` },
    { codec: FourCc.Hevc, header: true, track: 1, data: "01", body: `90 ${hvc1} 01` }
  ],
  ["audio", "OneTrack", `95 01 ${opus} ff fc`, { codec: FourCc.Opus, track: 255, data: "fc", body: `91 ${opus} fc` }],
  [
    "audio",
    "ManyTracks of which one is silent",
    `95 11 ${opus} 00 000001 fc 01 000000`,
    { codec: FourCc.Opus, data: "fc", body: `91 ${opus} fc` },
    { codec: FourCc.Opus, track: 1, data: "", body: `91 ${opus}` }
  ],
  [
    "audio",
    "ManyTracksManyCodecs",
    `95 20 ${opus} 00 000001 4f ${mp4a} 01 000002 1190`,
    { codec: FourCc.Opus, header: true, data: "4f", body: `90 ${opus} 4f` },
    { codec: FourCc.Aac, header: true, track: 1, data: "1190", body: `90 ${mp4a} 1190` }
  ]
]

const size256 = "5a".repeat(256)
const modEx: ReadonlyArray<Row> = [
  [
    "video",
    "TimestampOffsetNano",
    `97 02 07a120 03 ${hvc1} 26`,
    { codec: FourCc.Hevc, keyframe: true, data: "26", body: `93 ${hvc1} 26`, modEx: "97 02 07a120 03" }
  ],
  [
    "video",
    "a chain with an unknown type",
    `a7 00 aa f7 02 000001 01 ${hvc1} 000000 41`,
    { codec: FourCc.Hevc, data: "41", body: `a1 ${hvc1} 000000 41`, modEx: "a7 00 aa f7 02 000001 01" }
  ],
  [
    "video",
    "data of 256 bytes, in the long form",
    `97 ff 00ff ${size256} 03 ${hvc1} 26`,
    { codec: FourCc.Hevc, keyframe: true, data: "26", body: `93 ${hvc1} 26`, modEx: `97 ff 00ff ${size256} 03` }
  ],
  [
    "video",
    "data of 255 bytes, in the short form",
    `97 fe ${"5a".repeat(255)} 13 ${hvc1} 26`,
    { codec: FourCc.Hevc, keyframe: true, data: "26", body: `93 ${hvc1} 26`, modEx: `97 fe ${"5a".repeat(255)} 13` }
  ],
  [
    "video",
    "in front of a multitrack message",
    `97 02 000001 06 13 ${av01} 00 000001 0a 01 000001 0b`,
    { codec: FourCc.Av1, keyframe: true, data: "0a", body: `93 ${av01} 0a`, modEx: "97 02 000001 06" },
    { codec: FourCc.Av1, keyframe: true, track: 1, data: "0b", body: `93 ${av01} 0b`, modEx: "97 02 000001 06" }
  ],
  [
    "video",
    "in front of a command frame",
    "d7 00 aa 01 01",
    { codec: 0, data: "01", body: "d1 01", modEx: "d7 00 aa 01" }
  ],
  [
    "audio",
    "TimestampOffsetNano",
    `97 02 07a120 01 ${opus} fc`,
    { codec: FourCc.Opus, data: "fc", body: `91 ${opus} fc`, modEx: "97 02 07a120 01" }
  ],
  [
    "audio",
    "in front of a multitrack message",
    `97 02 000001 05 01 ${opus} 03 fc`,
    { codec: FourCc.Opus, track: 3, data: "fc", body: `91 ${opus} fc`, modEx: "97 02 000001 05" }
  ]
]

for (const [form, table] of Object.entries({ plain, multitrack, modEx })) {
  for (const [kind, name, message, ...rows] of table) {
    test(`${form} ${kind}: ${name}`, () => {
      const whole = bytes(message)
      const { failure, frames } = readBody(kind, whole)
      expect(failure).toBeUndefined()
      expect(frames.map(tell)).toEqual(rows.map((row) => expected(row, hexOf(whole))))
    })

    test(`${form} ${kind}: ${name}, cut short anywhere, does not throw`, () => {
      const whole = bytes(message)
      for (let length = 0; length < whole.length; length++) readBody(kind, whole.subarray(0, length))
    })
  }
}

test("only multitrack and ModEx copy", () => {
  for (const [kind, , message] of plain) expect(readBody(kind, bytes(message)).frames[0].start).toBe(3)
  for (const [kind, , message] of [...multitrack, ...modEx]) {
    for (const frame of readBody(kind, bytes(message)).frames) expect(frame.bytes.length).toBe(frame.length)
  }
})

test("a command frame carries the codec of the message before", () => {
  const reader = new TagBodyReader()
  readBody("video", bytes(`93 ${hvc1} 26`), reader)
  expect(readBody("video", bytes("d1 00"), reader).frames.map(tell)).toEqual([
    expected({ codec: FourCc.Hevc, data: "00" }, "d100")
  ])
})

test("more tracks than a track id can tell are malformed", () => {
  const { failure, frames } = readBody("audio", bytes(`95 11 ${opus} ${"00 000000".repeat(257)}`))
  expect(frames.length).toBe(256)
  expect(failure?.reason).toBe("too many tracks")
})

for (const [kind, name, message] of [
  ["video", "no fourCC", "91 687663"],
  ["video", "first byte only", "90"],
  ["video", "HEVC without composition time", `91 ${hvc1} 0000`],
  ["video", "ModEx without size", "97"],
  ["video", "ModEx whose data is missing", "97 05 00"],
  ["video", "ModEx with nothing behind", "97 00 aa"],
  ["video", "ModEx with half a long size", "97 ff 00"],
  ["video", "ModEx without fourCC", "97 00 aa 03 6876"],
  ["video", "multitrack without type", "96"],
  ["video", "multitrack in multitrack", `96 06 ${hvc1} 00 01`],
  ["video", "ModEx in multitrack", `96 07 ${hvc1} 00 01`],
  ["video", "reserved multitrack type", `96 31 ${hvc1} 00 01`],
  ["video", "multitrack without fourCC", "96 01 6876"],
  ["video", "multitrack without track", `96 01 ${hvc1}`],
  ["video", "track longer than its message", `96 11 ${av01} 00 000003 0a0b`],
  ["video", "many codecs, half a fourCC", "96 21 6876"],
  ["video", "a track of HEVC without composition time", `96 01 ${hvc1} 00 00`],
  ["audio", "no fourCC", "91 4f7075"],
  ["audio", "ModEx without end", "97 00 aa 07"],
  ["audio", "multitrack in multitrack", `95 05 ${opus} 00 01`]
] as const) {
  test(`malformed ${kind}: ${name}`, () => {
    const { failure, frames } = readBody(kind, bytes(message))
    expect(frames).toEqual([])
    expect(failure?.message).toStartWith(`${kind} message of `)
  })
}
