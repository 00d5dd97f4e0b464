import { describe, expect, test } from "bun:test"
import {
  chunkedLength,
  encodeMessage,
  messageLength,
  type OutgoingMessage,
  writeBody,
  writeFmt0,
  writeFmt1
} from "../../../src/domain/rtmp/ChunkWriter.ts"
import { fill, hex, hexOf, readPieces, seeded } from "./chunkBytes.ts"

const message = (fields: Partial<OutgoingMessage>): OutgoingMessage => ({
  chunkStreamId: 3,
  type: 20,
  timestamp: 0,
  streamId: 0,
  body: hex("aabb"),
  chunkSize: 128,
  ...fields
})

const body = (count: number) => hex(fill(count, "aa"))

/** Hand-typed from RTMP 1.0 §5.3. */
const cases: ReadonlyArray<readonly [name: string, message: OutgoingMessage, bytes: string]> = [
  [
    "writes fmt 0 with a little-endian stream id",
    message({ chunkStreamId: 6, type: 9, timestamp: 0x010203, streamId: 0x01020304 }),
    "06 010203 000002 09 04030201 aabb"
  ],
  ["writes an empty message", message({ body: hex("") }), "03 000000 000000 14 00000000"],
  [
    "continues with fmt 3",
    message({ body: body(300) }),
    `03 000000 00012c 14 00000000 ${fill(128, "aa")} c3 ${fill(128, "aa")} c3 ${fill(44, "aa")}`
  ],
  [
    "writes no fmt 3 behind a full last chunk",
    message({ body: body(128) }),
    `03 000000 000080 14 00000000 ${fill(128, "aa")}`
  ],
  ["writes a chunk stream id in 2 bytes", message({ chunkStreamId: 64 }), "00 00 000000 000002 14 00000000 aabb"],
  [
    "writes the last chunk stream id of 2 bytes",
    message({ chunkStreamId: 319 }),
    "00 ff 000000 000002 14 00000000 aabb"
  ],
  [
    "writes a chunk stream id in 3 bytes, also in fmt 3",
    message({ chunkStreamId: 65599, body: body(129) }),
    `01 ffff 000000 000081 14 00000000 ${fill(128, "aa")} c1 ffff aa`
  ],
  ["writes the last time of 24 bits", message({ timestamp: 0xfffffe }), "03 fffffe 000002 14 00000000 aabb"],
  [
    "extends the time from 0xFFFFFF on and repeats it in fmt 3",
    message({ timestamp: 0xffffff, body: body(129) }),
    `03 ffffff 000081 14 00000000 00ffffff ${fill(128, "aa")} c3 00ffffff aa`
  ],
  ["writes a time above 2^31", message({ timestamp: 0xfffffff0 }), "03 ffffff 000002 14 00000000 fffffff0 aabb"]
]

describe("ChunkWriter", () => {
  for (const [name, outgoing, text] of cases) {
    test(name, () => expect(hexOf(encodeMessage(outgoing))).toBe(hexOf(hex(text))))
  }

  test("writes fmt 1, extended too", () => {
    const target = new Uint8Array(30)
    expect(writeFmt1(target, 2, 4, 40, 0x010203, 8)).toBe(10)
    expect(hexOf(target.subarray(0, 10))).toBe(hexOf(hex("0000 44 000028 010203 08")))
    expect(writeFmt1(target, 10, 4, 0x01000000, 2, 8)).toBe(22)
    expect(hexOf(target.subarray(10, 22))).toBe(hexOf(hex("44 ffffff 000002 08 01000000")))
  })

  test("writes a range of a buffer as body, and nothing behind it", () => {
    const target = new Uint8Array(8).fill(0xee)
    expect(writeBody(target, 1, 5, hex("00 0102030405 00"), 1, 6, 4, -1)).toBe(7)
    expect(hexOf(target)).toBe(hexOf(hex("ee 01020304 c5 05 ee")))
  })

  test("knows the length of what it writes", () => {
    for (const chunkSize of [128, 300, 4096]) {
      for (const length of [0, 1, 127, 128, 129, 256, 257, 600, 900, 9000]) {
        for (const timestamp of [5, 0x01000000]) {
          const extended = timestamp > 0xffffff
          const target = new Uint8Array(20_000)
          const head = writeFmt0(target, 0, 6, timestamp, length, 9, 1)
          const end = writeBody(target, head, 6, body(length), 0, length, chunkSize, extended ? timestamp : -1)
          expect(messageLength(length, head, chunkSize, extended)).toBe(end)
          if (!extended) expect(chunkedLength(length, 12, chunkSize)).toBe(end)
        }
      }
    }
  })

  test("writes what the reader, which is tested against hand-typed chunks, reads", () => {
    const random = seeded(4)
    const below = (limit: number) => Math.floor(random() * limit)
    for (let i = 0; i < 500; i++) {
      const outgoing = message({
        chunkStreamId: 2 + below([62, 300, 65598][i % 3]),
        type: 8 + below(2),
        timestamp: below(i % 2 === 0 ? 0xffffff : 0x100000000),
        streamId: below(0x100000000),
        body: Uint8Array.from({ length: 1 + below(600) }, () => below(256))
      })
      const { chunkStreamId, streamId, timestamp, type } = outgoing
      const received = { chunkStreamId, streamId, timestamp, type, body: hexOf(outgoing.body) }
      expect(readPieces([encodeMessage(outgoing)])).toEqual({ messages: [received], code: undefined })
    }
  })
})
