import { expect, test } from "bun:test"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { RtmpIngest } from "../../../src/domain/rtmp/RtmpIngest.ts"
import { randomOf } from "../config/random.ts"

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"))
const ascii = (text: string) => Buffer.from(text, "latin1").toString("hex")

const harness = () => {
  const frames: Array<MediaFrame> = []
  const ingest = new RtmpIngest((frame) => frames.push(frame), "me", "7.0.0")
  /** The body in the middle of a larger buffer, as messages have it. */
  const push = (type: number, timestamp: number, body: string) => {
    const padded = hex(`ffff${body}ffff`)
    return ingest.push({
      type,
      timestamp,
      streamId: 1,
      chunkStreamId: 4,
      bytes: padded,
      start: 2,
      end: padded.length - 2
    })
  }
  return { frames, ingest, push }
}

const shown = ({ codec, compositionOffset, data, header, keyframe, kind, published, track }: MediaFrame) => [
  kind,
  published,
  codec,
  track,
  header ? "header" : keyframe ? "key" : "",
  compositionOffset,
  Buffer.from(data).toString("hex")
]

test.each([
  ["AAC header", 8, "af 00 1210", [8, 40, 10, 0, "header", 0, "1210"]],
  ["AAC", 8, "af 01 2122", [8, 40, 10, 0, "", 0, "2122"]],
  ["MP3", 8, "2f fffb90", [8, 40, 2, 0, "", 0, "fffb90"]],
  ["Speex", 8, "b6 01", [8, 40, 11, 0, "", 0, "01"]],
  ["H.264 header", 9, "17 00 000000 0164", [9, 40, 7, 0, "header", 0, "0164"]],
  ["H.264 keyframe, shown 80 ms later", 9, "17 01 000050 00000001 65", [9, 40, 7, 0, "key", 80, "0000000165"]],
  ["H.264 picture, shown 1 ms earlier", 9, "27 01 ffffff 41", [9, 40, 7, 0, "", -1, "41"]],
  ["VP6 keyframe", 9, "14 0011", [9, 40, 4, 0, "key", 0, "0011"]],
  ["an unknown codec", 9, "1e 99", [9, 40, 14, 0, "key", 0, "99"]],
  ["Enhanced HEVC keyframe without composition time", 9, "93 68766331 26", [9, 40, 0x68766331, 0, "key", 0, "26"]],
  ["Enhanced Opus", 8, "91 4f707573 fc", [8, 40, 0x4f707573, 0, "", 0, "fc"]]
])("%s", (_, type, body, expected) => {
  const { frames, push } = harness()
  expect(push(type, 40, body)).toBeUndefined()
  expect(frames.map(shown)).toEqual([expected])
})

test("an aggregate's messages come with their own times, moved to the aggregate's", () => {
  const { frames, push } = harness()
  const first = "08 000003 000064 00 000000 af01aa 0000000e"
  const second = "09 000006 000078 00 000000 270100000041 00000011"
  expect(push(22, 5000, first + second)).toBeUndefined()
  expect(frames.map(({ kind, published }) => [kind, published])).toEqual([
    [8, 5000],
    [9, 5020]
  ])
})

test("an aggregate in an aggregate is not followed", () => {
  const { frames, push } = harness()
  const inner = "08 000003 000000 00 000000 af01aa 0000000e"
  const length = (inner.replaceAll(" ", "").length / 2).toString(16).padStart(6, "0")
  push(22, 0, `16 ${length} 000000 00 000000 ${inner} 00000000`)
  expect(frames).toEqual([])
})

const metadata = (name: string) =>
  `02 ${name.length.toString(16).padStart(4, "0")} ${ascii(name)}
   03 0005 ${ascii("width")} 00 4094000000000000 0008 ${ascii("duration")} 00 4024000000000000 0000 09`.replaceAll(
    "\n",
    ""
  )

test("metadata becomes a header frame: without @setDataFrame and duration, with the server's name", () => {
  const { frames, push } = harness()
  const prefix = `02 000d ${ascii("@setDataFrame")}`
  expect(push(18, 7, prefix + metadata("onMetaData"))).toBeUndefined()
  expect(frames.map(({ header, kind, published }) => [kind, published, header])).toEqual([[Kind.Data, 7, true]])
  const body = Buffer.from(frames[0].body).toString("latin1")
  expect(body.slice(0, 13)).toBe("\x02\x00\x0aonMetaData")
  expect(body).toContain("width")
  expect(body).not.toContain("duration")
  expect(body).toContain("server")
})

test("AMF3 metadata, with its leading zero, is the same", () => {
  const { frames, push } = harness()
  expect(push(15, 7, `00 ${metadata("onMetaData")}`)).toBeUndefined()
  expect(frames.length).toBe(1)
})

test("other data messages are counted and not relayed", () => {
  const { frames, ingest, push } = harness()
  expect(push(18, 7, metadata("onCuePoint"))).toBeUndefined()
  expect([frames.length, ingest.ignored]).toEqual([0, 1])
})

test("a body that cannot be read is told, an empty one is silence", () => {
  const { frames, push } = harness()
  expect(push(8, 0, "")).toBeUndefined()
  expect(push(9, 0, "")).toBeUndefined()
  expect(push(9, 0, "17")?._tag).toBe("MalformedTag")
  expect(push(18, 0, "02 ffff 41")?._tag).toBeDefined()
  expect(frames).toEqual([])
})

test("no input throws", () => {
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = randomOf(seed)
    const { ingest } = harness()
    const bytes = Uint8Array.from({ length: random(60) }, () => random(256))
    const type = [8, 9, 15, 18, 22][random(5)]
    ingest.push({ type, timestamp: random(2 ** 31), streamId: 1, chunkStreamId: 4, bytes, start: 0, end: bytes.length })
  }
})
