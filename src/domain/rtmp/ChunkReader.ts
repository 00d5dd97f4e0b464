/**
 * The reading side of an RTMP chunk stream (RTMP 1.0 §5.3): bytes as they come from a socket in, messages out.
 *
 * Payload is copied once, from the pushed bytes into a write-once slab (`PayloadSlabs.ts`); nothing else is allocated
 * per message. Set Chunk Size and Abort take effect here, at once, and are delivered like every other message.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { readUint24, readUint32 } from "../bytes/bytes.ts"
import { ChunkStream, extendedMark } from "./ChunkStream.ts"
import type { SourceLog } from "../media/SourceLog.ts"
import { copyBytes } from "./copyBytes.ts"
import * as limits from "./limits.ts"
import { grow, PayloadSlabs } from "./PayloadSlabs.ts"

/** Message header bytes by fmt. */
const messageHeaderBytes = [11, 7, 3, 0] as const

/** Basic header 3, message header 11, extended timestamp 4. */
const maxHeaderBytes = 18

const setChunkSize = 1
const abort = 2

/** Instead of an offset: the header is not complete, or not acceptable. */
const needMore = -1
const refused = -2

/** One object per reader, filled anew for each message. What may be kept is the range of `bytes`: it never changes. */
export interface RtmpMessage {
  type: number
  /** Milliseconds, uint32, absolute. */
  timestamp: number
  streamId: number
  chunkStreamId: number
  bytes: Uint8Array
  start: number
  end: number
}

/** Who gets the messages. */
export interface MessageHandler {
  /** The message is valid during the call only. */
  readonly receive: (message: RtmpMessage) => void
}

const noBytes = new Uint8Array(0)
const noStream = new ChunkStream(0)

/** Chunk streams that are found one after the other. Real peers use fewer. */
const maxListed = 8

/** What is needed only while bytes come. */
class Scratch {
  readonly slabs: PayloadSlabs
  /** The beginning of a header that the last push ended in. */
  readonly held = new Uint8Array(maxHeaderBytes)
  readonly message: RtmpMessage = {
    type: 0,
    timestamp: 0,
    streamId: 0,
    chunkStreamId: 0,
    bytes: noBytes,
    start: 0,
    end: 0
  }

  constructor(slabBytes: number) {
    this.slabs = new PayloadSlabs(slabBytes)
  }
}

/** SRS's numbers: chunk start, message size, message decoding, chunk size, changed length. */
export type ChunkErrorCode = 2001 | 2002 | 2007 | 2010 | 2013

export class ChunkError extends Data.TaggedError("ChunkError")<{
  readonly code: ChunkErrorCode
  readonly reason: string
}> {
  override get message() {
    return this.reason
  }
}

export interface ChunkReaderOptions {
  readonly maxMessageBytes: number
  readonly maxPartialMessages: number
  readonly maxPartialBytes: number
  /** Size of the first payload slab. */
  readonly slabBytes: number
}

const defaults: ChunkReaderOptions = {
  maxMessageBytes: limits.maxMessageBytes,
  maxPartialMessages: limits.maxPartialMessages,
  maxPartialBytes: limits.maxPartialBytes,
  slabBytes: limits.firstSlabBytes
}

export class ChunkReader {
  /** Payload bytes of a full chunk, as the peer has set it. */
  chunkSize: number = limits.initialChunkSize

  readonly #options: ChunkReaderOptions
  #scratch: Scratch | undefined
  /** The last of the first `maxListed` chunk streams, of which each knows the one before; the others by id. */
  #listed: ChunkStream | undefined
  #others: Map<number, ChunkStream> | undefined
  #streams = 0
  #partialMessages = 0
  #partialBytes = 0
  /** The chunk whose payload is being read, and how much of it is to come. */
  #current = noStream
  #chunkLeft = 0
  /** Of a header that the last push ended in. */
  #heldBytes = 0
  #failure: Result.Result<void, ChunkError> | undefined

  constructor(options?: Partial<ChunkReaderOptions>) {
    this.#options = options === undefined ? defaults : { ...defaults, ...options }
  }

