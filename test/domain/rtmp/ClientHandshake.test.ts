import { describe, expect, test } from "bun:test"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { ClientHandshake } from "../../../src/domain/rtmp/ClientHandshake.ts"
import { ServerHandshake } from "../../../src/domain/rtmp/ServerHandshake.ts"
import { bytesOneByOne, cutAtRandom, hex, hexOf, seeded } from "./chunkBytes.ts"
import { digestPosition, pattern, signatureOfC1, signatureOfC2 } from "./handshakeFormulas.ts"

const random = pattern(3072)
const start = (mode: "simple" | "complex") => new ClientHandshake({ random, nowMillis: 0x01020304, mode })

const simpleS1 = Buffer.concat([hex("00000009 00000000"), pattern(1528)])
const s2 = pattern(1536)
const simpleAnswer = Buffer.concat([hex("03"), simpleS1, s2])

const file = fs.readFileSync(path.resolve(import.meta.dirname, "../../fixtures/rtmp/ffmpegDigest.bin"))
/** S0, S1 and S2 that FFmpeg accepted. */
const checkedAnswer = file.subarray(1537, 1537 + 3073)

const converse = (mode: "simple" | "complex", pieces: Iterable<Uint8Array>) => {
  const handshake = start(mode)
  const replies: Array<Uint8Array> = []
  const rest: Array<Uint8Array> = []
  let done = false
  for (const piece of pieces) {
    if (done) {
      rest.push(piece)
      continue
    }
    const step = Result.getOrThrow(handshake.push(piece))
    if (step.reply !== undefined) replies.push(step.reply)
    done = step.done
    rest.push(step.rest)
  }
  return { done, replies: replies.length, c2: Buffer.concat(replies), rest: Buffer.concat(rest).toString("hex") }
}

describe("ClientHandshake", () => {
  test("begins the simple form with time, zero and random bytes", () => {
    const bytes = start("simple").start()
    expect(bytes.length).toBe(1537)
    expect(hexOf(bytes.subarray(0, 9))).toBe("030102030400000000")
    expect(bytes.subarray(9)).toEqual(random.subarray(8, 1536))
  })

  test("begins the complex form with SRS's version and a digest of schema 1", () => {
    const c1 = start("complex").start().subarray(1)
    expect(hexOf(c1.subarray(0, 8))).toBe("0102030480000702")
    const at = digestPosition(c1, 1)
    expect(hexOf(c1.subarray(at, at + 32))).toBe(hexOf(signatureOfC1(c1, at)))
  })

  test("answers a simple S1 with a copy before S2 has come", () => {
    for (const mode of ["simple", "complex"] as const) {
      const handshake = start(mode)
      const step = Result.getOrThrow(handshake.push(simpleAnswer.subarray(0, 1537)))
      expect([step.done, step.kind]).toEqual([false, "simple"])
      expect(hexOf(step.reply ?? hex(""))).toBe(hexOf(simpleS1))
      const last = Result.getOrThrow(handshake.push(Buffer.concat([s2, hex("aabb")])))
      expect([last.done, last.reply, [...last.rest]]).toEqual([true, undefined, [0xaa, 0xbb]])
    }
  })

  test("signs C2 when S1 has a digest, of schema 0 here", () => {
    const step = Result.getOrThrow(start("complex").push(checkedAnswer))
    expect([step.done, step.kind]).toEqual([true, "complex0"])
    const s1 = checkedAnswer.subarray(1, 1537)
    const at = digestPosition(s1, 0)
    const c2 = step.reply ?? hex("")
    expect(hexOf(c2.subarray(1504))).toBe(hexOf(signatureOfC2(c2, s1.subarray(at, at + 32))))
  })

  test("sends the C2 that FFmpeg sent, given the same random bytes", () => {
    const ffmpegC2 = file.subarray(4610)
    const handshake = new ClientHandshake({
      random: Buffer.concat([pattern(1536), ffmpegC2]),
      nowMillis: 0,
      mode: "complex"
    })
    expect(hexOf(Result.getOrThrow(handshake.push(checkedAnswer)).reply ?? hex(""))).toBe(hexOf(ffmpegC2))
  })

  test("copies S1 in the simple form, digest or not", () => {
    const step = Result.getOrThrow(start("simple").push(checkedAnswer))
    expect(hexOf(step.reply ?? hex(""))).toBe(hexOf(checkedAnswer.subarray(1, 1537)))
  })

  test("refuses a server of another version with 2000 at its first byte", () => {
    const result = start("simple").push(hex("06"))
    expect(Result.isFailure(result) && result.failure.code).toBe(2000)
  })

  test("gives the same result byte by byte and cut at random", () => {
    const numbers = seeded(7)
    for (const answer of [simpleAnswer, checkedAnswer]) {
      const bytes = Buffer.concat([answer, hex("0200")])
      const whole = converse("complex", [bytes])
      expect([whole.done, whole.replies, whole.rest]).toEqual([true, 1, "0200"])
      expect(converse("complex", bytesOneByOne(bytes))).toEqual(whole)
      for (let i = 0; i < 20; i++) expect(converse("complex", cutAtRandom(bytes, numbers, 1000))).toEqual(whole)
    }
  })

  test("completes with this server in both forms", () => {
    for (const mode of ["simple", "complex"] as const) {
      const client = start(mode)
      const server = new ServerHandshake({ random: pattern(4000).subarray(500), nowMillis: 1 })
      const offered = Result.getOrThrow(server.push(client.start()))
      const answered = Result.getOrThrow(client.push(offered.reply ?? s2))
      expect([answered.done, answered.kind]).toEqual([true, mode === "simple" ? "simple" : "complex1"])
      expect(Result.getOrThrow(server.push(answered.reply ?? hex(""))).done).toBe(true)
    }
  })
})
