/** Configurations that FFmpeg made, and layouts of ISO/IEC 14496-3 §1.6.2.1 typed by hand. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { aacCodecs, aacProfileName, decodeAudioSpecificConfig } from "../../../src/domain/codec/AudioSpecificConfig.ts"
import { bytes, randomOf } from "../flv/bodies.ts"

const configs: ReadonlyArray<
  [name: string, hex: string, sampleRate: number, channels: number, codecs: string, profile: string]
> = [
  ["FFmpeg, 22.05 kHz mono", "138856e500", 22_050, 1, "mp4a.40.2", "LC"],
  ["FFmpeg, 48 kHz 5.1", "11b056e500", 48_000, 6, "mp4a.40.2", "LC"],
  ["FFmpeg, 44.1 kHz stereo", "121056e500", 44_100, 2, "mp4a.40.2", "LC"],
  ["FFmpeg, 96 kHz stereo", "101056e500", 96_000, 2, "mp4a.40.2", "LC"],
  ["FFmpeg, 7.35 kHz stereo", "161056e500", 7350, 2, "mp4a.40.2", "LC"],
  ["FFmpeg, 7.1", "11b856e500", 48_000, 8, "mp4a.40.2", "LC"],
  [
    "FFmpeg, 2.1 by program config element",
    "118004c4010020000d4c61766335392e33372e31303056e500",
    48_000,
    3,
    "mp4a.40.2",
    "LC"
  ],
  ["lal's silence", "1190", 48_000, 2, "mp4a.40.2", "LC"],
  ["AAC Main", "0a10", 44_100, 2, "mp4a.40.1", "Main"],
  ["AAC SSR", "1a10", 44_100, 2, "mp4a.40.3", "SSR"],
  ["HE-AAC, hierarchical: 22.05 to 44.1 kHz", "2b920800", 44_100, 2, "mp4a.40.5", "HE"],
  ["HE-AACv2, hierarchical", "eb8a0800", 44_100, 1, "mp4a.40.29", "HEv2"],
  ["HE-AAC, backward compatible: 24 to 48 kHz", "131056e598", 48_000, 2, "mp4a.40.5", "HE"],
  ["HE-AACv2, backward compatible", "130856e59d4880", 48_000, 1, "mp4a.40.29", "HEv2"],
  // 00010 1111 24 bits of 44056 0010 000
  ["an explicit rate", "1780560c10", 44_056, 2, "mp4a.40.2", "LC"],
  // 11111 000111 (39: ELD) 0011 0010
  ["an escaped object type", "f8e64000", 48_000, 2, "mp4a.40.39", "Other"]
]

for (const [name, hex, sampleRate, channels, codecs, profile] of configs) {
  test(`reads ${name}`, () => {
    const config = Result.getOrThrow(decodeAudioSpecificConfig(bytes(hex)))
    expect([config.sampleRate, config.channels]).toEqual([sampleRate, channels])
    expect([aacCodecs(config), aacProfileName(config)]).toEqual([codecs, profile])
  })
}

test("tells the core of HE-AAC", () => {
  for (const hex of ["2b920800", "131056e598"]) {
    const config = Result.getOrThrow(decodeAudioSpecificConfig(bytes(hex)))
    expect([config.coreObjectType, config.coreSampleRate]).toEqual([2, config.sampleRate / 2])
  }
})

test("tells frames of 960 samples", () => {
  expect(Result.getOrThrow(decodeAudioSpecificConfig(bytes("1194"))).frameLength).toBe(960)
  expect(Result.getOrThrow(decodeAudioSpecificConfig(bytes("1190"))).frameLength).toBe(1024)
})

test("refuses what is no configuration", () => {
  // Nothing, one byte, object type 0, reserved rate, a rate of 0, explicit rate cut short.
  for (const hex of ["", "11", "0190", "1690", "1780000010", "1780", "0000"]) {
    expect(Result.isFailure(decodeAudioSpecificConfig(bytes(hex)))).toBe(true)
  }
})

test("random bytes do not throw", () => {
  const random = randomOf(0xaac)
  for (let run = 0; run < 40_000; run++) {
    const config = bytes(configs[run % configs.length][1])
    for (let i = 0; i <= random(3); i++) config[random(config.length)] = random(256)
    decodeAudioSpecificConfig(config.subarray(0, random(config.length + 1)))
  }
})
