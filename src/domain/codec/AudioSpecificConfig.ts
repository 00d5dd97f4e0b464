/** AudioSpecificConfig of AAC (ISO/IEC 14496-3 §1.6.2.1): the sequence header of AAC. */

import * as Result from "effect/Result"
import { BitReader } from "./BitReader.ts"
import { MalformedConfig } from "./MalformedConfig.ts"

/** Audio object types that matter here (§1.5.1.1). */
export const AudioObjectType = { Main: 1, Lc: 2, Ssr: 3, Ltp: 4, Sbr: 5, Ps: 29 } as const

export interface AudioSpecificConfig {
  /** 5 or 29 when SBR or PS is signalled, else that of the core. */
  readonly objectType: number
  /** What the core decoder decodes: 2 for AAC-LC, HE-AAC and HE-AACv2. */
  readonly coreObjectType: number
  /** Hertz of the output: the extension's, where it is signalled. */
  readonly sampleRate: number
  readonly coreSampleRate: number
  /** Of the core; PS makes two of one. 0 if neither index nor program config element tells. */
  readonly channels: number
  /** Samples of the core in a frame: 1024 or 960. */
  readonly frameLength: number
}

/** By samplingFrequencyIndex; index 15 means 24 explicit bits. */
const sampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350]

/** By channelConfiguration; 0 leaves it to a program config element. */
const channelCounts = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0]

const sbrSyncExtension = 0x2b7
const psSyncExtension = 0x548

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "AAC", reason }))

export const decodeAudioSpecificConfig = (config: Uint8Array): Result.Result<AudioSpecificConfig, MalformedConfig> => {
  if (config.length < 2) return fail(`${config.length} bytes`)
  const bits = new BitReader(config)
  let objectType = readObjectType(bits)
  let coreObjectType = objectType
  const coreSampleRate = readSampleRate(bits)
  const channelConfiguration = bits.bits(4)
  let sampleRate = coreSampleRate
  if (objectType === AudioObjectType.Sbr || objectType === AudioObjectType.Ps) {
    sampleRate = readSampleRate(bits)
    coreObjectType = readObjectType(bits)
  }
  if (bits.overrun || coreObjectType === 0) return fail("truncated")
  if (coreSampleRate === 0 || sampleRate === 0) return fail("reserved sample rate")

  let channels = channelCounts[channelConfiguration]
  let frameLength = 1024
  if (isGeneralAudio(coreObjectType)) {
    if (bits.flag()) frameLength = 960
    if (bits.flag()) bits.skip(14)
    bits.bit()
    if (channelConfiguration === 0) channels = readProgramChannels(bits)
    else if (objectType === coreObjectType && bits.remaining >= 16 && bits.bits(11) === sbrSyncExtension) {
      if (readObjectType(bits) === AudioObjectType.Sbr && bits.flag()) {
        objectType = AudioObjectType.Sbr
        sampleRate = readSampleRate(bits) || coreSampleRate
        if (bits.remaining >= 12 && bits.bits(11) === psSyncExtension && bits.flag()) objectType = AudioObjectType.Ps
      }
    }
  }
  return Result.succeed({ objectType, coreObjectType, sampleRate, coreSampleRate, channels, frameLength })
}

const readObjectType = (bits: BitReader): number => {
  const type = bits.bits(5)
  return type === 31 ? 32 + bits.bits(6) : type
}

/** 0 for a reserved index. */
const readSampleRate = (bits: BitReader): number => {
  const index = bits.bits(4)
  return index === 15 ? bits.bits(24) : (sampleRates[index] ?? 0)
}

/** Object types with a GASpecificConfig whose layout is read here. */
const isGeneralAudio = (objectType: number): boolean => objectType >= 1 && objectType <= 4

/** The start of a program_config_element (§4.4.1.1): channels of its front, side, back and low frequency elements. */
const readProgramChannels = (bits: BitReader): number => {
  bits.skip(10)
  const elements = bits.bits(4) + bits.bits(4) + bits.bits(4)
  const lowFrequency = bits.bits(2)
  bits.skip(7)
  if (bits.flag()) bits.skip(4)
  if (bits.flag()) bits.skip(4)
  if (bits.flag()) bits.skip(3)
  let channels = lowFrequency
  for (let i = 0; i < elements; i++) {
    channels += 1 + bits.bit()
    bits.skip(4)
  }
  return bits.overrun ? 0 : channels
}

/** CODECS parameter (RFC 6381 §3.3). */
export const aacCodecs = (config: AudioSpecificConfig): string => `mp4a.40.${config.objectType}`

const profileNames: ReadonlyMap<number, string> = new Map([
  [AudioObjectType.Main, "Main"],
  [AudioObjectType.Lc, "LC"],
  [AudioObjectType.Ssr, "SSR"],
  [AudioObjectType.Sbr, "HE"],
  [AudioObjectType.Ps, "HEv2"]
])

/** As the HTTP API of SRS names it. */
export const aacProfileName = (config: AudioSpecificConfig): string => profileNames.get(config.objectType) ?? "Other"
