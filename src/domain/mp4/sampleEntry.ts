/** Sample entries (ISO/IEC 14496-12 §8.5.2, §12.1.3, §12.2.3) and what stands in them for each codec. */

import type { OpusHead } from "../codec/OpusHead.ts"
import type { PictureSize } from "../codec/picture.ts"
import { ascii, box, fullBox, uint16, uint32, uint8, zeros } from "./box.ts"

const noBytes = new Uint8Array(0)
const compressorNameLength = 32

/** 72 dpi in 16.16. */
const resolution = 0x00480000

/** `type` names codec and where its parameter sets are: `avc1`, `hvc1`, `av01`, `vp09`. */
export const visualEntry = (type: string, { height, width }: PictureSize, config: Uint8Array): Uint8Array =>
  box(
    type,
    zeros(6),
    uint16(1),
    zeros(16),
    uint16(width, height),
    uint32(resolution, resolution, 0),
    uint16(1),
    zeros(compressorNameLength),
    uint16(0x18, 0xffff),
    config
  )

/** Rates that 16 bits cannot tell are 0: the codec's configuration has them. */
export const audioEntry = (type: string, channels: number, sampleRate: number, config: Uint8Array): Uint8Array =>
  box(
    type,
    zeros(6),
    uint16(1),
    zeros(8),
    uint16(channels, 16),
    zeros(4),
    uint32((sampleRate > 0xffff ? 0 : sampleRate) * 0x10000),
    config
  )

/** A descriptor of MPEG-4 systems (ISO/IEC 14496-1 §8.3.3) with a length of four bytes, as most writers have it. */
const descriptor = (tag: number, ...parts: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return [
    uint8(tag, 0x80 | (length >>> 21), 0x80 | (length >>> 14), 0x80 | ((length >>> 7) & 0x7f), length & 0x7f),
    ...parts
  ]
}

/** objectTypeIndication (ISO/IEC 14496-1 table 5). */
export const ObjectType = { Aac: 0x40, Mpeg2Audio: 0x69, Mpeg1Audio: 0x6b } as const

/** streamType audio, not upstream, reserved bit. */
const audioStream = 0x15

/** Elementary stream descriptor; `specific` is the AudioSpecificConfig, empty for MP3. */
export const esds = (objectType: number, specific: Uint8Array = noBytes): Uint8Array => {
  const info = specific.length === 0 ? [] : descriptor(5, specific)
  const config = descriptor(4, uint8(objectType, audioStream, 0, 0, 0), uint32(0, 0), ...info)
  return fullBox("esds", 0, 0, ...descriptor(3, uint16(0), uint8(0), ...config, ...descriptor(6, uint8(2))))
}

/** OpusSpecificBox (Encapsulation of Opus in ISOBMFF §4.3.2): big-endian; `mapping` is the rest of an OpusHead. */
export const dOps = (head: OpusHead, mapping: Uint8Array): Uint8Array =>
  box(
    "dOps",
    uint8(0, head.channels),
    uint16(head.preSkip),
    uint32(head.inputSampleRate),
    uint16(head.outputGain & 0xffff),
    uint8(head.mappingFamily),
    mapping
  )

const streamInfoLength = 34

/** What a FLAC STREAMINFO block tells (RFC 9639 §8.2). */
export interface FlacInfo {
  readonly blockSize: number
  readonly sampleRate: number
  readonly channels: number
  /** The 34 bytes of the block. */
  readonly streamInfo: Uint8Array
}

/** The sequence header of FLAC: `fLaC` and metadata blocks, or the blocks alone, or a bare STREAMINFO. */
export const readFlacInfo = (header: Uint8Array): FlacInfo | undefined => {
  let at = 0
  if (header.length >= 4 && ascii("fLaC").every((byte, i) => header[i] === byte)) at = 4
  if (header.length >= at + 4 + streamInfoLength && (header[at] & 0x7f) === 0) at += 4
  if (header.length < at + streamInfoLength) return undefined
  const streamInfo = header.slice(at, at + streamInfoLength)
  const sampleRate = (streamInfo[10] << 12) | (streamInfo[11] << 4) | (streamInfo[12] >>> 4)
  const channels = ((streamInfo[12] >>> 1) & 7) + 1
  const blockSize = (streamInfo[2] << 8) | streamInfo[3]
  return sampleRate === 0 ? undefined : { blockSize, sampleRate, channels, streamInfo }
}

/** FLACSpecificBox (Encapsulation of FLAC in ISOBMFF §3.3.2) with STREAMINFO as the last block. */
export const dfLa = ({ streamInfo }: FlacInfo): Uint8Array =>
  fullBox("dfLa", 0, 0, uint8(0x80, 0, 0, streamInfoLength), streamInfo)

/** blocksize of a FLAC frame header (RFC 9639 §9.1.1); `other` where it stands behind the coded number. */
export const flacSamples = (bytes: Uint8Array, start: number, end: number, other: number): number => {
  if (end - start < 4) return 0
  const code = bytes[start + 2] >>> 4
  if (code === 1) return 192
  if (code >= 2 && code <= 5) return 576 << (code - 2)
  return code >= 8 ? 256 << (code - 8) : other
}
