import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { split } from "../../../src/domain/rtmp/Aggregate.ts"
import type { RtmpMessage } from "../../../src/domain/rtmp/ChunkReader.ts"
import { hex, type Received, seeded, snapshot } from "./chunkBytes.ts"

/** Bytes in front of and behind the body must not be touched: the body is a range of a slab. */
const aggregate = (body: Uint8Array, timestamp = 1000): RtmpMessage => ({
  type: 22,
  timestamp,
  streamId: 1,
  chunkStreamId: 6,
  bytes: Buffer.concat([hex("ffffff"), body, hex("ffffff")]),
  start: 3,
  end: 3 + body.length
})

const splitAll = (message: RtmpMessage) => {
  const messages: Array<Received> = []
  const result = split(message, (each) => messages.push(snapshot(each)))
  return { messages, code: Result.isFailure(result) ? result.failure.code : undefined }
}

const sub = (type: number, timestamp: number, body: string): Received => ({
  type,
  timestamp,
  streamId: 1,
  chunkStreamId: 6,
  body
})

const video = "09 000002 000064 00 000000 aabb 0000000d"
const audio = "08 000001 000078 00 000000 cc 0000000c"

describe("Aggregate", () => {
  test("counts the times of its messages from its own", () => {
    expect(splitAll(aggregate(hex(video + audio)))).toEqual({
      messages: [sub(9, 1000, "aabb"), sub(8, 1020, "cc")],
      code: undefined
    })
  })

  test("reads the high byte of a time, and steps back", () => {
    const late = "09 000001 ffffff 00 000000 aa 0000000c  08 000001 000001 01 000000 bb 0000000c"
    const back = "08 000001 fffff5 00 000000 cc 0000000c"
    expect(splitAll(aggregate(hex(late + back))).messages).toEqual([
      sub(9, 1000, "aa"),
      sub(8, 1002, "bb"),
      sub(8, 990, "cc")
    ])
  })

  test("wraps times at 32 bits", () => {
    expect(splitAll(aggregate(hex(video + audio), 0xfffffff0)).messages.map(({ timestamp }) => timestamp)).toEqual([
      0xfffffff0, 4
    ])
  })

  test("takes the stream from the aggregate, not from its messages", () => {
    expect(splitAll(aggregate(hex("09 000001 000000 00 000007 aa 0000000c"))).messages).toEqual([sub(9, 1000, "aa")])
  })

  test("does not trust the back pointer", () => {
    expect(splitAll(aggregate(hex("09 000001 000000 00 000000 aa ffffffff"))).code).toBeUndefined()
  })

  test("leaves empty messages out, and can be empty", () => {
    expect(splitAll(aggregate(hex("09 000000 000000 00 000000 0000000b")))).toEqual({ messages: [], code: undefined })
    expect(splitAll(aggregate(hex("")))).toEqual({ messages: [], code: undefined })
  })

  test("fails with 2024 for every truncation, after the messages before it", () => {
    const body = hex(video + audio)
    const first = hex(video).length
    for (let length = 1; length < body.length; length++) {
      if (length === first) continue
      const { code, messages } = splitAll(aggregate(body.subarray(0, length)))
      expect([code, messages.length]).toEqual([2024, length < first ? 0 : 1])
    }
  })

  test("survives 100 000 random bodies and stays inside them", () => {
    const random = seeded(9)
    for (let i = 0; i < 100_000; i++) {
      const body = Uint8Array.from({ length: random() * 60 }, (_, at) => (at % 16 < 3 ? 0 : random() * 20))
      const message = aggregate(body)
      split(message, ({ bytes, end, start }) => {
        expect(bytes).toBe(message.bytes)
        expect(start >= message.start && start < end && end <= message.end).toBe(true)
      })
    }
  })
})
