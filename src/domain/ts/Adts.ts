/** Audio Data Transport Stream (ISO/IEC 13818-7 §6.2, 14496-3 §1.A.2.2): AAC frames that tell their own format. */

import * as Result from "effect/Result"
import { decodeAudioSpecificConfig } from "../codec/AudioSpecificConfig.ts"

/** Without CRC, which nobody here writes. */
export const adtsHeaderLength = 7

/** aac_frame_length has 13 bits. */
export const maxAdtsFrame = 0x1fff

/** By sampling_frequency_index. */
export const adtsSampleRates: ReadonlyArray<number> = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350
]

const mpeg2Id = 0x08
const longTermPrediction = 4

/** The header of every frame, with a length of 0. */
export type AdtsTemplate = Uint8Array

/**
 * Of an AudioSpecificConfig. Undefined if ADTS has no words for it: object types past AAC-LTP other than SBR and PS,
 * which hide in LC, unusual sample rates, and channels that a program config element describes.
 */
export const adtsTemplate = (config: Uint8Array): AdtsTemplate | undefined => {
  const aac = Result.getOrUndefined(decodeAudioSpecificConfig(config))
  if (aac === undefined) return undefined
  const index = adtsSampleRates.indexOf(aac.coreSampleRate)
  const channels = aac.channels === 8 ? 7 : aac.channels
  const profile = aac.coreObjectType - 1
  if (index < 0 || profile > 3 || channels < 1 || channels > 7) return undefined
  return Uint8Array.of(
    0xff,
    0xf1 | (aac.coreObjectType === longTermPrediction ? 0 : mpeg2Id),
    (profile << 6) | (index << 2) | (channels >>> 2),
    (channels & 3) << 6,
    0,
    // Buffer fullness 0x7ff: variable rate. One raw data block.
    0x1f,
    0xfc
  )
}

/** `frameLength` is of the raw frame, `maxAdtsFrame` - 7 at most. */
export const writeAdtsHeader = (target: Uint8Array, at: number, template: AdtsTemplate, frameLength: number): void => {
  const length = adtsHeaderLength + frameLength
  target[at] = template[0]
  target[at + 1] = template[1]
  target[at + 2] = template[2]
  target[at + 3] = template[3] | (length >>> 11)
  target[at + 4] = length >>> 3
  target[at + 5] = template[5] | ((length & 7) << 5)
  target[at + 6] = template[6]
}

/** What one ADTS header tells. */
export interface AdtsFrame {
  /** Of the whole frame. */
  readonly length: number
  readonly headerLength: number
  readonly sampleRate: number
  /** AudioSpecificConfig in two bytes, as a number. */
  readonly config: number
  /** Raw data blocks of 1024 samples. */
  readonly blocks: number
}

/** The header at `at`, of which seven bytes must be there; undefined where none is. */
export const readAdtsHeader = (bytes: Uint8Array, at: number): AdtsFrame | undefined => {
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xf6) !== 0xf0) return undefined
  const headerLength = (bytes[at + 1] & 1) === 1 ? adtsHeaderLength : adtsHeaderLength + 2
  const objectType = (bytes[at + 2] >>> 6) + 1
  const index = (bytes[at + 2] >>> 2) & 0x0f
  const channels = ((bytes[at + 2] & 1) << 2) | (bytes[at + 3] >>> 6)
  const length = ((bytes[at + 3] & 3) << 11) | (bytes[at + 4] << 3) | (bytes[at + 5] >>> 5)
  const sampleRate = adtsSampleRates[index]
  if (sampleRate === undefined || length <= headerLength) return undefined
  const config = (objectType << 11) | (index << 7) | (channels << 3)
  return { length, headerLength, sampleRate, config, blocks: (bytes[at + 6] & 3) + 1 }
}
