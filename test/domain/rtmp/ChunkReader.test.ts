import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { ChunkReader } from "../../../src/domain/rtmp/ChunkReader.ts"
import {
  bytesOneByOne,
  cutAtRandom,
  fill,
  hex,
  hexOf,
  type Outcome,
  type Received,
  readPieces,
  seeded
} from "./chunkBytes.ts"

const message = (fields: Partial<Received> & { readonly body: string }): Received => ({
  type: 9,
  timestamp: 0,
  streamId: 1,
  chunkStreamId: 4,
  ...fields
})

const ignored = { receive: () => undefined }

const ok = (...messages: ReadonlyArray<Received>): Outcome => ({ messages, code: undefined })
const error = (code: number, ...messages: ReadonlyArray<Received>): Outcome => ({ messages, code })

/** Times and bodies of messages on chunk stream 4, type 9, stream 1. */
const timed = (...timesAndBodies: ReadonlyArray<readonly [number, string]>): Outcome =>
  ok(...timesAndBodies.map(([timestamp, body]) => message({ timestamp, body })))

/** Hand-typed from RTMP 1.0 §5.3: basic header, message header, payload. */
const cases: ReadonlyArray<readonly [name: string, bytes: string, outcome: Outcome]> = [
  [
    "reads fmt 0 with its little-endian stream id",
    "04 000010 000002 08 01020304 aabb",
    ok(message({ type: 8, timestamp: 16, streamId: 0x04030201, body: "aabb" }))
  ],
  [
    "reads a stream id above 2^31 as a positive number",
    "04 000010 000001 08 ffffffff aa",
    ok(message({ type: 8, timestamp: 16, streamId: 0xffffffff, body: "aa" }))
  ],
  [
    "adds the deltas of fmt 1, 2 and 3",
    "04 000064 000001 09 01000000 aa  44 000005 000002 08 bbbb  84 000007 cccc  c4 dddd",
    ok(
      message({ timestamp: 100, body: "aa" }),
      message({ type: 8, timestamp: 105, body: "bbbb" }),
      message({ type: 8, timestamp: 112, body: "cccc" }),
      message({ type: 8, timestamp: 119, body: "dddd" })
    )
  ],
  [
    "adds the absolute time again for fmt 3 after fmt 0, as FFmpeg means it",
    "04 000028 000001 09 01000000 aa c4 bb",
    timed([40, "aa"], [80, "bb"])
  ],
  [
    "wraps times at 32 bits",
    "04 ffffff 000001 09 01000000 fffffff0 aa 84 000020 bb",
    timed([0xfffffff0, "aa"], [0x10, "bb"])
  ],
  ["keeps times above 2^31 unmasked", "04 ffffff 000001 09 01000000 80000001 aa", timed([0x80000001, "aa"])],
  [
    "reads chunk stream ids in 1, 2 and 3 bytes",
    "3f 000001 000001 09 01000000 aa  00 00 000002 000001 09 01000000 bb  00 ff 000003 000001 09 01000000 cc" +
      "01 00 01 000004 000001 09 01000000 dd  01 ff ff 000005 000001 09 01000000 ee",
    ok(
      message({ chunkStreamId: 63, timestamp: 1, body: "aa" }),
      message({ chunkStreamId: 64, timestamp: 2, body: "bb" }),
      message({ chunkStreamId: 319, timestamp: 3, body: "cc" }),
      message({ chunkStreamId: 320, timestamp: 4, body: "dd" }),
      message({ chunkStreamId: 65599, timestamp: 5, body: "ee" })
    )
  ],
  [
    "takes a low chunk stream id in its long form as the same stream",
    "00 06 000001 000001 09 01000000 aa  81 06 00 000002 bb",
    ok(
      message({ chunkStreamId: 70, timestamp: 1, body: "aa" }),
      message({ chunkStreamId: 70, timestamp: 3, body: "bb" })
    )
  ],
  [
    "joins the chunks of a message",
    `04 000000 000102 09 01000000 ${fill(128, "aa")} c4 ${fill(128, "bb")} c4 cccc`,
    timed([0, fill(128, "aa") + fill(128, "bb") + "cccc"])
  ],
  [
    "needs no fmt 3 for a message of exactly one chunk",
    `04 000000 000080 09 01000000 ${fill(128, "aa")} 84 000001 ${fill(128, "bb")}`,
    timed([0, fill(128, "aa")], [1, fill(128, "bb")])
  ],
  [
    "keeps interleaved chunk streams apart",
    `04 000005 000082 09 01000000 ${fill(128, "aa")} 06 000006 000081 08 01000000 ${fill(128, "bb")} c4 aaaa c6 bb c4 ${fill(128, "cc")} c4 cccc`,
    ok(
      message({ timestamp: 5, body: fill(130, "aa") }),
      message({ type: 8, chunkStreamId: 6, timestamp: 6, body: fill(129, "bb") }),
      message({ timestamp: 10, body: fill(130, "cc") })
    )
  ],
  [
    "ignores an empty message and keeps its header",
    "04 000005 000000 09 01000000  c4 c4  44 000001 000001 09 aa",
    timed([16, "aa"])
  ],
  [
    "applies Set Chunk Size to what follows and delivers it",
    `02 000000 000004 01 00000000 00000100  04 000000 000100 09 01000000 ${fill(256, "aa")}`,
    ok(message({ type: 1, streamId: 0, chunkStreamId: 2, body: "00000100" }), message({ body: fill(256, "aa") }))
  ],
  [
    "applies Set Chunk Size to the rest of an unfinished message",
    `04 000000 000100 09 01000000 ${fill(128, "aa")} 02 000000 000004 01 00000000 00001000 c4 ${fill(128, "bb")}`,
    ok(
      message({ type: 1, streamId: 0, chunkStreamId: 2, body: "00001000" }),
      message({ body: fill(128, "aa") + fill(128, "bb") })
    )
  ],
  [
    "accepts the largest chunk size of the specification",
    `02 000000 000004 01 00000000 7fffffff  04 000000 000100 09 01000000 ${fill(256, "aa")}`,
    ok(message({ type: 1, streamId: 0, chunkStreamId: 2, body: "7fffffff" }), message({ body: fill(256, "aa") }))
  ],
  [
    "drops the message that Abort names, and only that",
    `04 000005 000090 09 01000000 ${fill(128, "aa")} 06 000006 000081 08 01000000 ${fill(128, "bb")}` +
      `02 000000 000004 02 00000000 00000004 c6 bb 04 000007 000001 09 01000000 cc`,
    ok(
      message({ type: 2, streamId: 0, chunkStreamId: 2, body: "00000004" }),
      message({ type: 8, chunkStreamId: 6, timestamp: 6, body: fill(129, "bb") }),
      message({ timestamp: 7, body: "cc" })
    )
  ],
  [
    "ignores an Abort of a chunk stream that has no message",
    "02 000000 000004 02 00000000 00000009 02 000000 000004 02 00000000 ffffffff 04 000007 000001 09 01000000 cc",
    ok(
      message({ type: 2, streamId: 0, chunkStreamId: 2, body: "00000009" }),
      message({ type: 2, streamId: 0, chunkStreamId: 2, body: "ffffffff" }),
      message({ timestamp: 7, body: "cc" })
    )
  ],
  [
    "accepts fmt 1 as the first chunk (librtmp's ping, 0x42), on stream 0",
    "42 000003 000001 04 aa",
    ok(message({ type: 4, timestamp: 3, streamId: 0, chunkStreamId: 2, body: "aa" }))
  ],
  ["refuses fmt 2 as the first chunk", "84 000000 aa", error(2001)],
  ["refuses fmt 3 as the first chunk", "c4", error(2001)],
  [
    "refuses fmt 0 inside a message",
    `04 000000 000081 09 01000000 ${fill(128, "aa")} 04 000000 000081 09 01000000`,
    error(2001)
  ],
  [
    "refuses fmt 1 inside a message with another length",
    `04 000000 000081 09 01000000 ${fill(128, "aa")} 44 000000 000082 09`,
    error(2013)
  ],
  [
    "continues a message with fmt 1 of the same length",
    `04 000005 000081 09 01000000 ${fill(128, "aa")} 44 000007 000081 09 bb c4 ${fill(128, "cc")} c4 cc`,
    timed([5, fill(128, "aa") + "bb"], [10, fill(129, "cc")])
  ],
  [
    "continues a message with fmt 2",
    `04 000005 000081 09 01000000 ${fill(128, "aa")} 84 000007 bb`,
    timed([5, fill(128, "aa") + "bb"])
  ],
  ["refuses a chunk size below 128", "02 000000 000004 01 00000000 0000007f", error(2010)],
  ["refuses a chunk size with bit 31", "02 000000 000004 01 00000000 80001000", error(2010)],
  ["refuses a Set Chunk Size that is too short", "02 000000 000003 01 00000000 000010", error(2007)],
  ["refuses an Abort that is too short", "02 000000 000003 02 00000000 000010", error(2007)],
  [
    "delivers what came before a bad chunk",
    "04 000000 000001 09 01000000 aa 88 000000",
    error(2001, message({ body: "aa" }))
  ],
  [
    "reads an extended delta of fmt 1 and 2",
    "04 000010 000001 09 01000000 aa 44 ffffff 000001 09 01000000 bb 84 ffffff 01000001 cc",
    timed([16, "aa"], [16 + 0x01000000, "bb"], [16 + 0x02000001, "cc"])
  ],
  [
    "reads a small delta in the extended field",
    "04 000010 000001 09 01000000 aa 84 ffffff 00000005 bb",
    timed([16, "aa"], [21, "bb"])
  ],
  [
    "reads a step back, which librtmp and OBS write as a delta of 2^32 - 10",
    "04 000064 000001 09 01000000 aa 84 ffffff fffffff6 bb",
    timed([100, "aa"], [90, "bb"])
  ],
  [
    "reads the absolute time in the extended field of fmt 1 and 2, as SRS does",
    "04 ffffff 000001 09 01000000 01000000 aa 44 ffffff 000001 09 01000028 bb 84 ffffff 01000050 cc",
    timed([0x01000000, "aa"], [0x01000028, "bb"], [0x01000050, "cc"])
  ],
  [
    "reads an extended timestamp that is repeated in fmt 3 (FFmpeg, SRS, lal)",
    `04 ffffff 000102 09 01000000 01000000 ${fill(128, "aa")} c4 01000000 ${fill(128, "bb")} c4 01000000 cccc`,
    timed([0x01000000, fill(128, "aa") + fill(128, "bb") + "cccc"])
  ],
  [
    "reads an extended timestamp that is left out in fmt 3 (OBS, older librtmp and FFmpeg)",
    `04 ffffff 000102 09 01000000 01000000 ${fill(128, "aa")} c4 ${fill(128, "bb")} c4 cccc`,
    timed([0x01000000, fill(128, "aa") + fill(128, "bb") + "cccc"])
  ],
  [
    "reads payload that begins like the timestamp left out",
    `04 ffffff 000084 09 01000000 01000000 ${fill(128, "aa")} c4 010000bb`,
    timed([0x01000000, fill(128, "aa") + "010000bb"])
  ],
  [
    "reads a short rest that begins like the timestamp left out, with a header behind it",
    `04 ffffff 000081 09 01000000 01000000 ${fill(128, "aa")} c4 01 06 000001 000001 09 01000000 bb`,
    ok(
      message({ timestamp: 0x01000000, body: fill(128, "aa") + "01" }),
      message({ chunkStreamId: 6, timestamp: 1, body: "bb" })
    )
  ],
  [
    "compares fmt 3 with the delta that fmt 1 carried",
    `04 000010 000001 09 01000000 aa 44 ffffff 000081 09 01000000 ${fill(128, "bb")} c4 01000000 bb`,
    timed([16, "aa"], [16 + 0x01000000, fill(129, "bb")])
  ],
  [
    "reads the extended timestamp of fmt 3 that begins a message with the same time",
    "04 ffffff 000001 09 01000000 01000000 aa c4 01000000 bb 84 000005 cc",
    timed([0x01000000, "aa"], [0x01000000, "bb"], [0x01000005, "cc"])
  ],
  [
    "repeats an extended delta with fmt 3",
    "04 000010 000001 09 01000000 aa 84 ffffff 01000000 bb c4 01000000 cc",
    timed([16, "aa"], [16 + 0x01000000, "bb"], [16 + 0x02000000, "cc"])
  ],
  [
    "expects no extended timestamp once a header had none",
    `04 ffffff 000001 09 01000000 01000000 aa 84 000005 bb c4 cc`,
    timed([0x01000000, "aa"], [0x01000005, "bb"], [0x0100000a, "cc"])
  ]
]

