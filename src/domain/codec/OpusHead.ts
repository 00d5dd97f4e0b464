/** Identification header of Opus (RFC 7845 §5.1), little-endian: the sequence header in Enhanced RTMP. */

import * as Result from "effect/Result"
import { MalformedConfig } from "./MalformedConfig.ts"

export interface OpusHead {
  readonly channels: number
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number
  /** Of the original, hertz; decoding is always at 48 kHz. */
  readonly inputSampleRate: number
  /** Q7.8 in dB. */
  readonly outputGain: number
  readonly mappingFamily: number
}

/** What a stream without a header is: some publishers send none. */
export const defaultOpusHead: OpusHead = {
  channels: 2,
  preSkip: 312,
  inputSampleRate: 48_000,
  outputGain: 0,
  mappingFamily: 0
}

export const opusCodecs = "opus"

const length = 19

const magic = "OpusHead"

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "Opus", reason }))

export const decodeOpusHead = (bytes: Uint8Array): Result.Result<OpusHead, MalformedConfig> => {
  if (bytes.length < length) return fail(`header of ${bytes.length} bytes`)
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return fail("no OpusHead")
  // The high nibble is the major version: 0 is all there is.
  if (bytes[8] > 0x0f) return fail(`version ${bytes[8]}`)
  if (bytes[9] === 0) return fail("no channels")
  return Result.succeed({
    channels: bytes[9],
    preSkip: bytes[10] | (bytes[11] << 8),
    inputSampleRate: (bytes[12] | (bytes[13] << 8) | (bytes[14] << 16) | (bytes[15] << 24)) >>> 0,
    outputGain: ((bytes[16] | (bytes[17] << 8)) << 16) >> 16,
    mappingFamily: bytes[18]
  })
}
