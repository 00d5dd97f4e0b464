/**
 * Access units of H.264 and HEVC: NAL units behind big-endian lengths, as FLV and MP4 have them, to NAL units behind
 * start codes (ISO/IEC 14496-10 annex B, ISO/IEC 23008-2 annex B). All start codes have four bytes, which is always
 * allowed and lets one copy move a whole access unit.
 */

import { readUint16, readUint32, writeUint32 } from "../bytes/bytes.ts"
import { copyBytes } from "../rtmp/copyBytes.ts"

export const startCodeLength = 4
const startCode = 1

/** How the NAL units of one codec are told apart. */
export interface NalSyntax {
  /** Bits below and of the type in the first byte. */
  readonly shift: number
  readonly mask: number
  readonly delimiter: number
  readonly isParameterSet: (type: number) => boolean
  readonly isRandomAccess: (type: number) => boolean
  /** An access unit delimiter that allows every slice type, with its start code. */
  readonly delimiterUnit: Uint8Array
}

/** Type 5 is IDR, 7 and 8 are SPS and PPS (14496-10 table 7-1). */
export const avcSyntax: NalSyntax = {
  shift: 0,
  mask: 0x1f,
  delimiter: 9,
  isParameterSet: (type) => type === 7 || type === 8,
  isRandomAccess: (type) => type === 5,
  delimiterUnit: Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0)
}

/** Types 16 to 23 are IRAP pictures, 32 to 34 are VPS, SPS and PPS (23008-2 table 7-1). */
export const hevcSyntax: NalSyntax = {
  shift: 1,
  mask: 0x3f,
  delimiter: 35,
  isParameterSet: (type) => type >= 32 && type <= 34,
  isRandomAccess: (type) => type >= 16 && type <= 23,
  delimiterUnit: Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50)
}

/** Parameter sets with start codes, to stand in front of a random access point. */
export const withStartCodes = (units: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(units.reduce((sum, unit) => sum + startCodeLength + unit.length, 0))
  let at = 0
  for (const unit of units) {
    writeUint32(bytes, at, startCode)
    bytes.set(unit, at + startCodeLength)
    at += startCodeLength + unit.length
  }
  return bytes
}

const readLength = (bytes: Uint8Array, at: number, size: number): number =>
  size === 4 ? readUint32(bytes, at) : size === 2 ? readUint16(bytes, at) : bytes[at]

/** What a walk over one access unit finds. One object serves all frames of a stream. */
export class AccessUnit {
  readonly #syntax: NalSyntax
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #lengthSize = 4
  /** Behind the last whole NAL unit: a length that reaches beyond the frame ends it. */
  #end = 0
  #emptyUnits = 0
  /** NAL units that are not empty. */
  units = 0
  /** Their bytes with four bytes of start code each. */
  length = 0
  /** Bytes of the delimiter that the frame begins with, its length field among them, or 0. */
  delimiterLength = 0
  hasParameterSets = false
  hasRandomAccess = false

  constructor(syntax: NalSyntax) {
    this.#syntax = syntax
  }

  /** Reads `bytes` from `start` to `end`, NAL units behind lengths of `lengthSize` bytes. */
  walk(bytes: Uint8Array, start: number, end: number, lengthSize: number): void {
    const { delimiter, isParameterSet, isRandomAccess, mask, shift } = this.#syntax
    this.#bytes = bytes
    this.#start = start
    this.#lengthSize = lengthSize
    this.#emptyUnits = 0
    this.units = 0
    this.length = 0
    this.delimiterLength = 0
    this.hasParameterSets = false
    this.hasRandomAccess = false
    let at = start
    while (at + lengthSize <= end) {
      const length = readLength(bytes, at, lengthSize)
      if (length > end - at - lengthSize) break
      at += lengthSize
      if (length === 0) {
        this.#emptyUnits++
        continue
      }
      const type = (bytes[at] >>> shift) & mask
      if (type === delimiter && at === start + lengthSize) this.delimiterLength = lengthSize + length
      this.hasParameterSets ||= isParameterSet(type)
      this.hasRandomAccess ||= isRandomAccess(type)
      at += length
      this.units++
      this.length += startCodeLength + length
    }
    this.#end = at
  }

  /** Writes the NAL units with start codes, `between` behind a leading delimiter. Returns the place behind them. */
  write(target: Uint8Array, at: number, between: Uint8Array): number {
    const rest = this.#start + this.delimiterLength
    let to = at
    if (this.delimiterLength > 0) to = this.#writeUnits(target, to, this.#start, rest)
    target.set(between, to)
    return this.#writeUnits(target, to + between.length, rest, this.#end)
  }

  #writeUnits(target: Uint8Array, at: number, start: number, end: number): number {
    if (this.#lengthSize !== startCodeLength || this.#emptyUnits > 0) return this.#writeOneByOne(target, at, start, end)
    copyBytes(this.#bytes, start, end, target, at)
    const stop = at + end - start
    for (let unit = at; unit < stop;) {
      const length = readUint32(target, unit)
      writeUint32(target, unit, startCode)
      unit += startCodeLength + length
    }
    return stop
  }

  #writeOneByOne(target: Uint8Array, at: number, start: number, end: number): number {
    const size = this.#lengthSize
    let to = at
    for (let from = start; from + size <= end;) {
      const length = readLength(this.#bytes, from, size)
      from += size
      if (length === 0) continue
      writeUint32(target, to, startCode)
      copyBytes(this.#bytes, from, from + length, target, to + startCodeLength)
      from += length
      to += startCodeLength + length
    }
    return to
  }
}