  /** `bytes` is not kept. After a failure, messages that came before it were delivered and every push fails. */
  push(bytes: Uint8Array, handler: MessageHandler): Result.Result<void, ChunkError> {
    if (this.#failure !== undefined) return this.#failure
    this.#feed(bytes, handler)
    return this.#failure ?? Result.void
  }

  /** Few bytes are to come for a while: gives memory back. */
  rest(): void {
    if (this.#partialMessages === 0 && this.#heldBytes === 0) this.#scratch = undefined
  }

  /** Frees what the log has forgotten: see `PayloadSlabs`. All messages so far have become its frames, or nothing. */
  reclaim(log: SourceLog): void {
    if (this.#partialMessages === 0) this.#scratch?.slabs.reclaim(log)
  }

  /** Messages are for more than one log, or for none. */
  abandon(): void {
    this.#scratch?.slabs.abandon()
  }

  #obtainScratch(): Scratch {
    return (this.#scratch ??= new Scratch(this.#options.slabBytes))
  }

  #feed(bytes: Uint8Array, handler: MessageHandler): void {
    const end = bytes.length
    let at = 0
    while (at < end) {
      if (this.#chunkLeft === 0) {
        const next = this.#heldBytes === 0 ? this.#readHeader(bytes, at, end) : this.#resumeHeader(bytes, at, handler)
        if (next === refused) return
        if (next === needMore) {
          copyBytes(bytes, at, end, this.#obtainScratch().held, 0)
          this.#heldBytes = end - at
          return
        }
        at = next
      } else {
        const stop = Math.min(end, at + this.#chunkLeft)
        this.#append(bytes, at, stop)
        at = stop
        if (this.#current.received === this.#current.length && !this.#deliver(handler)) return
      }
    }
  }

  /** Completes a held header from `bytes`. Returns where its payload begins there. */
  #resumeHeader(bytes: Uint8Array, at: number, handler: MessageHandler): number {
    const { held: header } = this.#obtainScratch()
    const held = this.#heldBytes
    const taken = Math.min(maxHeaderBytes - held, bytes.length - at)
    copyBytes(bytes, at, at + taken, header, held)
    const next = this.#readHeader(header, 0, held + taken)
    if (next === refused) return refused
    if (next === needMore) {
      this.#heldBytes = held + taken
      return at + taken
    }
    this.#heldBytes = 0
    if (next >= held) return at + next - held
    // What looked like the beginning of a repeated extended timestamp was payload: it comes first.
    this.#feed(header.slice(next, held), handler)
    return this.#failure === undefined ? at : refused
  }

  #readHeader(bytes: Uint8Array, at: number, end: number): number {
    const fmt = bytes[at] >> 6
    let id = bytes[at] & 0x3f
    let next = at + 1
    if (id < 2) {
      next += id + 1
      if (next > end) return needMore
      id = 64 + bytes[at + 1] + (id === 0 ? 0 : bytes[at + 2] << 8)
    }
    const stream = this.#find(id) ?? this.#open(id, fmt)
    if (stream === undefined) return refused
    if (fmt === 3) {
      return stream.partial
        ? this.#readContinuation(stream, bytes, next, end)
        : this.#readRepetition(stream, bytes, next, end)
    }
    return this.#readMessageHeader(stream, fmt, bytes, next, end)
  }

  #find(id: number): ChunkStream | undefined {
    let stream = this.#listed
    while (stream !== undefined && stream.id !== id) stream = stream.previous
    return stream ?? this.#others?.get(id)
  }

  #open(id: number, fmt: number): ChunkStream | undefined {
    if (fmt > 1) return this.#refuse(2001, `chunk stream ${id} begins with fmt ${fmt}`)
    if (this.#streams === limits.maxChunkStreams) return this.#refuse(2001, `more than ${this.#streams} chunk streams`)
    const isListed = this.#streams++ < maxListed
    const stream = new ChunkStream(id, isListed ? this.#listed : undefined)
    if (isListed) this.#listed = stream
    else (this.#others ??= new Map()).set(id, stream)
    return stream
  }

  /** fmt 0, 1 or 2: begins a message, or continues one when it agrees with it. */
  #readMessageHeader(stream: ChunkStream, fmt: number, bytes: Uint8Array, at: number, end: number): number {
    let next = at + messageHeaderBytes[fmt]
    if (next > end) return needMore
    let time = readUint24(bytes, at)
    let extended = -1
    if (time === extendedMark) {
      if (next + 4 > end) return needMore
      time = extended = readUint32(bytes, next)
      next += 4
    }
    if (stream.partial) {
      if (fmt === 0) return this.#reject(2001, `fmt 0 inside a message of chunk stream ${stream.id}`)
      if (fmt === 1 && readUint24(bytes, at + 3) !== stream.length) {
        return this.#reject(2013, `message of ${stream.length} bytes became ${readUint24(bytes, at + 3)}`)
      }
      return this.#beginChunk(stream, next)
    }
    if (fmt === 0) {
      stream.setTime(time, extended)
      stream.streamId = bytes[at + 7] | (bytes[at + 8] << 8) | (bytes[at + 9] << 16) | (bytes[at + 10] << 24)
      stream.streamId >>>= 0
    } else {
      stream.addTime(time, extended)
    }
    if (fmt < 2) {
      stream.length = readUint24(bytes, at + 3)
      stream.type = bytes[at + 6]
    }
    return this.#beginMessage(stream, next, end)
  }

  /** fmt 3 inside a message. librtmp, OBS and some hardware leave the extended timestamp out here, others repeat it. */
  #readContinuation(stream: ChunkStream, bytes: Uint8Array, at: number, end: number): number {
    if (stream.extended < 0) return this.#beginChunk(stream, at)
    for (let i = 0; i < 4; i++) {
      if (at + i === end) return needMore
      if (bytes[at + i] !== ((stream.extended >>> (24 - 8 * i)) & 0xff)) return this.#beginChunk(stream, at)
    }
    return this.#beginChunk(stream, at + 4)
  }

  /** fmt 3 that begins a message with the previous header. */
  #readRepetition(stream: ChunkStream, bytes: Uint8Array, at: number, end: number): number {
    if (stream.extended < 0) {
      stream.addTime(stream.delta, -1)
      return this.#beginMessage(stream, at, end)
    }
    if (at + 4 > end) return needMore
    const extended = readUint32(bytes, at)
    stream.addTime(extended, extended)
    return this.#beginMessage(stream, at + 4, end)
  }

  #beginMessage(stream: ChunkStream, at: number, end: number): number {
    const length = stream.length
    // SRS ignores an empty message; its header counts.
    if (length === 0) return at
    if (length > this.#options.maxMessageBytes) return this.#reject(2002, `message of ${length} bytes`)
    this.#partialMessages++
    this.#partialBytes += length
    const { maxPartialBytes, maxPartialMessages } = this.#options
    if (this.#partialMessages > maxPartialMessages || this.#partialBytes > maxPartialBytes) {
      return this.#reject(2002, `${this.#partialMessages} unfinished messages of ${this.#partialBytes} bytes`)
    }
    const { slabs } = this.#obtainScratch()
    stream.received = 0
    stream.bytes = slabs.reserve(length, stream.timestamp, end - at)
    stream.start = slabs.start
    return this.#beginChunk(stream, at)
  }

  #beginChunk(stream: ChunkStream, at: number): number {
    this.#current = stream
    this.#chunkLeft = Math.min(this.chunkSize, stream.length - stream.received)
    return at
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    const stream = this.#current
    const at = stream.start + stream.received
    const stop = at + to - from
    if (stop > stream.bytes.length) stream.bytes = grow(stream.bytes, stop, stream.length)
    copyBytes(bytes, from, to, stream.bytes, at)
    stream.received += to - from
    this.#chunkLeft -= to - from
  }

