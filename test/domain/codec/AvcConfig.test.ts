/** Records that x264 made (size, profile, level and CODECS as FFmpeg 8.1 reads them), and faults typed by hand. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import {
  type AvcConfig,
  avcCodecs,
  avcLevelName,
  avcProfileName,
  decodeAvcConfig
} from "../../../src/domain/codec/AvcConfig.ts"
import { decodeAvcSps } from "../../../src/domain/codec/AvcSps.ts"
import { bytes, hexOf, packed, randomOf } from "../flv/bodies.ts"

const ntsc = 30_000 / 1001

const records: ReadonlyArray<
  [
    name: string,
    hex: string,
    width: number,
    height: number,
    rate: number,
    codecs: string,
    profile: string,
    level: string
  ]
> = [
  [
    "baseline, cropped by 8 lines",
    "0142c028ffe100176742c028da01e0089f97011000003e90000ea600f1832a01000468ce0fc8",
    1920,
    1080,
    ntsc,
    "avc1.42c028",
    "Baseline(Constrained)",
    "4"
  ],
  [
    "interlaced: crops in units of 4 lines",
    "01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000668faa3cb22c0fdf8f800",
    1920,
    1080,
    25,
    "avc1.640028",
    "High",
    "4"
  ],
  [
    "10 bits, cropped on both sides",
    "016e0028ffe10019676e0028a6cb403c0113d4d808800001f480007530078c195001000468ce0fc8fdfafa00",
    1918,
    1078,
    ntsc,
    "avc1.6e0028",
    "High(10)",
    "4"
  ],
  [
    "4:2:2 crops single lines",
    "017a000dffe10019677a000dbcd9415087888fc04400000fa40003a9803c50a65801000668ebe3cb22c0fef8f800",
    322,
    242,
    ntsc,
    "avc1.7a000d",
    "High(422)",
    "1.3"
  ],
  [
    "4:4:4 with scaling matrices",
    "01f4000dffe1001767f4000d919b28283f6022000007d20001d4c01e28532c01000868ebe3c44c000440fff8f800",
    320,
    240,
    ntsc,
    "avc1.f4000d",
    "High(444+Predictive)",
    "1.3"
  ],
  [
    "monochrome",
    "0164000dffe100196764000df36505421e3e3f016c800001f480007530078a14cb01000668ebe3cb22c0fcf8f800",
    322,
    242,
    ntsc,
    "avc1.64000d",
    "High",
    "1.3"
  ],
  [
    "aspect ratio and colours before the timing",
    "0164001effe100216764001eacd940b4126ffc010000b5a828282a000003000200000300641e2c5b2c01000668ebe3cb22c0fdf8f800",
    720,
    576,
    25,
    "avc1.64001e",
    "High",
    "3"
  ]
]

for (const [name, hex, width, height, rate, codecs, profile, level] of records) {
  test(`reads ${name}`, () => {
    const config = Result.getOrThrow(decodeAvcConfig(bytes(hex)))
    expect([config.picture?.width, config.picture?.height]).toEqual([width, height])
    expect(config.picture?.framesPerSecond).toBeCloseTo(rate, 9)
    expect([avcCodecs(config), avcProfileName(config), avcLevelName(config)]).toEqual([codecs, profile, level])
    expect([config.sps.length, config.pps.length, config.lengthSize]).toEqual([1, 1, 4])
    expect([config.sps[0][0] & 0x1f, config.pps[0][0] & 0x1f]).toEqual([7, 8])
  })

  test(`${name}: every prefix is refused or read`, () => {
    const record = bytes(hex)
    for (let length = 0; length < record.length; length++) decodeAvcConfig(record.subarray(0, length))
    const sps = Result.getOrThrow(decodeAvcConfig(record)).sps[0]
    for (let length = 0; length < sps.length; length++) decodeAvcSps(sps.subarray(0, length))
  })
}

const [, baseline] = records[0]
const [, interlaced] = records[1]
const spsOf = (hex: string): string => hexOf(Result.getOrThrow(decodeAvcConfig(bytes(hex))).sps[0])
const sized = (hex: string): string => (hex.length / 2).toString(16).padStart(4, "0") + hex

test("of several parameter sets the last one that can be read tells the picture, empty ones are left out", () => {
  const sets = [spsOf(baseline), spsOf(records[6][1]), "67640028", ""]
  const config = Result.getOrThrow(decodeAvcConfig(bytes(`0164001eff e4 ${sets.map(sized).join("")} 00`)))
  expect(config.picture?.width).toBe(720)
  expect([config.sps.length, config.pps.length]).toEqual([3, 0])
})

test("a record without readable parameter set has no picture", () => {
  expect(Result.getOrThrow(decodeAvcConfig(bytes("0164001effe00000"))).picture).toBeUndefined()
  expect(Result.getOrThrow(decodeAvcConfig(bytes("0164001effe1 0004 67640028 00"))).picture).toBeUndefined()
})

for (const [name, hex] of [
  ["nothing", ""],
  ["another version", "0064001effe000"],
  ["lengths of 3 bytes", "0164001efee000"],
  ["a parameter set longer than the record", "0164001effe1000467"],
  ["no count of picture parameter sets", "0164001effe1000167"]
]) {
  test(`refuses ${name}`, () => expect(Result.isFailure(decodeAvcConfig(bytes(hex)))).toBe(true))
}

/** NAL unit header, Baseline, level 4; then ids and counts of 0 up to the order type. */
const spsStart = "01100111 01000010 00000000 00101000 1 1"

