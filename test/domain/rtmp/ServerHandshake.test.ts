import { describe, expect, test } from "bun:test"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { type HandshakeStep, randomBytes, randomFrom } from "../../../src/domain/rtmp/handshake.ts"
import { ServerHandshake } from "../../../src/domain/rtmp/ServerHandshake.ts"
import { bytesOneByOne, cutAtRandom, hex, hexOf, seeded } from "./chunkBytes.ts"
import {
  digestPosition,
  makeC1,
  pattern,
  signatureOfC1,
  signatureOfC2,
  signatureOfS1,
  signatureOfS2
} from "./handshakeFormulas.ts"

const random = pattern(3072)
const start = () => new ServerHandshake({ random, nowMillis: 0x01020304 })
const step = (handshake: ServerHandshake, bytes: Uint8Array): HandshakeStep => Result.getOrThrow(handshake.push(bytes))
const codeOf = (bytes: Uint8Array): number | undefined => {
  const result = start().push(bytes)
  return Result.isFailure(result) ? result.failure.code : undefined
}

const c0 = Uint8Array.of(3)
const simpleC1 = Buffer.concat([hex("00000009 00000000"), pattern(1528)])
const c2 = pattern(1536)

/** Everything that a client's bytes led to, however they were cut. */
const converse = (pieces: Iterable<Uint8Array>) => {
  const handshake = start()
  const replies: Array<Uint8Array> = []
  const rest: Array<Uint8Array> = []
  let last: HandshakeStep | undefined
  for (const piece of pieces) {
    if (last?.done) {
      rest.push(piece)
      continue
    }
    last = step(handshake, piece)
    if (last.reply !== undefined) replies.push(last.reply)
    rest.push(last.rest)
  }
  return {
    done: last?.done,
    kind: last?.kind,
    proxyAddress: last?.proxyAddress,
    reply: hexOf(Buffer.concat(replies)),
    replies: replies.length,
    rest: hexOf(Buffer.concat(rest))
  }
}

