/** PSI sections read from transport packets (ISO/IEC 13818-1 §2.4.4): PAT and PMT. */

import { readUint16 } from "../bytes/bytes.ts"
import { crc32 } from "./crc32.ts"
import { DescriptorTag, registration, TableId } from "./Psi.ts"
import { StreamType } from "./packet.ts"

/** Longest PAT or PMT section with its three header bytes (§2.4.4.5). */
const maxSectionLength = 1024

const sectionHeaderLength = 3
const longHeaderLength = 8
const crcLength = 4

/** Elementary streams of a program that are looked at. */
const maxStreams = 32

/** Puts the sections of one PID together. */
export class SectionReader {
  readonly #bytes = new Uint8Array(maxSectionLength)
  #length = 0
  #active = false
  /** Bytes that `#take` took. */
  #taken = 0

  /** Forgets a section of which a part was lost. */
  reset(): void {
    this.#active = false
  }

  /** Payload of one packet. `onSection` gets whole sections with a right CRC; returns how many had a wrong one. */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    unitStart: boolean,
    onSection: (bytes: Uint8Array, length: number) => void
  ): number {
    let at = start
    let failures = 0
    if (unitStart) {
      if (at >= end) return 0
      const next = at + 1 + bytes[at]
      if (next > end) {
        this.reset()
        return 0
      }
      if (this.#active) failures += this.#take(bytes, at + 1, next, onSection)
      at = next
      this.#active = true
      this.#length = 0
    }
    while (this.#active && at < end) {
      // Stuffing fills the rest of the packet.
      if (this.#length === 0 && bytes[at] === 0xff) {
        this.reset()
        break
      }
      failures += this.#take(bytes, at, end, onSection)
      at += this.#taken
    }
    return failures
  }

  /** Takes bytes up to the end of the section, at least one. Returns 1 for a section that cannot be read. */
  #take(bytes: Uint8Array, start: number, end: number, onSection: (bytes: Uint8Array, length: number) => void): number {
    let at = start
    const own = this.#bytes
    while (this.#length < sectionHeaderLength && at < end) own[this.#length++] = bytes[at++]
    this.#taken = at - start
    if (this.#length < sectionHeaderLength) return 0
    const total = sectionHeaderLength + (readUint16(own, 1) & 0x0fff)
    if (total > maxSectionLength) {
      this.reset()
      return 1
    }
    const taken = Math.min(total - this.#length, end - at)
    own.set(bytes.subarray(at, at + taken), this.#length)
    this.#length += taken
    this.#taken += taken
    if (this.#length < total) return 0
    this.#length = 0
    if (total < longHeaderLength + crcLength || crc32(own, 0, total) !== 0) return 1
    onSection(own, total)
    return 0
  }
}

/** A section that is in force now. */
const isCurrent = (bytes: Uint8Array, tableId: number): boolean => bytes[0] === tableId && (bytes[5] & 1) === 1

/** PID of the first program's map, or undefined for a section that names none. */
export const readPat = (bytes: Uint8Array, length: number): number | undefined => {
  if (!isCurrent(bytes, TableId.Pat)) return undefined
  for (let at = longHeaderLength; at + 4 <= length - crcLength; at += 4) {
    if (readUint16(bytes, at) !== 0) return readUint16(bytes, at + 2) & 0x1fff
  }
  return undefined
}

export type TsCodec = "avc" | "hevc" | "aac" | "mp3" | "opus" | "id3"

export interface TsStream {
  readonly pid: number
  readonly codec: TsCodec
  /** From the descriptor of Opus; 2 for all else. */
  readonly channels: number
}

const codecsByType: ReadonlyMap<number, TsCodec> = new Map([
  [StreamType.Avc, "avc"],
  [StreamType.Hevc, "hevc"],
  [StreamType.Aac, "aac"],
  [StreamType.Mpeg1Audio, "mp3"],
  [StreamType.Mpeg2Audio, "mp3"],
  [StreamType.Metadata, "id3"]
])

const isIdentifier = (bytes: Uint8Array, at: number, identifier: string): boolean => {
  for (let i = 0; i < identifier.length; i++) if (bytes[at + i] !== identifier.charCodeAt(i)) return false
  return true
}

/** Codec of private data, by its descriptors. */
const readPrivate = (bytes: Uint8Array, start: number, end: number, pid: number): TsStream | undefined => {
  let codec: TsCodec | undefined
  let channels = 2
  for (let at = start; at + 2 <= end; at += 2 + bytes[at + 1]) {
    const length = bytes[at + 1]
    if (at + 2 + length > end) break
    if (bytes[at] === DescriptorTag.Registration && length >= 4) {
      if (isIdentifier(bytes, at + 2, registration.opus)) codec = "opus"
      else if (isIdentifier(bytes, at + 2, registration.hevc)) codec = "hevc"
    } else if (bytes[at] === DescriptorTag.Extension && length >= 2 && bytes[at + 2] === 0x80) {
      const code = bytes[at + 3]
      channels = code >= 1 && code <= 8 ? code : 2
    }
  }
  return codec && { pid, codec, channels }
}

/** Streams of a program map whose codec is known; undefined for a section that is no map in force. */
export const readPmt = (bytes: Uint8Array, length: number): Array<TsStream> | undefined => {
  const end = length - crcLength
  if (!isCurrent(bytes, TableId.Pmt) || end < longHeaderLength + 4) return undefined
  const streams: Array<TsStream> = []
  let at = longHeaderLength + 4 + (readUint16(bytes, longHeaderLength + 2) & 0x0fff)
  for (let count = 0; at + 5 <= end && count < maxStreams; count++) {
    const pid = readUint16(bytes, at + 1) & 0x1fff
    const next = at + 5 + (readUint16(bytes, at + 3) & 0x0fff)
    if (next > end) break
    const codec = codecsByType.get(bytes[at])
    if (codec !== undefined) streams.push({ pid, codec, channels: 2 })
    else if (bytes[at] === StreamType.PrivateData) {
      const stream = readPrivate(bytes, at + 5, next, pid)
      if (stream !== undefined) streams.push(stream)
    }
    at = next
  }
  return streams
}
