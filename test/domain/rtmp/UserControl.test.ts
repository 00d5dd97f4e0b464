import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { decode, encode, type UserControl } from "../../../src/domain/rtmp/UserControl.ts"
import { fill, hex, hexOf, seeded } from "./chunkBytes.ts"

/** RTMP 1.0 §7.1.7, and the events that Adobe's servers send besides. */
const cases: ReadonlyArray<readonly [body: string, message: UserControl]> = [
  ["0000 00000001", { _tag: "StreamBegin", value: 1 }],
  ["0001 00000001", { _tag: "StreamEof", value: 1 }],
  ["0002 ffffffff", { _tag: "StreamDry", value: 0xffffffff }],
  ["0003 00000001 000003e8", { _tag: "SetBufferLength", streamId: 1, millis: 1000 }],
  ["0004 00000001", { _tag: "StreamIsRecorded", value: 1 }],
  ["0006 80000000", { _tag: "PingRequest", value: 0x80000000 }],
  ["0007 0000abcd", { _tag: "PingResponse", value: 0xabcd }],
  ["001a 01", { _tag: "SwfVerificationRequest", value: 1 }],
  [`001b ${fill(42, "5a")}`, { _tag: "SwfVerificationResponse", data: new Uint8Array(42).fill(0x5a) }],
  ["001f 00000001", { _tag: "BufferEmpty", value: 1 }],
  ["0020 00000001", { _tag: "BufferReady", value: 1 }],
  ["0005 0102", { _tag: "Unknown", event: 5, data: Uint8Array.of(1, 2) }],
  ["1234", { _tag: "Unknown", event: 0x1234, data: new Uint8Array(0) }]
]

describe("UserControl", () => {
  for (const [text, message] of cases) {
    test(`${message._tag} ${text.slice(0, 4)}: both ways`, () => {
      expect(Result.getOrThrow(decode(hex(text)))).toEqual(message)
      expect(hexOf(encode(message))).toBe(text.replaceAll(" ", ""))
    })

    test(`${message._tag} ${text.slice(0, 4)}: refuses every shorter body`, () => {
      const body = hex(text)
      const required = message._tag === "Unknown" ? 2 : body.length
      for (let length = 0; length < required; length++) {
        const result = decode(body.subarray(0, length))
        expect(Result.isFailure(result) && result.failure.code).toBe(2007)
      }
    })
  }

  test("ignores bytes behind the fields", () => {
    expect(Result.getOrThrow(decode(hex("0006 00000001 ffff")))).toEqual({ _tag: "PingRequest", value: 1 })
  })

  test("survives 100 000 random bodies, and writes again what it read", () => {
    const random = seeded(8)
    for (let i = 0; i < 100_000; i++) {
      const body = Uint8Array.from({ length: random() * 50 }, () => random() * 256)
      if (body.length > 1 && i % 4 !== 0) body.set([0, random() * 34])
      const result = decode(body)
      if (Result.isSuccess(result)) expect(hexOf(body)).toStartWith(hexOf(encode(result.success)))
    }
  })
})
