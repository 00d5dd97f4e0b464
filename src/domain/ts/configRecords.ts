/** Codec configuration from what a transport stream has instead: parameter sets in the stream, descriptors. */

import { BitReader, withoutEmulationPrevention } from "../codec/BitReader.ts"
import { maxParameterSetLength } from "../codec/picture.ts"
import { writeUint16 } from "../bytes/bytes.ts"

type Sets = ReadonlyArray<Uint8Array>

/** Profiles whose AVC record ends with chroma format and bit depths (ISO/IEC 14496-15 §5.3.3.1.2). */
const extendedProfiles: ReadonlySet<number> = new Set([100, 110, 122, 144])

interface SampleFormat {
  readonly chroma: number
  readonly lumaDepth: number
  readonly chromaDepth: number
}

/** 4:2:0 with 8 bits: what a parameter set that cannot be read is taken for. */
const commonFormat: SampleFormat = { chroma: 1, lumaDepth: 8, chromaDepth: 8 }

const plausible = (bits: BitReader, chroma: number, lumaDepth: number, chromaDepth: number): SampleFormat =>
  bits.overrun || chroma > 3 || lumaDepth > 15 || chromaDepth > 15 ? commonFormat : { chroma, lumaDepth, chromaDepth }

/** chroma_format_idc and bit depths of a high profile's SPS (14496-10 §7.3.2.1.1). */
const avcFormat = (sps: Uint8Array): SampleFormat => {
  const bits = new BitReader(withoutEmulationPrevention(sps.subarray(0, maxParameterSetLength)), 4)
  bits.unsigned()
  const chroma = bits.unsigned()
  if (chroma === 3) bits.bit()
  return plausible(bits, chroma, bits.unsigned() + 8, bits.unsigned() + 8)
}

const lengthOf = (sets: Sets): number => sets.reduce((sum, set) => sum + 2 + set.length, 0)

const writeSets = (target: Uint8Array, at: number, sets: Sets): number => {
  let to = at
  for (const set of sets) {
    writeUint16(target, to, set.length)
    target.set(set, to + 2)
    to += 2 + set.length
  }
  return to
}

/**
 * AVCDecoderConfigurationRecord with NAL unit lengths of four bytes. At least one set of each kind, at most 31 and 255,
 * of at most 64 KB, with four bytes in the first SPS.
 */
export const avcRecord = (sps: Sets, pps: Sets): Uint8Array => {
  const [, profile, compatibility, level] = sps[0]
  const extended = extendedProfiles.has(profile)
  const record = new Uint8Array(7 + lengthOf(sps) + lengthOf(pps) + (extended ? 4 : 0))
  record.set([1, profile, compatibility, level, 0xff, 0xe0 | sps.length])
  let at = writeSets(record, 6, sps)
  record[at] = pps.length
  at = writeSets(record, at + 1, pps)
  if (extended) {
    const { chroma, chromaDepth, lumaDepth } = avcFormat(sps[0])
    record.set([0xfc | chroma, 0xf8 | (lumaDepth - 8), 0xf8 | (chromaDepth - 8), 0], at)
  }
  return record
}

/** What hvcC tells beside the sets themselves, from the start of an SPS (23008-2 §7.3.2.2). */
const hevcFormat = (rbsp: Uint8Array, subLayers: number): SampleFormat => {
  const bits = new BitReader(rbsp, 15)
  const present: Array<number> = []
  for (let i = 0; i < subLayers; i++) present.push(bits.bits(2))
  if (subLayers > 0) bits.skip(2 * (8 - subLayers))
  for (const flags of present) bits.skip(((flags & 2) !== 0 ? 88 : 0) + ((flags & 1) !== 0 ? 8 : 0))
  bits.unsigned()
  const chroma = bits.unsigned()
  if (chroma === 3) bits.bit()
  bits.unsigned()
  bits.unsigned()
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.unsigned()
  return plausible(bits, chroma, bits.unsigned() + 8, bits.unsigned() + 8)
}

const writeArray = (target: Uint8Array, at: number, type: number, sets: Sets): number => {
  // array_completeness: parameter sets are here only, as `hvc1` wants them.
  target[at] = 0x80 | type
  writeUint16(target, at + 1, sets.length)
  return writeSets(target, at + 3, sets)
}

/**
 * HEVCDecoderConfigurationRecord (14496-15 §8.3.3.1) with NAL unit lengths of four bytes; undefined if the SPS ends
 * before its level.
 */
export const hevcRecord = (vps: Sets, sps: Sets, pps: Sets): Uint8Array | undefined => {
  const rbsp = withoutEmulationPrevention(sps[0].subarray(0, maxParameterSetLength))
  if (rbsp.length < 15) return undefined
  const subLayers = (rbsp[2] >>> 1) & 7
  const { chroma, chromaDepth, lumaDepth } = hevcFormat(rbsp, subLayers)
  const record = new Uint8Array(23 + 9 + lengthOf(vps) + lengthOf(sps) + lengthOf(pps))
  record[0] = 1
  // profile_tier_level without the reserved bits: 12 bytes.
  record.set(rbsp.subarray(3, 15), 1)
  const nested = rbsp[2] & 1
  record.set([0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | (lumaDepth - 8), 0xf8 | (chromaDepth - 8), 0, 0], 13)
  record[21] = (((subLayers + 1) & 7) << 3) | (nested << 2) | 3
  record[22] = 3
  let at = writeArray(record, 23, 32, vps)
  at = writeArray(record, at, 33, sps)
  writeArray(record, at, 34, pps)
  return record
}

/** OpusHead (RFC 7845 §5.1): mapping family 1 for more than two channels, with the order of Vorbis. */
export const opusHead = (channels: number): Uint8Array => {
  const surround = channels > 2
  const head = new Uint8Array(surround ? 21 + channels : 19)
  head.set([0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64, 1, channels])
  // Pre-skip 312, little-endian; input rate 48000.
  head.set([0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, surround ? 1 : 0], 10)
  if (!surround) return head
  const [streams, coupled, mapping] = vorbisOrders[channels - 3]
  head.set([streams, coupled, ...mapping], 19)
  return head
}

/** Streams, coupled streams and channel mapping of 3 to 8 channels (RFC 7845 §5.1.1.2). */
const vorbisOrders: ReadonlyArray<readonly [number, number, ReadonlyArray<number>]> = [
  [2, 1, [0, 2, 1]],
  [2, 2, [0, 1, 2, 3]],
  [3, 2, [0, 4, 1, 2, 3]],
  [4, 2, [0, 4, 1, 2, 3, 5]],
  [4, 3, [0, 4, 1, 2, 3, 5, 6]],
  [5, 3, [0, 6, 1, 2, 3, 4, 5, 7]]
]

/** AudioSpecificConfig in two bytes. */
export const aacRecord = (config: number): Uint8Array => {
  const record = new Uint8Array(2)
  writeUint16(record, 0, config)
  return record
}
