import { writeFloat64, writeUint16, writeUint32 } from "../bytes/bytes.ts"

/** A buffer that grows as values are written to it. */
export class AmfWriter {
  #bytes = Buffer.alloc(256)
  #length = 0

  byte(value: number): void {
    this.#bytes[this.#claim(1)] = value
  }

  uint16(value: number): void {
    const at = this.#claim(2)
    writeUint16(this.#bytes, at, value)
  }

  uint32(value: number): void {
    const at = this.#claim(4)
    writeUint32(this.#bytes, at, value)
  }

  double(value: number): void {
    const at = this.#claim(8)
    writeFloat64(this.#bytes, at, value)
  }

  /** The first `length` bytes of the text in UTF-8. */
  text(text: string, length: number): void {
    const at = this.#claim(length)
    this.#bytes.write(text, at, length)
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    const written = new Uint8Array(this.#length)
    this.#bytes.copy(written)
    return written
  }

  #claim(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#length, this.#bytes.length * 2))
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    return at
  }
}