  /** False when the message ends the connection. */
  #deliver(handler: MessageHandler): boolean {
    const stream = this.#current
    const { message } = this.#obtainScratch()
    message.type = stream.type
    message.timestamp = stream.timestamp
    message.streamId = stream.streamId
    message.chunkStreamId = stream.id
    message.bytes = stream.bytes
    message.start = stream.start
    message.end = stream.start + stream.length
    this.#drop(stream)
    if ((stream.type === setChunkSize || stream.type === abort) && !this.#control(message)) return false
    handler.receive(message)
    // It would keep them until the next message, which may never come.
    message.bytes = noBytes
    return true
  }

  #control({ type, bytes, start, end }: RtmpMessage): boolean {
    if (end - start < 4) return this.#refuse(2007, `control message of ${end - start} bytes`) !== undefined
    const value = readUint32(bytes, start)
    if (type === abort) {
      const stream = this.#find(value)
      if (stream?.partial) this.#drop(stream)
      return true
    }
    if (value < limits.minChunkSize || value > 0x7fffffff) {
      return this.#refuse(2010, `chunk size ${value}`) !== undefined
    }
    this.chunkSize = Math.min(value, limits.maxChunkSize)
    return true
  }

  #drop(stream: ChunkStream): void {
    this.#partialMessages--
    this.#partialBytes -= stream.length
    stream.release()
  }

  #reject(code: ChunkErrorCode, reason: string): number {
    this.#refuse(code, reason)
    return refused
  }

  #refuse(code: ChunkErrorCode, reason: string): undefined {
    this.#failure = Result.fail(new ChunkError({ code, reason }))
    return undefined
  }
}
