/** What one chunk stream of one direction remembers between chunks (RTMP 1.0 §5.3.1.2). */

/** A 24-bit time field with this value says that 32 bits follow the message header (RTMP 1.0 §5.3.1.3). */
export const extendedMark = 0xffffff

/**
 * An extended time of a fmt 1, 2 or 3 chunk is a delta, but some peers, and SRS when it reads, take it as absolute. A
 * value within ten seconds of the previous time is taken so too: as a delta it would be a jump of more than four hours.
 */
const absoluteToleranceMillis = 10_000

const none = new Uint8Array(0)

export class ChunkStream {
  readonly id: number
  /** Time of the last message: milliseconds, uint32. */
  timestamp = 0
  /** What a fmt 3 chunk adds when it begins a message. After fmt 0 it is the absolute time, as the spec has it. */
  delta = 0
  /** The 32 bits that followed the last header's time field, -1 when none did. */
  extended = -1
  length = 0
  type = 0
  streamId = 0
  /** The peer has written an extended delta, so that all of them are. */
  #extendedDeltas = false
  /** An unfinished message: `received` of `length` bytes are in `bytes` from `start` on. */
  bytes: Uint8Array = none
  start = 0
  received = 0

  /** Another one of the connection. */
  readonly previous: ChunkStream | undefined

  constructor(id: number, previous?: ChunkStream) {
    this.id = id
    this.previous = previous
  }

  /** A message has begun and is not finished. */
  get partial(): boolean {
    return this.bytes !== none
  }

  setTime(timestamp: number, extended: number): void {
    this.timestamp = timestamp
    this.delta = timestamp
    this.extended = extended
  }

  addTime(delta: number, extended: number): void {
    this.delta = extended >= 0 && this.#isAbsolute(extended) ? (extended - this.timestamp) >>> 0 : delta
    this.timestamp = (this.timestamp + this.delta) >>> 0
    this.extended = extended
  }

  #isAbsolute(extended: number): boolean {
    // A step back is a delta a little below 2^32.
    const small = Math.abs(extended | 0) < extendedMark
    if (small || Math.abs((extended - this.timestamp) | 0) > absoluteToleranceMillis) this.#extendedDeltas = true
    return !this.#extendedDeltas
  }

  /** Forgets the message, finished or not, and lets its bytes go. */
  release(): void {
    this.bytes = none
    this.received = 0
  }
}
