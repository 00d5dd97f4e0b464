/**
 * The writing side of an RTMP chunk stream (RTMP 1.0 §5.3). The `write` functions fill a buffer whose room the caller
 * has computed with `chunkedLength` or `messageLength`, and return where the next byte goes.
 */
import { writeUint24, writeUint32 } from "../bytes/bytes.ts"
import { extendedMark } from "./ChunkStream.ts"
import { copyBytes } from "./copyBytes.ts"

export interface OutgoingMessage {
  /** 2 to 65599. */
  readonly chunkStreamId: number
  readonly type: number
  /** Milliseconds, uint32. */
  readonly timestamp: number
  readonly streamId: number
  readonly body: Uint8Array
  readonly chunkSize: number
}

const continuations = (bodyLength: number, chunkSize: number): number =>
  bodyLength === 0 ? 0 : Math.ceil(bodyLength / chunkSize) - 1

/** Bytes of a message whose first header has `headerLength`, with 1-byte headers in between (chunk streams 2 to 63). */
export const chunkedLength = (bodyLength: number, headerLength: number, chunkSize: number): number =>
  headerLength + bodyLength + continuations(bodyLength, chunkSize)

/** The same with an extended timestamp: `headerLength` includes it, and every header in between repeats it. */
export const messageLength = (bodyLength: number, headerLength: number, chunkSize: number, extended: boolean): number =>
  chunkedLength(bodyLength, headerLength, chunkSize) + (extended ? 4 * continuations(bodyLength, chunkSize) : 0)

/** Length of a basic header (§5.3.1.1). */
const basicLength = (chunkStreamId: number): number => (chunkStreamId < 64 ? 1 : chunkStreamId < 320 ? 2 : 3)

const writeBasic = (target: Uint8Array, at: number, fmt: number, chunkStreamId: number): number => {
  if (chunkStreamId < 64) {
    target[at] = (fmt << 6) | chunkStreamId
    return at + 1
  }
  const rest = chunkStreamId - 64
  target[at] = (fmt << 6) | (rest < 256 ? 0 : 1)
  target[at + 1] = rest
  if (rest < 256) return at + 2
  target[at + 2] = rest >>> 8
  return at + 3
}

/** A header with everything: 12 bytes for chunk streams 2 to 63, 16 from `timestamp` 0xFFFFFF on. */
export const writeFmt0 = (
  target: Uint8Array,
  at: number,
  chunkStreamId: number,
  timestamp: number,
  length: number,
  type: number,
  streamId: number
): number => {
  const field = writeBasic(target, at, 0, chunkStreamId)
  writeUint24(target, field, Math.min(timestamp, extendedMark))
  writeUint24(target, field + 3, length)
  target[field + 6] = type
  // The only little-endian number of the protocol.
  target[field + 7] = streamId
  target[field + 8] = streamId >>> 8
  target[field + 9] = streamId >>> 16
  target[field + 10] = streamId >>> 24
  if (timestamp < extendedMark) return field + 11
  writeUint32(target, field + 11, timestamp)
  return field + 15
}

/** A header with the stream id of the message before: 8 bytes for chunk streams 2 to 63, 12 from `delta` 0xFFFFFF on. */
export const writeFmt1 = (
  target: Uint8Array,
  at: number,
  chunkStreamId: number,
  delta: number,
  length: number,
  type: number
): number => {
  const field = writeBasic(target, at, 1, chunkStreamId)
  writeUint24(target, field, Math.min(delta, extendedMark))
  writeUint24(target, field + 3, length)
  target[field + 6] = type
  if (delta < extendedMark) return field + 7
  writeUint32(target, field + 7, delta)
  return field + 11
}

/**
 * The body `source[start, end)` with fmt 3 headers in between. `extendedTimestamp` is what the first header carried as
 * its extended timestamp, -1 if it had none.
 */
export const writeBody = (
  target: Uint8Array,
  at: number,
  chunkStreamId: number,
  source: Uint8Array,
  start: number,
  end: number,
  chunkSize: number,
  extendedTimestamp: number
): number => {
  let to = at
  for (let from = start; from < end; from += chunkSize) {
    if (from > start) {
      to = writeBasic(target, to, 3, chunkStreamId)
      if (extendedTimestamp >= 0) {
        writeUint32(target, to, extendedTimestamp)
        to += 4
      }
    }
    const stop = Math.min(from + chunkSize, end)
    copyBytes(source, from, stop, target, to)
    to += stop - from
  }
  return to
}

/** A message on its own, for commands and control: fmt 0, then fmt 3. */
export const encodeMessage = (message: OutgoingMessage): Uint8Array => {
  const { chunkStreamId, type, timestamp, streamId, body, chunkSize } = message
  const basic = basicLength(chunkStreamId)
  const extended = timestamp >= extendedMark
  const length =
    messageLength(body.length, basic + (extended ? 15 : 11), chunkSize, extended) +
    (basic - 1) * continuations(body.length, chunkSize)
  const bytes = new Uint8Array(length)
  const at = writeFmt0(bytes, 0, chunkStreamId, timestamp, body.length, type, streamId)
  writeBody(bytes, at, chunkStreamId, body, 0, body.length, chunkSize, extended ? timestamp : -1)
  return bytes
}
