import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { type ControlMessage, decode, encode, typeIds } from "../../../src/domain/rtmp/ControlMessage.ts"
import { hex, hexOf } from "./chunkBytes.ts"

/** RTMP 1.0 §5.4: type id, body, message. */
const cases: ReadonlyArray<readonly [name: string, typeId: number, body: string, message: ControlMessage]> = [
  ["Set Chunk Size", 1, "0000ea60", { _tag: "SetChunkSize", value: 60000 }],
  ["Abort", 2, "00000004", { _tag: "Abort", value: 4 }],
  ["Acknowledgement above 2^31", 3, "f0000001", { _tag: "Acknowledgement", value: 0xf0000001 }],
  ["Window Acknowledgement Size", 5, "002625a0", { _tag: "WindowAcknowledgementSize", value: 2500000 }],
  ["Set Peer Bandwidth, hard", 6, "002625a000", { _tag: "SetPeerBandwidth", value: 2500000, limit: "hard" }],
  ["Set Peer Bandwidth, soft", 6, "002625a001", { _tag: "SetPeerBandwidth", value: 2500000, limit: "soft" }],
  ["Set Peer Bandwidth, dynamic", 6, "002625a002", { _tag: "SetPeerBandwidth", value: 2500000, limit: "dynamic" }]
]

describe("ControlMessage", () => {
  for (const [name, typeId, body, message] of cases) {
    test(`${name}: both ways`, () => {
      expect(Result.getOrThrow(decode(typeId, hex(body)))).toEqual(message)
      expect(hexOf(encode(message))).toBe(body)
      expect(typeIds[message._tag]).toBe(typeId as never)
    })

    test(`${name}: refuses a body that is too short, ignores what follows`, () => {
      for (let length = 0; length < 4; length++) {
        const result = decode(typeId, hex(body).subarray(0, length))
        expect(Result.isFailure(result) && result.failure.code).toBe(2007)
      }
      expect(Result.getOrThrow(decode(typeId, hex(`${body}ff`)))).toEqual(message)
    })
  }

  test("takes a Set Peer Bandwidth without limit type, or with an unknown one, as dynamic", () => {
    for (const body of ["002625a0", "002625a003", "002625a0ff"]) {
      const message = Result.getOrThrow(decode(6, hex(body)))
      expect(message).toEqual({ _tag: "SetPeerBandwidth", value: 2500000, limit: "dynamic" })
    }
  })

  test("refuses other types", () => {
    for (const typeId of [0, 4, 7, 8, 20]) expect(Result.isFailure(decode(typeId, hex("00000001")))).toBe(true)
  })
})