describe("ChunkReader", () => {
  for (const [name, text, outcome] of cases) {
    test(name, () => {
      const bytes = hex(text)
      expect(readPieces([bytes])).toEqual(outcome)
      expect(readPieces(bytesOneByOne(bytes))).toEqual(outcome)
      expect(readPieces(bytesOneByOne(bytes), undefined, true)).toEqual(outcome)
      const random = seeded(1)
      for (let i = 0; i < 20; i++) expect(readPieces(cutAtRandom(bytes, random, 40))).toEqual(outcome)
    })
  }

  test("delivers, for every prefix of every case, a beginning of its messages and no error of its own", () => {
    for (const [, text, outcome] of cases) {
      const bytes = hex(text)
      for (let length = 0; length < bytes.length; length++) {
        const { code, messages } = readPieces([bytes.subarray(0, length)])
        expect(messages).toEqual(outcome.messages.slice(0, messages.length))
        if (code !== undefined) expect(code).toBe(outcome.code as number)
      }
    }
  })

  test("knows the chunk size in force", () => {
    const reader = new ChunkReader()
    expect(reader.chunkSize).toBe(128)
    const bytes = hex("02 000000 000004 01 00000000 00001000")
    for (const byte of bytesOneByOne(bytes)) reader.push(byte, ignored)
    expect(reader.chunkSize).toBe(4096)
  })

  test("reads a chunk of a megabyte, where SRS's buffer overflows", () => {
    const body = fill(1_000_000, "5a")
    const bytes = hex(`02 000000 000004 01 00000000 00100000 04 000000 0f4240 09 01000000 ${body}`)
    const outcome = ok(message({ type: 1, streamId: 0, chunkStreamId: 2, body: "00100000" }), message({ body }))
    expect(readPieces([bytes])).toEqual(outcome)
    expect(readPieces(cutAtRandom(bytes, seeded(2), 3000))).toEqual(outcome)
  })

  test("reads the largest message there is", () => {
    const reader = new ChunkReader()
    const total = 0xffffff
    let received = 0
    let sum = 0
    reader.push(hex("02 000000 000004 01 00000000 7fffffff 04 000000 ffffff 09 01000000"), ignored)
    const piece = new Uint8Array(65536).fill(3)
    for (let left = total; left > 0; left -= piece.length) {
      reader.push(piece.subarray(0, Math.min(left, piece.length)), {
        receive: ({ bytes, end, start }) => {
          received = end - start
          for (let at = start; at < end; at++) sum += bytes[at]
        }
      })
    }
    expect([received, sum]).toEqual([total, 3 * total])
  })

  test("keeps twelve chunk streams apart", () => {
    const ids = Array.from({ length: 12 }, (_, i) => 3 + i)
    const first = ids.map((id) => `${hexOf(Uint8Array.of(id))} 0000${hexOf(Uint8Array.of(id))} 000001 09 01000000 aa`)
    const second = ids.map((id) => `${hexOf(Uint8Array.of(0xc0 | id))} bb`)
    const messages = ["aa", "bb"].flatMap((body, round) =>
      ids.map((id) => message({ chunkStreamId: id, timestamp: id << round, body }))
    )
    expect(readPieces([hex([...first, ...second].join(" "))])).toEqual(ok(...messages))
  })

  test("fails again on every push after a failure", () => {
    const reader = new ChunkReader()
    const first = reader.push(hex("c4"), ignored)
    expect(Result.isFailure(first)).toBe(true)
    expect(reader.push(hex("04 000000 000001 09 01000000 aa"), { receive: () => expect.unreachable() })).toBe(first)
  })

  test("uses one message object for all messages", () => {
    const seen = new Set<unknown>()
    new ChunkReader().push(hex("04 000000 000001 09 01000000 aa c4 bb"), { receive: (each) => seen.add(each) })
    expect(seen.size).toBe(1)
  })
})

