/** What the tests of the chunk codec share: hand-typed chunks, readers of recorded messages, random cuts. */
import * as Result from "effect/Result"
import { ChunkReader, type ChunkReaderOptions, type RtmpMessage } from "../../../src/domain/rtmp/ChunkReader.ts"

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"))

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** `count` times the byte. */
export const fill = (count: number, byte: string): string => byte.repeat(count)

export interface Received {
  readonly type: number
  readonly timestamp: number
  readonly streamId: number
  readonly chunkStreamId: number
  readonly body: string
}

export interface Outcome {
  readonly messages: ReadonlyArray<Received>
  /** SRS's number of the error that ended the stream. */
  readonly code: number | undefined
}

export const snapshot = (message: RtmpMessage): Received => ({
  type: message.type,
  timestamp: message.timestamp,
  streamId: message.streamId,
  chunkStreamId: message.chunkStreamId,
  body: hexOf(message.bytes.subarray(message.start, message.end))
})

/** Pushes the pieces, each in a buffer that is overwritten afterwards, as a socket's may be; `rests` after each. */
export const readPieces = (
  pieces: Iterable<Uint8Array>,
  options?: Partial<ChunkReaderOptions>,
  rests = false
): Outcome => {
  const reader = new ChunkReader(options)
  const kept: Array<RtmpMessage> = []
  let code: number | undefined
  for (const piece of pieces) {
    const lent = new Uint8Array(piece)
    const result = reader.push(lent, { receive: (message) => kept.push({ ...message }) })
    lent.fill(0xee)
    if (rests) reader.rest()
    if (Result.isFailure(result)) code = result.failure.code
  }
  // Only now: what was kept must not have changed since.
  return { messages: kept.map(snapshot), code }
}

export const bytesOneByOne = function* (bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

/** Pieces of 0 to `most` bytes. */
export const cutAtRandom = function* (bytes: Uint8Array, random: () => number, most: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = Math.floor(random() * (most + 1))
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** Mulberry32: the same numbers for the same seed. */
export const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