/** ue(v) of 2^16 − 1. */
const ue65535 = "0000000000000000 1 0000000000000000"

for (const [name, nal, reason] of [
  ["another NAL unit", bytes("68ce0fc8"), "no sequence parameter set"],
  ["a picture beyond reason", packed(`${spsStart} 1 1 1 0 ${ue65535} 1 1 0 0 0`), "picture of 1048576 x 16"],
  ["an empty picture", packed(`${spsStart} 1 1 1 0 1 1 1 0 1 0001000 0001001 1 1 0`), "picture of -14 x 16"],
  ["an order cycle beyond reason", packed(`${spsStart} 010 0 1 1 ${ue65535}`), "picture order cycle too long"],
  ["a truncated parameter set", packed(`${spsStart} 1 1 1 0`), "truncated sequence parameter set"],
  ["a parameter set beyond reason", bytes(`6742c028${"ff".repeat(5000)}`), "parameter set of 5004 bytes"]
] as const) {
  test(`refuses ${name}`, () => {
    const result = decodeAvcSps(nal)
    expect(Result.isFailure(result) && result.failure.reason).toBe(reason)
  })
}

test("reads order type 1, and a header without cropping and timing", () => {
  // Cycle of two; 2 × 3 macroblocks; frames only.
  const sps = packed(`${spsStart} 010 0 1 1 011 1 010 1 0 010 011 1 0 0 0`)
  expect(Result.getOrThrow(decodeAvcSps(sps))).toEqual({
    width: 32,
    height: 48,
    profile: 66,
    compatibility: 0,
    level: 40,
    framesPerSecond: undefined
  })
})

test("names of profiles and levels, as the API has them", () => {
  const config = Result.getOrThrow(decodeAvcConfig(bytes(interlaced)))
  const nameOf = (profile: number, compatibility: number) => avcProfileName({ ...config, profile, compatibility })
  expect([nameOf(66, 0), nameOf(77, 0), nameOf(88, 0)]).toEqual(["Baseline", "Main", "Extended"])
  expect([nameOf(110, 0x10), nameOf(122, 0x10), nameOf(244, 0x10)]).toEqual([
    "High(10+Intra)",
    "High(422+Intra)",
    "High(444+Intra)"
  ])
  const levelOf = (level: AvcConfig["level"]) => avcLevelName({ ...config, level })
  expect([levelOf(10), levelOf(52), levelOf(0), levelOf(255)]).toEqual(["1", "5.2", "Other", "Other"])
})

test("random changes to real records do not throw", () => {
  const random = randomOf(0xacc)
  for (let run = 0; run < 20_000; run++) {
    const record = bytes(records[run % records.length][1])
    for (let i = 0; i <= random(4); i++) record[random(record.length)] = random(256)
    decodeAvcConfig(record)
    decodeAvcSps(record.subarray(8))
  }
})
