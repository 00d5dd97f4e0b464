/** Records that x265 made, with what FFmpeg 8.1 reads in them, and faults typed by hand. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import {
  decodeHevcConfig,
  decodeHevcSps,
  hevcCodecs,
  hevcLevelName,
  hevcProfileName
} from "../../../src/domain/codec/HevcConfig.ts"
import { bytes, randomOf } from "../flv/bodies.ts"

const records: ReadonlyArray<
  [name: string, hex: string, width: number, height: number, codecs: string, profile: string, level: string]
> = [
  [
    "Main, cropped by 8 lines",
    "01016000000090000000000078f000fcfdf8f800000f03200001001840010c01ffff016000000300900000030000030078959409210001002b420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000c8422000100064401c073c189",
    1920,
    1080,
    "hvc1.1.6.L120.90",
    "Main",
    "4"
  ],
  [
    "4:2:2 of 10 bits, high tier, two temporal layers",
    "0124080000009d08000000007bf000fcfefafa00001303200001001b40010c02ffff2408000003009d0800000300007b00009598acc048210001002d4201022408000003009d0800000300007b0000b00a480b9ddb659598acd24995e02d0100000303e9000075300822000100074401c172b46240",
    324,
    182,
    "hvc1.4.10.H123.9D.8",
    "Rext",
    "4.1"
  ],
  [
    "4:4:4",
    "0104080000009e08000000003cf000fcfff8f800000f03200001001740010c01ffff0408000003009e0800000300003c95980921000100294201010408000003009e0800000300003c900149017396f2cacd24995e02d01000003e90000753008022000100084401c172860c4624",
    324,
    182,
    "hvc1.4.10.L60.9E.8",
    "Rext",
    "2"
  ]
]

for (const [name, hex, width, height, codecs, profile, level] of records) {
  test(`reads ${name}`, () => {
    const config = Result.getOrThrow(decodeHevcConfig(bytes(hex)))
    expect(config.picture).toEqual({ width, height })
    expect([hevcCodecs(config), hevcProfileName(config), hevcLevelName(config)]).toEqual([codecs, profile, level])
    expect([config.vps.length, config.sps.length, config.pps.length, config.lengthSize]).toEqual([1, 1, 1, 4])
    expect([config.vps[0][0], config.sps[0][0], config.pps[0][0]]).toEqual([0x40, 0x42, 0x44])
  })

  test(`${name}: every prefix is refused or read`, () => {
    const record = bytes(hex)
    for (let length = 0; length < record.length; length++) {
      expect(Result.isFailure(decodeHevcConfig(record.subarray(0, length)))).toBe(true)
    }
    const sps = Result.getOrThrow(decodeHevcConfig(record)).sps[0]
    for (let length = 0; length < sps.length; length++) decodeHevcSps(sps.subarray(0, length))
  })
}

const header = "01016000000090000000000078f000fcfdf8f800000f"

for (const [name, hex] of [
  ["a version of the future", `02${header.slice(2)}00`],
  ["lengths of 3 bytes", `${header.slice(0, -2)}0e00`],
  ["a missing array", `${header}01`],
  ["a missing parameter set", `${header}01 200001`],
  ["a parameter set longer than the record", `${header}01 200001 0004 4001`],
  ["more NAL units than anybody needs", `${header}01 27ffff ${"0000".repeat(70_000)}`]
]) {
  test(`refuses ${name}`, () => expect(Result.isFailure(decodeHevcConfig(bytes(hex)))).toBe(true))
}

test("a record without parameter sets has no picture", () => {
  expect(Result.getOrThrow(decodeHevcConfig(bytes(`${header}00`))).picture).toBeUndefined()
})

test("other arrays are passed over, empty parameter sets left out", () => {
  const config = Result.getOrThrow(decodeHevcConfig(bytes(`${header}02 270001 0002 4e01 220002 0000 0001 44`)))
  expect([config.pps.length, config.sps.length]).toEqual([1, 0])
})

test("the CODECS parameter names profile space and every constraint up to the last", () => {
  const config = Result.getOrThrow(decodeHevcConfig(bytes(`${header}00`)))
  const constraints = bytes("b00000000001")
  expect(hevcCodecs({ ...config, profileSpace: 1, constraints })).toBe("hvc1.A1.6.L120.B0.0.0.0.0.1")
  expect(hevcCodecs({ ...config, constraints: bytes("000000000000") }, "hev1")).toBe("hev1.1.6.L120")
})

test("random changes to real records do not throw", () => {
  const random = randomOf(0x4ec)
  for (let run = 0; run < 20_000; run++) {
    const record = bytes(records[run % records.length][1])
    for (let i = 0; i <= random(4); i++) record[random(record.length)] = random(256)
    decodeHevcConfig(record)
    decodeHevcSps(record.subarray(59))
  }
})
