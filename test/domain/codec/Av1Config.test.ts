/** Records that SVT-AV1, libaom and rav1e made, with what FFmpeg 8.1 reads in them, and headers typed by hand. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { av1Codecs, decodeAv1Config, decodeAv1SequenceHeader } from "../../../src/domain/codec/Av1Config.ts"
import { bytes, packed, randomOf } from "../flv/bodies.ts"

const records: ReadonlyArray<[name: string, hex: string, width: number, height: number, codecs: string]> = [
  ["SVT-AV1", "81000c00 0a0b000000043cfecc02f80040", 320, 180, "av01.0.00M.08"],
  ["libaom, 10 bits", "81054c00 0a0b0000002d4cfdb34daf9404", 1278, 718, "av01.0.05M.10"],
  ["rav1e", "811f0c00 0a0e000000fa1e83e2210a88101010a0", 322, 242, "av01.0.31M.08"]
]

for (const [name, hex, width, height, codecs] of records) {
  test(`reads ${name}`, () => {
    const config = Result.getOrThrow(decodeAv1Config(bytes(hex)))
    expect(config.picture).toEqual({ width, height })
    expect(av1Codecs(config)).toBe(codecs)
  })

  test(`${name}: every prefix is refused or read`, () => {
    const record = bytes(hex)
    for (let length = 0; length < record.length; length++) decodeAv1Config(record.subarray(0, length))
  })
}

/** 8 bits for each side: 200 x 100. */
const size = "0111 0111 11000111 01100011"

test("reads a reduced still picture header", () => {
  expect(decodeAv1SequenceHeader(packed(`000 1 1 01000 ${size}`))).toEqual(Result.succeed({ width: 200, height: 100 }))
})

test("reads over timing, decoder model and operating points", () => {
  const timing = `1 ${"0".repeat(32)} ${"0".repeat(32)} 1 00101`
  const model = `1 00011 ${"0".repeat(32)} 00000 00000`
  // Each: 12 bits, level, tier from level 8 on, decoder model of 2 × 4 + 1 bits, display delay.
  const points = `1 00001 ${"0".repeat(12)} 01000 1 1 000000000 1 0000 ${"0".repeat(12)} 00111 0 0`
  expect(decodeAv1SequenceHeader(packed(`000 0 0 ${timing} ${model} ${points} ${size}`))).toEqual(
    Result.succeed({ width: 200, height: 100 })
  )
})

test("finds the sequence header behind other OBUs, with extension, and without a size", () => {
  const sizeOf = (hex: string) => Result.getOrThrow(decodeAv1Config(bytes(hex))).picture
  const payload = "000000043cfecc02f80040"
  expect(sizeOf(`81000c00 1200 2a020000 0a0b${payload}`)).toEqual({ width: 320, height: 180 })
  expect(sizeOf(`81000c00 0e000b${payload}`)).toEqual({ width: 320, height: 180 })
  expect(sizeOf(`81000c00 08${payload}`)).toEqual({ width: 320, height: 180 })
  expect(sizeOf(`81000c00 0a8b8000${payload}`)).toEqual({ width: 320, height: 180 })
  expect(sizeOf("81000c00 0a7f00")).toBeUndefined()
  expect(sizeOf(`81000c00 ${"1200".repeat(16)} 0a0b${payload}`)).toBeUndefined()
})

test("reads tier and depth from the record", () => {
  const codecsOf = (hex: string) => av1Codecs(Result.getOrThrow(decodeAv1Config(bytes(hex))))
  expect(codecsOf("8109cc00")).toBe("av01.0.09H.10")
  expect(codecsOf("814d6000")).toBe("av01.2.13M.12")
  expect(codecsOf("810d6000")).toBe("av01.0.13M.10")
})

test("refuses what is no record", () => {
  for (const hex of ["", "810000", "01000c00", "82000c00"]) {
    expect(Result.isFailure(decodeAv1Config(bytes(hex)))).toBe(true)
  }
  expect(Result.isFailure(decodeAv1SequenceHeader(new Uint8Array(5000)))).toBe(true)
})

test("random changes to real records do not throw", () => {
  const random = randomOf(0xa71)
  for (let run = 0; run < 20_000; run++) {
    const record = bytes(records[run % records.length][1])
    for (let i = 0; i <= random(4); i++) record[random(record.length)] = random(256)
    decodeAv1Config(record)
    decodeAv1SequenceHeader(record)
  }
})
