/**
 * Write-once memory for encoded media: a sequence of slabs that together are one growing run of bytes.
 *
 * No byte changes after `commit`, and no slab is used twice: sockets alias what they were given until the kernel has
 * taken it. Slabs grow with what is written, from `smallestSlab` to `largestSlab`, so that a thousand small streams
 * stay small; the collector frees a slab when nobody refers to it any more.
 */

export const smallestSlab = 4096
export const largestSlab = 262_144

/** Where slabs come from. */
export type TakeSlab = (length: number) => Uint8Array

const fresh: TakeSlab = (length) => new Uint8Array(length)

export interface Slab {
  readonly bytes: Uint8Array
  /** Position of its first byte in the whole run. */
  readonly position: number
  used: number
}

export class SlabWriter {
  #slabs: Array<Slab> = []
  #nextSize: number
  readonly #take: TakeSlab
  #end = 0

  /** `firstSize`: of the first slab, for who knows about how much will come. */
  constructor(firstSize = smallestSlab, take = fresh) {
    this.#nextSize = firstSize
    this.#take = take
  }

  /** Position one past the last committed byte. */
  get end(): number {
    return this.#end
  }

  /** Where to write the next `length` bytes: into `slab.bytes` from `slab.used` on. Then `commit`. */
  reserve(length: number): Slab {
    const current = this.#slabs[this.#slabs.length - 1]
    if (current !== undefined && current.bytes.length - current.used >= length) return current
    const slab = { bytes: this.#take(Math.max(length, this.#nextSize)), position: this.#end, used: 0 }
    this.#nextSize = Math.min(largestSlab, this.#nextSize * 2)
    this.#slabs.push(slab)
    return slab
  }

  commit(slab: Slab, length: number): void {
    slab.used += length
    this.#end += length
  }

  /** The slab that holds the byte at `position`, which must be kept and below `end`. */
  slabAt(position: number): Slab {
    let i = this.#slabs.length - 1
    while (i > 0 && this.#slabs[i].position > position) i--
    return this.#slabs[i]
  }

  /** Forgets the slabs that lie wholly below `position`, but never the one being written. */
  dropUntil(position: number): void {
    let count = 0
    while (count < this.#slabs.length - 1 && this.#slabs[count + 1].position <= position) count++
    if (count > 0) this.#slabs.splice(0, count)
  }
}
