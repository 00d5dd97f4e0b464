/** VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding §2.2), box `vpcC`, of VP8 and VP9. */

import * as Result from "effect/Result"
import { readUint32 } from "../bytes/bytes.ts"
import { MalformedConfig } from "./MalformedConfig.ts"
import { twoDigits } from "./picture.ts"

export interface VpcConfig {
  readonly profile: number
  /** Ten times the number of the level; 0 for unknown. */
  readonly level: number
  readonly bitDepth: number
  readonly chromaSubsampling: number
  readonly fullRange: boolean
}

/** Without the codec initialization data, which VP8 and VP9 don't have. */
const recordLength = 6

/** Version 1, flags 0: the box header that FFmpeg leaves in the sequence header. */
const fullBoxHeader = 0x01000000

export const decodeVpcConfig = (record: Uint8Array): Result.Result<VpcConfig, MalformedConfig> => {
  // A bare record that begins so would be profile 1, level 0, bit depth 0: no codec has it.
  const at = record.length >= 4 && readUint32(record, 0) === fullBoxHeader ? 4 : 0
  if (record.length < at + recordLength) {
    return Result.fail(new MalformedConfig({ codec: "VP9", reason: `record of ${record.length} bytes` }))
  }
  return Result.succeed({
    profile: record[at],
    level: record[at + 1],
    bitDepth: record[at + 2] >>> 4,
    chromaSubsampling: (record[at + 2] >>> 1) & 7,
    fullRange: (record[at + 2] & 1) !== 0
  })
}

/** CODECS parameter (§3), in its short form. */
export const vpcCodecs = (config: VpcConfig, entry: "vp08" | "vp09" = "vp09"): string =>
  `${entry}.${twoDigits(config.profile)}.${twoDigits(config.level)}.${twoDigits(config.bitDepth)}`
