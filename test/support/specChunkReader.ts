/**
 * A strict reader of an RTMP chunk stream, written from RTMP 1.0 §5.3 and §5.4 alone: the oracle for what this server
 * writes. It shares no code with `src` and forgives nothing that the specification does not allow.
 */

export interface SpecMessage {
  readonly chunkStreamId: number
  readonly type: number
  /** Milliseconds, uint32. */
  readonly timestamp: number
  readonly streamId: number
  readonly body: Uint8Array
}

/** One chunk header as it stands in the stream. */
export interface SpecHeader {
  readonly fmt: number
  readonly chunkStreamId: number
  readonly hasExtendedTimestamp: boolean
  /** The first chunk of its message. */
  readonly isFirst: boolean
}

interface ChunkStream {
  timestamp: number
  /** What a fmt 3 chunk that begins a message adds (§5.3.1.2.4). */
  delta: number
  length: number
  type: number
  streamId: number
  hasExtendedTimestamp: boolean
  partial: Array<Uint8Array> | undefined
  missing: number
}

const protocolControlStream = 2
const setChunkSize = 1
const abort = 2

export class SpecChunkReader {
  readonly messages: Array<SpecMessage> = []
  readonly headers: Array<SpecHeader> = []
  readonly #streams = new Map<number, ChunkStream>()
  #bytes = new Uint8Array(0)
  #chunkSize = 128

  /** Throws at the first breach of the specification. */
  push(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length)
    all.set(this.#bytes)
    all.set(bytes, this.#bytes.length)
    let at = 0
    for (let next = this.#chunk(all, at); next > at; next = this.#chunk(all, at)) at = next
    this.#bytes = all.subarray(at)
  }

  /** Neither a chunk nor a message is unfinished. */
  get isWhole(): boolean {
    return this.#bytes.length === 0 && [...this.#streams.values()].every(({ partial }) => partial === undefined)
  }

  /** Where the next chunk begins, or `start` if this one is not complete yet. */
  #chunk(bytes: Uint8Array, start: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = start
    const has = (count: number) => bytes.length - at >= count
    if (!has(1)) return start
    const fmt = bytes[at] >> 6
    const low = bytes[at++] & 0x3f
    const more = low === 0 ? 1 : low === 1 ? 2 : 0
    if (!has(more)) return start
    const chunkStreamId = more === 0 ? low : 64 + bytes[at] + (more === 2 ? 256 * bytes[at + 1] : 0)
    at += more

    const known = this.#streams.get(chunkStreamId)
    if (fmt !== 0 && known === undefined) throw new Error(`fmt ${fmt} first on chunk stream ${chunkStreamId}`)
    if (fmt !== 3 && known?.partial !== undefined) throw new Error(`fmt ${fmt} inside a message of ${chunkStreamId}`)
    const stream: ChunkStream =
      known === undefined
        ? {
            timestamp: 0,
            delta: 0,
            length: 0,
            type: 0,
            streamId: 0,
            hasExtendedTimestamp: false,
            partial: undefined,
            missing: 0
          }
        : { ...known }

    const headerLength = [11, 7, 3, 0][fmt]
    if (!has(headerLength)) return start
    const field = fmt === 3 ? 0 : (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
    if (fmt <= 1) {
      stream.length = (bytes[at + 3] << 16) | (bytes[at + 4] << 8) | bytes[at + 5]
      stream.type = bytes[at + 6]
    }
    if (fmt === 0) stream.streamId = view.getUint32(at + 7, true)
    at += headerLength
    if (fmt !== 3) stream.hasExtendedTimestamp = field === 0xffffff
    let time = field
    if (stream.hasExtendedTimestamp) {
      if (!has(4)) return start
      const extended = view.getUint32(at)
      if (fmt === 3 ? extended !== stream.delta : extended < 0xffffff) throw new Error(`extended timestamp ${extended}`)
      time = extended
      at += 4
    }

    const isFirst = stream.partial === undefined
    if (isFirst) {
      if (fmt !== 3) stream.delta = time
      stream.timestamp = fmt === 0 ? time : (stream.timestamp + stream.delta) % 0x1_0000_0000
      stream.missing = stream.length
      stream.partial = []
    }
    const length = Math.min(stream.missing, this.#chunkSize)
    if (!has(length)) return start
    stream.partial?.push(bytes.subarray(at, at + length))
    stream.missing -= length
    this.headers.push({ fmt, chunkStreamId, hasExtendedTimestamp: stream.hasExtendedTimestamp, isFirst })
    this.#streams.set(chunkStreamId, stream)
    if (stream.missing === 0) this.#complete(chunkStreamId, stream)
    return at + length
  }

  #complete(chunkStreamId: number, stream: ChunkStream): void {
    const body = new Uint8Array(Buffer.concat(stream.partial ?? []))
    stream.partial = undefined
    const { streamId, timestamp, type } = stream
    if (type <= 6 && (chunkStreamId !== protocolControlStream || streamId !== 0)) {
      throw new Error(`control message ${type} on chunk stream ${chunkStreamId}, message stream ${streamId}`)
    }
    this.messages.push({ chunkStreamId, type, timestamp, streamId, body })
    if (type === setChunkSize) this.#setChunkSize(body)
    if (type === abort) this.#abort(new DataView(body.buffer).getUint32(0))
  }

  #abort(chunkStreamId: number): void {
    const stream = this.#streams.get(chunkStreamId)
    if (stream !== undefined) stream.partial = undefined
  }

  /** One bit that must be 0, then 31 bits; 1 to 0xFFFFFF have an effect (§5.4.1). */
  #setChunkSize(body: Uint8Array): void {
    const value = body.length === 4 ? new DataView(body.buffer).getInt32(0) : -1
    if (value < 1 || value > 0xffffff) throw new Error(`chunk size ${value}`)
    this.#chunkSize = value
  }
}
