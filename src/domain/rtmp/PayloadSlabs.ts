/**
 * Memory for received payloads: write-once slabs, filled front to back and never used again, so that a range handed
 * out stays valid for as long as somebody holds it. A slab is freed by the collector when its last range is dropped,
 * and before that by `reclaim`, where nobody can have one.
 *
 * A slab holds about a quarter of a second of the stream, judged by message timestamps: 1000 streams of 190 kbps have
 * 8 KB each, one of 10 Mbps has 256 KB. A payload that would waste more than a quarter of a slab gets its own buffer.
 */
import type { SourceLog } from "../media/SourceLog.ts"
import { firstSlabBytes, maxKeptSlabs, maxSharedPayloadBytes, maxSlabBytes, minSlabBytes } from "./limits.ts"

const slabMillis = 250
/** Where there is no slab, control messages and short commands begin none: they are let go at once. */
const smallPayloadBytes = 64
const noBytes = new Uint8Array(0)

/** Where payloads go, and what it still has of them. */
type Destination = Pick<SourceLog, "first" | "end" | "unreadFrom">

/** A buffer that gets no more payloads: those in it are in the log from `from` on and, once known, below `until`. */
interface Full {
  readonly bytes: Uint8Array
  readonly from: number
  until: number | undefined
}

/** Frees the memory now; whoever still has a view of it finds it empty. Without `transfer` the collector does it. */
const free = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer) buffer.transfer?.(0)
}

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
  /** Oldest first. */
  #full: Array<Full> = []
  #log: Destination | undefined
  /** The log's end when all payloads so far were there. */
  #settled = 0
  /** That, when the current slab was begun. */
  #slabFrom = 0

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
      const own = new Uint8Array(Math.min(length, Math.max(maxSharedPayloadBytes, available)))
      this.#keep(own, this.#settled)
      return own
    }
    if (this.#slab.length > 0) this.#keep(this.#slab, this.#slabFrom)
    this.#slab = new Uint8Array(this.#slabBytes)
    this.#slabFrom = this.#settled
    this.#used = length
    this.#bytes = length
    this.#firstMillis = timestamp
    this.start = 0
    return this.#slab
  }

  /**
   * Frees what `log` has forgotten and no reader ever had. To be called when all payloads so far, whole, are frames of
   * this log or of no use to anybody, and no other log's.
   */
  reclaim(log: Destination): void {
    const { end, first, unreadFrom } = log
    if (this.#log !== log) {
      this.abandon()
      this.#log = log
    }
    this.#settled = end
    const full = this.#full
    for (let i = full.length - 1; i >= 0 && full[i].until === undefined; i--) full[i].until = end
    let gone = 0
    while (gone < full.length && (full[gone].until ?? Infinity) <= first) {
      const { bytes, from } = full[gone++]
      if (from >= unreadFrom) free(bytes)
    }
    if (gone > 0) full.splice(0, gone)
  }

  /** Leaves to the collector all that there is; from the next `reclaim` on it may be another log. */
  abandon(): void {
    this.#full = []
    this.#log = undefined
    this.#slab = noBytes
    this.#used = 0
  }

  #keep(bytes: Uint8Array, from: number): void {
    if (this.#log === undefined) return
    if (this.#full.length === maxKeptSlabs) this.#full.shift()
    this.#full.push({ bytes, from, until: undefined })
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
