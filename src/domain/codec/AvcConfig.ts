/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1): the sequence header of H.264, box `avcC`. */

import * as Result from "effect/Result"
import { readUint16 } from "../bytes/bytes.ts"
import { type AvcSps, decodeAvcSps } from "./AvcSps.ts"
import { MalformedConfig } from "./MalformedConfig.ts"
import { hex } from "./picture.ts"

export interface AvcConfig {
  readonly profile: number
  readonly compatibility: number
  readonly level: number
  /** Bytes of the length in front of each NAL unit: 1, 2 or 4. */
  readonly lengthSize: number
  /** Views of the record, with NAL unit header; empty ones are left out. */
  readonly sps: ReadonlyArray<Uint8Array>
  readonly pps: ReadonlyArray<Uint8Array>
  /** The last SPS that could be read: the one encoders mean when they send several. */
  readonly picture: AvcSps | undefined
}

const recordHeaderLength = 6

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "H264", reason }))

export const decodeAvcConfig = (record: Uint8Array): Result.Result<AvcConfig, MalformedConfig> => {
  if (record.length < recordHeaderLength + 1) return fail(`record of ${record.length} bytes`)
  if (record[0] !== 1) return fail(`version ${record[0]}`)
  const lengthSize = (record[4] & 3) + 1
  if (lengthSize === 3) return fail("NAL unit length of 3 bytes")
  const sps: Array<Uint8Array> = []
  const pps: Array<Uint8Array> = []
  const ppsAt = readSets(record, recordHeaderLength, record[5] & 0x1f, sps)
  if (ppsAt < 0 || ppsAt >= record.length) return fail("truncated sequence parameter set")
  if (readSets(record, ppsAt + 1, record[ppsAt], pps) < 0) return fail("truncated picture parameter set")
  let picture: AvcSps | undefined
  for (const nal of sps) picture = Result.getOrUndefined(decodeAvcSps(nal)) ?? picture
  return Result.succeed({
    profile: record[1],
    compatibility: record[2],
    level: record[3],
    lengthSize,
    sps,
    pps,
    picture
  })
}

/** Collects `count` parameter sets with 16-bit lengths. Returns the place behind them, or −1. */
const readSets = (record: Uint8Array, at: number, count: number, into: Array<Uint8Array>): number => {
  for (let i = 0; i < count; i++) {
    if (at + 2 > record.length) return -1
    const end = at + 2 + readUint16(record, at)
    if (end > record.length) return -1
    if (end > at + 2) into.push(record.subarray(at + 2, end))
    at = end
  }
  return at
}

/** CODECS parameter (RFC 6381 §3.3). `entry` names where the parameter sets are. */
export const avcCodecs = (config: AvcConfig, entry: "avc1" | "avc3" = "avc1"): string =>
  `${entry}.${hex(config.profile, 2)}${hex(config.compatibility, 2)}${hex(config.level, 2)}`.toLowerCase()

/** Bit of the compatibility byte. */
const constraintSet1 = 0x40
const constraintSet3 = 0x10

const profileNames: ReadonlyMap<number, string> = new Map([
  [66, "Baseline"],
  [77, "Main"],
  [88, "Extended"],
  [100, "High"],
  [110, "High(10)"],
  [122, "High(422)"],
  [144, "High(444)"],
  [244, "High(444+Predictive)"]
])

/** As the HTTP API of SRS names it. */
export const avcProfileName = ({ compatibility, profile }: AvcConfig): string => {
  if (profile === 66 && (compatibility & constraintSet1) !== 0) return "Baseline(Constrained)"
  const intra = (compatibility & constraintSet3) !== 0
  if (intra && profile === 110) return "High(10+Intra)"
  if (intra && profile === 122) return "High(422+Intra)"
  if (intra && profile === 244) return "High(444+Intra)"
  return profileNames.get(profile) ?? "Other"
}

/** `3`, `3.1` … */
export const avcLevelName = ({ level }: AvcConfig): string => (level < 9 || level > 62 ? "Other" : String(level / 10))
