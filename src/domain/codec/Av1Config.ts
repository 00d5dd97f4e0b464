/** AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3), box `av1C`, and the sequence header OBU (AV1 §5.5). */

import * as Result from "effect/Result"
import { BitReader } from "./BitReader.ts"
import { MalformedConfig } from "./MalformedConfig.ts"
import { isPlausible, maxParameterSetLength, type PictureSize, twoDigits } from "./picture.ts"

export interface Av1Config {
  readonly profile: number
  /** seq_level_idx of operating point 0: level 2 + index / 4, index % 4. */
  readonly level: number
  readonly highTier: boolean
  readonly bitDepth: number
  readonly monochrome: boolean
  /** max_frame_width and height, if the record holds a sequence header that could be read. */
  readonly picture: PictureSize | undefined
}

const recordHeaderLength = 4

const sequenceHeaderObu = 1

/** OBUs that are looked at in search of the sequence header, which is the first one in every real record. */
const maxObus = 16

/** Numbers of a profile: 4:2:0, 4:4:4, and 4:2:2 or 12 bits. */
const professionalProfile = 2

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "AV1", reason }))

export const decodeAv1Config = (record: Uint8Array): Result.Result<Av1Config, MalformedConfig> => {
  if (record.length < recordHeaderLength) return fail(`record of ${record.length} bytes`)
  if (record[0] !== 0x81) return fail(`marker and version ${record[0]}`)
  const profile = record[1] >>> 5
  const highBitDepth = (record[2] & 0x40) !== 0
  const twelveBit = (record[2] & 0x20) !== 0
  const sequenceHeader = findSequenceHeader(record.subarray(recordHeaderLength))
  return Result.succeed({
    profile,
    level: record[1] & 0x1f,
    highTier: (record[2] & 0x80) !== 0,
    bitDepth: highBitDepth ? (twelveBit && profile === professionalProfile ? 12 : 10) : 8,
    monochrome: (record[2] & 0x10) !== 0,
    picture: sequenceHeader && Result.getOrUndefined(decodeAv1SequenceHeader(sequenceHeader))
  })
}

/** Payload of the first sequence header OBU in a run of OBUs. */
const findSequenceHeader = (obus: Uint8Array): Uint8Array | undefined => {
  let at = 0
  for (let count = 0; at < obus.length && count < maxObus; count++) {
    const header = obus[at++]
    if ((header & 0x04) !== 0) at++
    let size = obus.length - at
    if ((header & 0x02) !== 0) {
      size = 0
      // leb128: eight bytes at most, of which four hold every size there can be here.
      for (let i = 0; i < 8; i++) {
        const byte = obus[at++] ?? 0
        if (i < 4) size += (byte & 0x7f) * 2 ** (7 * i)
        if ((byte & 0x80) === 0) break
      }
    }
    if (size < 0 || at + size > obus.length) return undefined
    if (((header >>> 3) & 0x0f) === sequenceHeaderObu) return obus.subarray(at, at + size)
    at += size
  }
  return undefined
}

/** `payload` is what follows the OBU header and size. */
export const decodeAv1SequenceHeader = (payload: Uint8Array): Result.Result<PictureSize, MalformedConfig> => {
  if (payload.length > maxParameterSetLength) return fail(`sequence header of ${payload.length} bytes`)
  const bits = new BitReader(payload)
  bits.skip(4)
  if (bits.flag()) bits.skip(5)
  else skipOperatingPoints(bits)
  const widthBits = bits.bits(4) + 1
  const heightBits = bits.bits(4) + 1
  const width = bits.bits(widthBits) + 1
  const height = bits.bits(heightBits) + 1
  if (bits.overrun) return fail("truncated sequence header")
  return isPlausible({ width, height }) ? Result.succeed({ width, height }) : fail(`picture of ${width} x ${height}`)
}

/** timing_info, decoder_model_info and the operating points of a header that is not reduced. */
const skipOperatingPoints = (bits: BitReader): void => {
  let delayLength = 0
  if (bits.flag()) {
    bits.skip(64)
    if (bits.flag()) bits.unsigned()
    if (bits.flag()) {
      delayLength = bits.bits(5) + 1
      bits.skip(42)
    }
  }
  const displayDelayPresent = bits.flag()
  const points = bits.bits(5) + 1
  for (let i = 0; i < points; i++) {
    bits.skip(12)
    if (bits.bits(5) > 7) bits.skip(1)
    if (delayLength > 0 && bits.flag()) bits.skip(2 * delayLength + 1)
    if (displayDelayPresent && bits.flag()) bits.skip(4)
  }
}

/** CODECS parameter (AV1 in ISOBMFF §5), in its short form. */
export const av1Codecs = (config: Av1Config): string =>
  `av01.${config.profile}.${twoDigits(config.level)}${config.highTier ? "H" : "M"}.${twoDigits(config.bitDepth)}`
