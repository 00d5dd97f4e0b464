/** OpusHead of RFC 7845 §5.1, vpcC of the VP binding §2.2, and the names of codecs. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { codecName, FourCc, fourCcName, fourCcOf, isEnhanced } from "../../../src/domain/codec/CodecId.ts"
import { decodeOpusHead } from "../../../src/domain/codec/OpusHead.ts"
import { decodeVpcConfig, vpcCodecs } from "../../../src/domain/codec/VpcConfig.ts"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { bytes, randomOf } from "../flv/bodies.ts"

const opusHead = "4f70757348656164"

test("reads OpusHead, little-endian", () => {
  expect(decodeOpusHead(bytes(`${opusHead} 01 06 3801 80bb0000 00ff 01 0402 000401020305`))).toEqual(
    Result.succeed({ channels: 6, preSkip: 312, inputSampleRate: 48_000, outputGain: -256, mappingFamily: 1 })
  )
})

test("refuses what is no OpusHead", () => {
  for (const hex of [
    "",
    opusHead,
    `${opusHead} 01 00 3801 80bb0000 0000 00`,
    `${opusHead} 11 02 3801 80bb0000 0000 00`,
    "00".repeat(19)
  ]) {
    expect(Result.isFailure(decodeOpusHead(bytes(hex)))).toBe(true)
  }
})

test("a refusal tells codec and reason", () => {
  const result = decodeOpusHead(bytes("00"))
  expect(Result.isFailure(result) && result.failure.message).toBe("Opus configuration: header of 1 bytes")
})

test("reads vpcC with and without the box's version and flags", () => {
  const vp9 = { profile: 2, level: 31, bitDepth: 10, chromaSubsampling: 1, fullRange: true }
  expect(decodeVpcConfig(bytes("021fa3 090909 0000"))).toEqual(Result.succeed(vp9))
  expect(decodeVpcConfig(bytes("01000000 021fa3 090909 0000"))).toEqual(Result.succeed(vp9))
  expect([vpcCodecs(vp9), vpcCodecs(vp9, "vp08")]).toEqual(["vp09.02.31.10", "vp08.02.31.10"])
  for (const hex of ["", "021fa30909", "01000000 021fa30909"]) {
    expect(Result.isFailure(decodeVpcConfig(bytes(hex)))).toBe(true)
  }
})

test("random bytes do not throw", () => {
  const random = randomOf(0x09)
  for (let run = 0; run < 10_000; run++) {
    const record = Uint8Array.from({ length: random(24) }, () => random(256))
    if (random(2) === 0) record.set(bytes(opusHead).subarray(0, record.length))
    decodeOpusHead(record)
    decodeVpcConfig(record)
  }
})

test("a codec has one name, whatever its form on the wire", () => {
  const audio = [10, FourCc.Aac, 2, 14, FourCc.Mp3, 13, FourCc.Opus, 7, 8, 11, 12, 0x78797a77]
  expect(audio.map((codec) => codecName(Kind.Audio, codec))).toEqual([
    "AAC",
    "AAC",
    "MP3",
    "MP3",
    "MP3",
    "Opus",
    "Opus",
    "G711A",
    "G711U",
    "Speex",
    "Other(12)",
    "xyzw"
  ])
  const video = [7, FourCc.Avc, 12, FourCc.Hevc, 13, FourCc.Av1, FourCc.Vp9, 4, 2, 1]
  expect(video.map((codec) => codecName(Kind.Video, codec))).toEqual([
    "H264",
    "H264",
    "HEVC",
    "HEVC",
    "AV1",
    "AV1",
    "VP9",
    "VP6",
    "H263",
    "Other(1)"
  ])
})

test("fourCCs are the numbers of the specification", () => {
  // Enhanced RTMP v2, onMetaData.
  expect([FourCc.Av1, FourCc.Hevc, FourCc.Vp9, FourCc.Opus]).toEqual([1635135537, 1752589105, 1987063865, 1332770163])
  expect(Object.values(FourCc).map(fourCcName)).toEqual([
    "avc1",
    "hvc1",
    "vvc1",
    "av01",
    "vp08",
    "vp09",
    "mp4a",
    "Opus",
    ".mp3",
    "fLaC",
    "ac-3",
    "ec-3"
  ])
  for (const fourCc of Object.values(FourCc)) expect(fourCcOf(fourCcName(fourCc))).toBe(fourCc)
  expect([fourCcOf("*"), fourCcOf("hevc1"), fourCcOf("hvcé")]).toEqual([undefined, undefined, undefined])
  expect(fourCcName(0x00ff4161)).toBe("??Aa")
  expect([isEnhanced(15), isEnhanced(FourCc.Mp3)]).toEqual([false, true])
})
