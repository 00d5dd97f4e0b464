/** Frame headers of MPEG audio, layers II and III (ISO/IEC 11172-3 §2.4.2.3, 13818-3 §2.4.2.3). */

export const mpegAudioHeaderLength = 4

export interface MpegAudioFrame {
  /** Of the whole frame. */
  readonly length: number
  readonly sampleRate: number
  readonly channels: number
  readonly samples: number
  /** MPEG-1, not the low rates of MPEG-2 and 2.5. */
  readonly isMpeg1: boolean
}

/** Kilobits a second by bitrate_index; 0 is free format, which has no length of its own. */
const layer2Mpeg1 = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
const layer3Mpeg1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const lowRates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]

const mpeg1Rates = [44_100, 48_000, 32_000]

/** By the version bits: MPEG-2.5, reserved, MPEG-2, MPEG-1. */
const rateDivisors = [4, 0, 2, 1]

const Layer = { Three: 1, Two: 2 } as const
const mpeg1Version = 3
const mono = 3

/** The header at `at`, of which four bytes must be there; undefined where none is. */
export const readMpegAudioHeader = (bytes: Uint8Array, at: number): MpegAudioFrame | undefined => {
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) return undefined
  const version = (bytes[at + 1] >>> 3) & 3
  const layer = (bytes[at + 1] >>> 1) & 3
  const isMpeg1 = version === mpeg1Version
  const baseRate = mpeg1Rates[(bytes[at + 2] >>> 2) & 3]
  const divisor = rateDivisors[version]
  if (baseRate === undefined || divisor === 0 || (layer !== Layer.Two && layer !== Layer.Three)) return undefined
  const bitRates = !isMpeg1 ? lowRates : layer === Layer.Two ? layer2Mpeg1 : layer3Mpeg1
  const kilobits = bitRates[bytes[at + 2] >>> 4]
  if (kilobits === undefined || kilobits === 0) return undefined
  const sampleRate = baseRate / divisor
  const samples = layer === Layer.Three && !isMpeg1 ? 576 : 1152
  const padding = (bytes[at + 2] >>> 1) & 1
  const length = Math.floor((samples * 125 * kilobits) / sampleRate) + padding
  return { length, sampleRate, channels: bytes[at + 3] >>> 6 === mono ? 1 : 2, samples, isMpeg1 }
}
