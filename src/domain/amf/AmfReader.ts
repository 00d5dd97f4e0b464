/**
 * A cursor over the bytes of an AMF message, shared by both versions. It never throws: the first thing that does not
 * fit sets `failure`, and from then on every read answers with a neutral value.
 */
import { readFloat64, readUint16, readUint32 } from "../bytes/bytes.ts"
import { type AmfValue, MalformedAmf } from "./AmfValue.ts"
import { maxDepth, maxStringBytes, maxValues } from "./limits.ts"

/** `Buffer`'s reading of UTF-8, on any byte array: it needs no view of it, and leaves nothing out. */
const { utf8Slice } = Buffer.prototype as unknown as {
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string
}

/** A value that later ones may refer to. It has no size until it is complete. */
export interface Shared {
  value: AmfValue
  size: { readonly values: number; readonly stringBytes: number } | undefined
}

export class AmfReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number
  failure: MalformedAmf | undefined
  /** What AMF0 references count: objects and arrays, in the order in which they begin. */
  readonly shared: Array<Shared> = []
  #values = 0
  #stringBytes = 0
  #depth = 0

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** Bytes not read yet, 0 after a failure: loops end by it. */
  get left(): number {
    return this.failure === undefined ? this.end - this.at : 0
  }

  fail(code: 2003 | 2004, reason: string): undefined {
    this.failure ??= new MalformedAmf({ code, reason: `${reason} at byte ${this.at}` })
    return undefined
  }

  /** Claims the next `length` bytes: their offset, or -1 when they are not there. */
  take(length: number): number {
    if (this.failure !== undefined) return -1
    if (length > this.end - this.at) {
      this.fail(2003, `${length} bytes expected, ${this.end - this.at} left`)
      return -1
    }
    this.at += length
    return this.at - length
  }

  byte(): number {
    const at = this.take(1)
    return at < 0 ? 0 : this.bytes[at]
  }

  uint16(): number {
    const at = this.take(2)
    return at < 0 ? 0 : readUint16(this.bytes, at)
  }

  uint32(): number {
    const at = this.take(4)
    return at < 0 ? 0 : readUint32(this.bytes, at)
  }

  double(): number {
    const at = this.take(8)
    return at < 0 ? 0 : readFloat64(this.bytes, at)
  }

  /** UTF-8; what is not valid becomes U+FFFD. */
  string(length: number): string {
    const at = this.take(length)
    return at < 0 || !this.count(0, length) ? "" : utf8Slice.call(this.bytes, at, at + length)
  }

  /** Counts what the message has built so far against the limits. */
  count(values: number, stringBytes: number): boolean {
    this.#values += values
    this.#stringBytes += stringBytes
    if (this.#values > maxValues) this.fail(2003, `more than ${maxValues} values`)
    if (this.#stringBytes > maxStringBytes) this.fail(2003, `more than ${maxStringBytes} bytes of strings`)
    return this.failure === undefined
  }

  /** Runs `read` one level deeper and enters its value in a reference table when it is complete. */
  nested(table: Array<Shared>, read: () => AmfValue): AmfValue {
    if (this.#depth === maxDepth) return this.fail(2003, `more than ${maxDepth} levels`)
    const values = this.#values
    const stringBytes = this.#stringBytes
    const entry: Shared = { value: undefined, size: undefined }
    table.push(entry)
    this.#depth++
    entry.value = read()
    this.#depth--
    entry.size = { values: this.#values - values, stringBytes: this.#stringBytes - stringBytes }
    return entry.value
  }

  /**
   * A value of a reference table, counted once more in full: a few bytes must not stand for gigabytes when the message
   * is written again. A value inside itself is undefined, so that no cycle arises.
   */
  refer(table: ReadonlyArray<Shared>, index: number): AmfValue {
    if (index >= table.length) return this.fail(2003, `reference ${index} of ${table.length}`)
    const { size, value } = table[index]
    if (size === undefined) return undefined
    return this.count(size.values, size.stringBytes) ? value : undefined
  }
}
