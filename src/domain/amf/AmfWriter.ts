import { writeUint16, writeUint32 } from "../bytes/bytes.ts"

const utf8 = new TextEncoder()

/** A buffer that grows as values are written to it. */
export class AmfWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
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
    this.#view.setFloat64(at, value)
  }

  append(bytes: Uint8Array): void {
    const at = this.#claim(bytes.length)
    this.#bytes.set(bytes, at)
  }

  encode(text: string): Uint8Array {
    return utf8.encode(text)
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #claim(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}