describe("limits of ChunkReader", () => {
  test("refuses a longer message than allowed before it makes room for it", () => {
    expect(readPieces([hex("04 000000 000101 09 01000000")], { maxMessageBytes: 256 })).toEqual(error(2002))
    expect(readPieces([hex("04 000000 000100 09 01000000")], { maxMessageBytes: 256 })).toEqual(ok())
  })

  test("refuses too many unfinished messages", () => {
    const long = (count: number) =>
      hex(
        Array.from(
          { length: count },
          (_, i) => `00 ${i.toString(16).padStart(2, "0")} 000000 000081 09 01000000 ${fill(128, "aa")}`
        ).join("")
      )
    expect(readPieces([long(32)])).toEqual(ok())
    expect(readPieces([long(33)])).toEqual(error(2002))
  })

  test("refuses unfinished messages of too many bytes", () => {
    const long = (id: string) => `${id} 000000 ffffff 09 01000000 ${fill(128, "aa")}`
    expect(readPieces([hex(long("04") + long("05"))])).toEqual(ok())
    expect(readPieces([hex(long("04") + long("05") + long("06"))])).toEqual(error(2002))
  })

  test("refuses more chunk streams than it keeps state for", () => {
    const begin = (count: number) =>
      hex(
        Array.from(
          { length: count },
          (_, i) =>
            `01 ${(i & 255).toString(16).padStart(2, "0")} ${(i >> 8).toString(16).padStart(2, "0")} 000000 000000 09 01000000`
        ).join("")
      )
    expect(readPieces([begin(1024)])).toEqual(ok())
    expect(readPieces([begin(1025)])).toEqual(error(2001))
  })

  test("holds little for messages that are only announced", () => {
    const reader = new ChunkReader()
    const before = process.memoryUsage().arrayBuffers
    for (let id = 4; id < 6; id++) reader.push(hex(`0${id} 000000 ffffff 09 01000000 ${fill(128, "aa")}`), ignored)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })
})