describe("ServerHandshake", () => {
  test("answers a simple C1 with S0, its own S1 and a copy of C1", () => {
    const handshake = start()
    const { done, kind, reply } = step(handshake, Buffer.concat([c0, simpleC1]))
    expect([done, kind, reply?.length]).toEqual([false, "simple", 3073])
    const s0s1 = hexOf(Buffer.concat([hex("03 01020304 00000000"), random.subarray(8, 1536)]))
    expect(hexOf(reply ?? hex(""))).toBe(s0s1 + hexOf(simpleC1))
  })

  test("is done when C2 has been read, whatever is in it, and hands back what follows", () => {
    const handshake = start()
    step(handshake, Buffer.concat([c0, simpleC1]))
    expect(step(handshake, c2.subarray(0, 1535)).done).toBe(false)
    const last = step(handshake, hex("ff 02 03"))
    expect([last.done, last.reply, [...last.rest]]).toEqual([true, undefined, [2, 3]])
  })

  for (const schema of [0, 1] as const) {
    // The first two and the last are the ends of the range: 255 * 2 + 217 is 727, and 728 begins anew.
    for (const offsets of [
      [0, 0, 0, 0],
      [255, 255, 217, 0],
      [255, 255, 218, 0],
      [255, 255, 255, 255]
    ]) {
      test(`answers digest schema ${schema} with offset bytes ${offsets} in kind`, () => {
        const c1 = makeC1(schema, offsets)
        const { kind, reply } = step(start(), Buffer.concat([c0, c1]))
        expect(kind).toBe(schema === 0 ? "complex0" : "complex1")
        const [s1, s2] = [1, 1537].map((from) => (reply ?? hex("")).subarray(from, from + 1536))
        expect(hexOf(s1.subarray(0, 8))).toBe("0102030401000504")
        const at = digestPosition(s1, schema)
        expect(hexOf(s1.subarray(at, at + 32))).toBe(hexOf(signatureOfS1(s1, at)))
        const c1At = digestPosition(c1, schema)
        expect(hexOf(s2.subarray(1504))).toBe(hexOf(signatureOfS2(s2, c1.subarray(c1At, c1At + 32))))
      })
    }
  }

  test("does not look at C0 when C1 has a digest", () => {
    expect(codeOf(Buffer.concat([hex("06"), makeC1(1, [1, 2, 3, 4])]))).toBeUndefined()
  })

  test("takes a C1 whose digest is wrong as simple", () => {
    const c1 = makeC1(1, [1, 2, 3, 4])
    c1[1000] ^= 1
    expect(step(start(), Buffer.concat([c0, c1])).kind).toBe("simple")
  })

  test("refuses another version than 3 with 2000", () => {
    for (const version of [0, 2, 6, 8, 9, 0x47]) {
      expect(codeOf(Buffer.concat([Uint8Array.of(version), simpleC1]))).toBe(2000)
    }
  })

  test("reads the client's address from a proxy header", () => {
    const { kind, proxyAddress } = step(start(), Buffer.concat([hex("f3 0004 c0a80107 03"), simpleC1]))
    expect([kind, proxyAddress]).toEqual(["simple", "192.168.1.7"])
  })

  test("reads a proxy header without an address, and one of 1024 bytes", () => {
    expect(step(start(), Buffer.concat([hex("f3 0000 03"), simpleC1])).proxyAddress).toBeUndefined()
    expect(step(start(), Buffer.concat([hex("f3 0003 010203 03"), simpleC1])).proxyAddress).toBeUndefined()
    const long = Buffer.concat([hex("f3 0400"), Buffer.alloc(1024, 7), c0, simpleC1])
    expect(step(start(), long).proxyAddress).toBe("7.7.7.7")
  })

  test("refuses a longer proxy header with 2054 as soon as its length is known", () => {
    expect(codeOf(hex("f3 04"))).toBeUndefined()
    expect(codeOf(hex("f3 0401"))).toBe(2054)
  })

  test("gives the same result byte by byte and cut at random, with commands behind", () => {
    const behind = hex("03 000000")
    for (const head of [[], [hex("f3 0006 0a000001 aabb")]]) {
      for (const c1 of [simpleC1, makeC1(0, [9, 8, 7, 6]), makeC1(1, [9, 8, 7, 6])]) {
        const bytes = Buffer.concat([...head, c0, c1, c2, behind])
        const whole = converse([bytes])
        expect([whole.done, whole.replies, whole.rest]).toEqual([true, 1, "03000000"])
        expect(converse(bytesOneByOne(bytes))).toEqual(whole)
        const numbers = seeded(5)
        for (let i = 0; i < 20; i++) expect(converse(cutAtRandom(bytes, numbers, 1000))).toEqual(whole)
      }
    }
  })

  test("leaves the random bytes it was given alone, in a Buffer too", () => {
    const buffer = Buffer.from(random)
    Result.getOrThrow(
      new ServerHandshake({ random: buffer, nowMillis: 5 }).push(Buffer.concat([c0, makeC1(1, [1, 2, 3, 4])]))
    )
    expect(hexOf(buffer)).toBe(hexOf(random))
  })

  test("survives 100 000 random beginnings", () => {
    const numbers = seeded(6)
    for (let i = 0; i < 100_000; i++) {
      const handshake = start()
      for (let pieces = 0; pieces < 3; pieces++) {
        const piece = Uint8Array.from({ length: numbers() * 40 }, () => numbers() * 256)
        if (pieces === 0 && piece.length > 0 && i % 2 === 0) piece[0] = 0xf3
        if (Result.isFailure(handshake.push(piece))) break
      }
    }
  })
})

describe("a complex handshake that FFmpeg checked", () => {
  const file = fs.readFileSync(path.resolve(import.meta.dirname, "../../fixtures/rtmp/ffmpegDigest.bin"))
  const [c1, s1, s2, ffmpegC2] = [1, 1538, 3074, 4610].map((at) => file.subarray(at, at + 1536))

  test("agrees with the formulas of these tests", () => {
    const c1At = digestPosition(c1, 1)
    const c1Digest = c1.subarray(c1At, c1At + 32)
    expect(hexOf(c1Digest)).toBe(hexOf(signatureOfC1(c1, c1At)))
    const s1At = digestPosition(s1, 0)
    const s1Digest = s1.subarray(s1At, s1At + 32)
    expect(hexOf(s1Digest)).toBe(hexOf(signatureOfS1(s1, s1At)))
    expect(hexOf(s2.subarray(1504))).toBe(hexOf(signatureOfS2(s2, c1Digest)))
    expect(hexOf(ffmpegC2.subarray(1504))).toBe(hexOf(signatureOfC2(ffmpegC2, s1Digest)))
  })

  test("is recognised as schema 1", () => {
    expect(step(start(), file.subarray(0, 1537)).kind).toBe("complex1")
  })
})

test("random bytes are as many as a handshake needs, the same for a number, others for another, and all values", () => {
  const [a, b] = [randomFrom(1), randomFrom(2 ** 40 + 7)]
  expect(a).toEqual(randomFrom(1))
  expect(a).not.toEqual(b)
  expect(randomFrom(0)).toEqual(a)
  for (const bytes of [a, b]) expect([bytes.length, new Set(bytes).size]).toEqual([randomBytes, 256])
})
