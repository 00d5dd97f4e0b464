/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1): the sequence header of HEVC, box `hvcC`. */

import * as Result from "effect/Result"
import { readUint16, readUint32 } from "../bytes/bytes.ts"
import { BitReader, withoutEmulationPrevention } from "./BitReader.ts"
import { MalformedConfig } from "./MalformedConfig.ts"
import { hex, isPlausible, maxParameterSetLength, type PictureSize } from "./picture.ts"

export interface HevcConfig {
  readonly profileSpace: number
  readonly highTier: boolean
  readonly profile: number
  /** 32 flags, profile 0 in the highest bit. */
  readonly compatibility: number
  /** Six bytes of constraint flags. A view of the record. */
  readonly constraints: Uint8Array
  /** 30 times the number of the level. */
  readonly level: number
  /** Bytes of the length in front of each NAL unit: 1, 2 or 4. */
  readonly lengthSize: number
  /** Views of the record, with NAL unit header; empty ones are left out. */
  readonly vps: ReadonlyArray<Uint8Array>
  readonly sps: ReadonlyArray<Uint8Array>
  readonly pps: ReadonlyArray<Uint8Array>
  /** Of the last SPS that could be read. */
  readonly picture: PictureSize | undefined
}

const recordHeaderLength = 23

/** NAL units a record may hold over all its arrays: parameter sets have 16 + 16 + 64 ids, and some carry SEI. */
const maxNalUnits = 256

const NalType = { Vps: 32, Sps: 33, Pps: 34 } as const

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "HEVC", reason }))

export const decodeHevcConfig = (record: Uint8Array): Result.Result<HevcConfig, MalformedConfig> => {
  if (record.length < recordHeaderLength) return fail(`record of ${record.length} bytes`)
  // Encoders from before the final standard write version 0.
  if (record[0] > 1) return fail(`version ${record[0]}`)
  const lengthSize = (record[21] & 3) + 1
  if (lengthSize === 3) return fail("NAL unit length of 3 bytes")
  const sets = new Map<number, Array<Uint8Array>>([
    [NalType.Vps, []],
    [NalType.Sps, []],
    [NalType.Pps, []]
  ])
  const reason = readArrays(record, sets)
  if (reason !== undefined) return fail(reason)
  const sps = sets.get(NalType.Sps) ?? []
  let picture: PictureSize | undefined
  for (const nal of sps) picture = Result.getOrUndefined(decodeHevcSps(nal)) ?? picture
  return Result.succeed({
    profileSpace: record[1] >>> 6,
    highTier: (record[1] & 0x20) !== 0,
    profile: record[1] & 0x1f,
    compatibility: readUint32(record, 2),
    constraints: record.subarray(6, 12),
    level: record[12],
    lengthSize,
    vps: sets.get(NalType.Vps) ?? [],
    sps,
    pps: sets.get(NalType.Pps) ?? [],
    picture
  })
}

const readArrays = (record: Uint8Array, sets: ReadonlyMap<number, Array<Uint8Array>>): string | undefined => {
  let at = recordHeaderLength
  let total = 0
  for (let array = 0; array < record[22]; array++) {
    if (at + 3 > record.length) return "truncated array"
    const into = sets.get(record[at] & 0x3f)
    const count = readUint16(record, at + 1)
    total += count
    if (total > maxNalUnits) return "too many NAL units"
    at += 3
    for (let i = 0; i < count; i++) {
      if (at + 2 > record.length) return "truncated parameter set"
      const end = at + 2 + readUint16(record, at)
      if (end > record.length) return "truncated parameter set"
      if (end > at + 2) into?.push(record.subarray(at + 2, end))
      at = end
    }
  }
  return undefined
}

/** The start of a sequence parameter set (ITU-T H.265 §7.3.2.2), with its two-byte NAL unit header. */
export const decodeHevcSps = (nal: Uint8Array): Result.Result<PictureSize, MalformedConfig> => {
  if (nal.length > maxParameterSetLength) return fail(`parameter set of ${nal.length} bytes`)
  if (nal.length < 3 || ((nal[0] >>> 1) & 0x3f) !== NalType.Sps) return fail("no sequence parameter set")
  const bits = new BitReader(withoutEmulationPrevention(nal), 2)
  bits.skip(4)
  const subLayers = bits.bits(3)
  bits.skip(1)
  skipProfileTierLevel(bits, subLayers)
  bits.unsigned()
  const chroma = bits.unsigned()
  const separatePlanes = chroma === 3 && bits.flag()
  let width = bits.unsigned()
  let height = bits.unsigned()
  if (bits.flag()) {
    const unitX = (chroma === 1 || chroma === 2) && !separatePlanes ? 2 : 1
    width -= (bits.unsigned() + bits.unsigned()) * unitX
    height -= (bits.unsigned() + bits.unsigned()) * (chroma === 1 ? 2 : 1)
  }
  if (bits.overrun) return fail("truncated sequence parameter set")
  return isPlausible({ width, height }) ? Result.succeed({ width, height }) : fail(`picture of ${width} x ${height}`)
}

/** profile_tier_level(1, sub-layers − 1) of §7.3.3. */
const skipProfileTierLevel = (bits: BitReader, subLayers: number): void => {
  bits.skip(96)
  if (subLayers === 0) return
  const present: Array<number> = []
  for (let i = 0; i < subLayers; i++) present.push(bits.bits(2))
  bits.skip(2 * (8 - subLayers))
  for (const flags of present) bits.skip(((flags & 2) !== 0 ? 88 : 0) + ((flags & 1) !== 0 ? 8 : 0))
}

/** CODECS parameter (ISO/IEC 14496-15 Annex E.3). `entry` names where the parameter sets are. */
export const hevcCodecs = (config: HevcConfig, entry: "hvc1" | "hev1" = "hvc1"): string => {
  const space = ["", "A", "B", "C"][config.profileSpace]
  let reversed = 0
  for (let i = 0; i < 32; i++) reversed = reversed * 2 + ((config.compatibility >>> i) & 1)
  let used = config.constraints.length
  while (used > 0 && config.constraints[used - 1] === 0) used--
  const constraints = Array.from(config.constraints.subarray(0, used), (byte) => `.${hex(byte, 1)}`).join("")
  return `${entry}.${space}${config.profile}.${hex(reversed, 1)}.${config.highTier ? "H" : "L"}${config.level}${constraints}`
}

const profileNames: ReadonlyMap<number, string> = new Map([
  [1, "Main"],
  [2, "Main10"],
  [3, "Main Still Picture"],
  [4, "Rext"]
])

/** As the HTTP API of SRS names it. */
export const hevcProfileName = ({ profile }: HevcConfig): string => profileNames.get(profile) ?? "Other"

/** `3`, `3.1` … */
export const hevcLevelName = ({ level }: HevcConfig): string =>
  level < 30 || level > 186 || level % 3 !== 0 ? "Other" : String(level / 30)
