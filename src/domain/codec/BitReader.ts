/** Bits, most significant first, of a range of bytes: ISO/IEC 14496-10 §7.2 and §9.1 (Exp-Golomb). */
export class BitReader {
  readonly #bytes: Uint8Array
  readonly #endBit: number
  #bit: number
  #overrun = false

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#bit = start * 8
    this.#endBit = end * 8
  }

  /** Something was read that is not there. Missing bits read as 0, so callers ask once, at the end. */
  get overrun(): boolean {
    return this.#overrun
  }

  /** Bits left. */
  get remaining(): number {
    return Math.max(0, this.#endBit - this.#bit)
  }

  bit(): number {
    if (this.#bit >= this.#endBit) {
      this.#overrun = true
      return 0
    }
    const value = (this.#bytes[this.#bit >>> 3] >>> (7 - (this.#bit & 7))) & 1
    this.#bit++
    return value
  }

  flag(): boolean {
    return this.bit() === 1
  }

  /** Unsigned, up to 32 bits. */
  bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + this.bit()
    return value
  }

  skip(count: number): void {
    this.#bit += count
    if (this.#bit > this.#endBit) this.#overrun = true
  }

  /** ue(v). More than 31 leading zeros exist in no stream: they count as an overrun. */
  unsigned(): number {
    let zeros = 0
    while (this.bit() === 0) {
      if (++zeros > 31 || this.#overrun) {
        this.#overrun = true
        return 0
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros)
  }

  /** se(v). */
  signed(): number {
    const code = this.unsigned()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }
}

/** A NAL unit's bytes without the emulation prevention bytes (14496-10 §7.4.1): a copy. */
export const withoutEmulationPrevention = (nal: Uint8Array): Uint8Array => {
  const rbsp = new Uint8Array(nal.length)
  let length = 0
  let zeros = 0
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    zeros = byte === 0 ? zeros + 1 : 0
    rbsp[length++] = byte
  }
  return rbsp.subarray(0, length)
}
