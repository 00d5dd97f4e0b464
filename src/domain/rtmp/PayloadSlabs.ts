/**
 * Memory for received payloads: write-once slabs, filled front to back and never used again, so that a range handed
 * out stays valid for as long as somebody holds it. A slab is freed by the collector when its last range is dropped.
 *
 * A slab holds about half a second of the stream, judged by message timestamps: 1000 streams of 190 kbps have 16 KB
 * each, one of 10 Mbps has 256 KB. A payload that would waste more than a quarter of a slab gets its own buffer.
 */
import { firstSlabBytes, maxSharedPayloadBytes, maxSlabBytes, minSlabBytes } from "./limits.ts"

const slabMillis = 500
/** Where there is no slab, control messages and short commands begin none: they are let go at once. */
const smallPayloadBytes = 64
const noBytes = new Uint8Array(0)

export class PayloadSlabs {
  /** Where in the buffer returned by the last `reserve` its range begins. */
  start = 0

  #slab = noBytes
  #used = 0
  #slabBytes: number
  /** Bytes reserved and time passed since the current slab was begun. */
  #bytes = 0
  #firstMillis = 0
  #lastMillis = 0

  constructor(slabBytes: number = firstSlabBytes) {
    this.#slabBytes = slabBytes
  }

  /**
   * The buffer for a payload of `length` bytes, from `start` on. Of a payload above `maxSharedPayloadBytes` it has only
   * the first part, but all that is `available` already: see `grow`.
   */
  reserve(length: number, timestamp: number, available: number): Uint8Array {
    this.#bytes += length
    this.#lastMillis = timestamp
    if (this.#slab.length === 0 && length <= smallPayloadBytes) {
      this.start = 0
      return new Uint8Array(length)
    }
    if (length <= this.#slab.length - this.#used) {
      this.start = this.#used
      this.#used += length
      return this.#slab
    }
    this.#adapt()
    if (length * 4 > this.#slabBytes) {
      this.start = 0
      return new Uint8Array(Math.min(length, Math.max(maxSharedPayloadBytes, available)))
    }
    this.#slab = new Uint8Array(this.#slabBytes)
    this.#used = length
    this.#bytes = length
    this.#firstMillis = timestamp
    this.start = 0
    return this.#slab
  }

  /** Nothing is to come for a while. */
  rest(): void {
    this.#slab = noBytes
    this.#used = 0
  }

  #adapt(): void {
    const millis = (this.#lastMillis - this.#firstMillis) | 0
    const wanted = millis > 0 ? (this.#bytes * slabMillis) / millis : this.#bytes
    if (wanted > this.#slabBytes) this.#slabBytes = Math.min(maxSlabBytes, this.#slabBytes * 2)
    else if (wanted * 2 < this.#slabBytes && this.#slabBytes > minSlabBytes) this.#slabBytes >>= 1
  }
}

/** A copy of `bytes` with at least `needed` bytes of room, and at most `length`. */
export const grow = (bytes: Uint8Array, needed: number, length: number): Uint8Array => {
  const larger = new Uint8Array(Math.min(length, Math.max(needed, bytes.length * 2)))
  larger.set(bytes)
  return larger
}
