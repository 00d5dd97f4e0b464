/**
 * Memory that was used and is used again: fresh memory is cleared page by page, and the collector comes for it. For what
 * is large, comes all the time and has an end that is known, as segments on their way to a disk.
 */
import { smallestSlab } from "./SlabWriter.ts"

/** Sizes from one power of two to the next. */
const stepsPerDoubling = 4

/** What is free, together. Beyond that it is of sizes that nobody wants any more, and left to the collector. */
export const maxFreeSlabBytes = 32 * 1024 * 1024

const sizeFor = (length: number): number => {
  if (length <= smallestSlab) return smallestSlab
  const step = 2 ** (31 - Math.clz32(length - 1)) / stepsPerDoubling
  return Math.ceil(length / step) * step
}

export class SlabMemory {
  readonly #free = new Map<number, Array<Uint8Array>>()
  #freeBytes = 0
  /** Nothing else is taken back, and nothing twice. */
  readonly #lent = new WeakSet<ArrayBufferLike>()

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** At least `length` bytes, whatever they are; no more than about twice as many. */
  take(length: number): Uint8Array {
    const size = sizeFor(length)
    const bytes = this.#reuse(size) ?? new Uint8Array(size)
    this.#lent.add(bytes.buffer)
    return bytes
  }

  /** What `take` gave, or a part of it: nobody reads or writes it any more. Other bytes are left alone. */
  give({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer)) return
    const size = buffer.byteLength
    if (this.#freeBytes + size > maxFreeSlabBytes) {
      this.#free.clear()
      this.#freeBytes = 0
    }
    this.#freeBytes += size
    const known = this.#free.get(size)
    if (known === undefined) this.#free.set(size, [new Uint8Array(buffer)])
    else known.push(new Uint8Array(buffer))
  }

  /** The last that came back, of the next size where it is one. */
  #reuse(size: number): Uint8Array | undefined {
    for (let next = size; next <= 2 * size; next = sizeFor(next + 1)) {
      const bytes = this.#free.get(next)?.pop()
      if (bytes === undefined) continue
      this.#freeBytes -= next
      return bytes
    }
    return undefined
  }
}
