/** Puts one elementary stream's PES packets together (ISO/IEC 13818-1 §2.4.3.6). */

import { readUint16, readUint24 } from "../bytes/bytes.ts"
import { pesFixedLength } from "./Pes.ts"
import { StreamId } from "./packet.ts"
import type { TsStream } from "./Sections.ts"

/** Longest PES packet that is put together: a keyframe of 500 Mbps video at one frame a second is as long. */
export const maxPesLength = 8 * 1024 * 1024

const initialLength = 4096

export interface PesPacket {
  /** 33 bits, 90 kHz; undefined where the packet has none. */
  readonly pts: number | undefined
  /** Equal to the PTS where the packet has none of its own. */
  readonly dts: number | undefined
  /** The payload is `bytes` from `start` to `end`. Valid until the callback returns. */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly randomAccess: boolean
  /** A part of it was lost. */
  readonly damaged: boolean
}

const readTimestamp = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] >>> 1) & 7) * 0x40000000 +
  ((bytes[at + 1] << 22) | ((bytes[at + 2] >>> 1) << 15) | (bytes[at + 3] << 7) | (bytes[at + 4] >>> 1))

/** stream_ids whose packets have no header beyond the length. */
const isPlain = (streamId: number): boolean => streamId === StreamId.Padding || streamId === StreamId.Private2

export class PesBuffer {
  readonly stream: TsStream
  #bytes = new Uint8Array(initialLength)
  #length = 0
  /** Whole length by the header, 0 where it has none. */
  #expected = 0
  #active = false
  #randomAccess = false
  #damaged = false

  constructor(stream: TsStream) {
    this.stream = stream
  }

  get isActive(): boolean {
    return this.#active
  }

  /** The header's length is reached. */
  get isComplete(): boolean {
    return this.#active && this.#expected > 0 && this.#length >= this.#expected
  }

  start(randomAccess: boolean): void {
    this.#active = true
    this.#length = 0
    this.#expected = 0
    this.#randomAccess = randomAccess
    this.#damaged = false
  }

  damage(): void {
    this.#damaged = true
  }

  /** False when the packet has become too long; it is dropped then. What comes between two packets is ignored. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#active) return true
    const length = this.#length + end - start
    if (length > maxPesLength) {
      this.#active = false
      return false
    }
    if (length > this.#bytes.length) this.#grow(length)
    this.#bytes.set(bytes.subarray(start, end), this.#length)
    this.#length = length
    if (this.#expected === 0 && length >= 6) {
      const told = readUint16(this.#bytes, 4)
      if (told > 0) this.#expected = 6 + told
    }
    return true
  }

  /** The packet, or undefined if it has no readable header. */
  finish(): PesPacket | undefined {
    this.#active = false
    const bytes = this.#bytes
    const end = this.#expected > 0 ? Math.min(this.#expected, this.#length) : this.#length
    if (end < pesFixedLength || readUint24(bytes, 0) !== 1 || isPlain(bytes[3]) || bytes[6] >>> 6 !== 2)
      return undefined
    const start = pesFixedLength + bytes[8]
    if (start > end) return undefined
    const flags = bytes[7] >>> 6
    const pts = (flags & 2) !== 0 && bytes[8] >= 5 ? readTimestamp(bytes, pesFixedLength) : undefined
    const dts = flags === 3 && bytes[8] >= 10 ? readTimestamp(bytes, pesFixedLength + 5) : pts
    const damaged = this.#damaged || this.#length < this.#expected
    return { pts, dts, bytes, start, end, randomAccess: this.#randomAccess, damaged }
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.min(maxPesLength, Math.max(length, this.#bytes.length * 2)))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
