/**
 * Aggregate messages (RTMP 1.0 §7.1.6), type 22: FLV tags in one message, as Adobe's servers and some relays send them.
 *
 *     type 1 | size 3 | timestamp 3 | timestamp, high byte 1 | stream id 3 | data | back pointer 4
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { readUint24 } from "../bytes/bytes.ts"
import type { RtmpMessage } from "./ChunkReader.ts"

/** Message type id of an aggregate. */
export const typeId = 22

const headerBytes = 11
const backPointerBytes = 4

export class TruncatedAggregate extends Data.TaggedError("TruncatedAggregate")<{
  readonly left: number
  readonly needed: number
}> {
  /** SRS's number. */
  readonly code = 2024

  override get message() {
    return `aggregate with ${this.left} bytes left where ${this.needed} are needed`
  }
}

/**
 * The messages inside `aggregate`, in order, those before a truncation included; empty ones are left out. Their times
 * count from the aggregate's own, whatever the first one has; their stream is the aggregate's. One object is filled
 * anew for each message, its range lies in the aggregate's bytes.
 */
export const split = (
  aggregate: Readonly<RtmpMessage>,
  onMessage: (message: RtmpMessage) => void
): Result.Result<void, TruncatedAggregate> => {
  const { bytes, end, timestamp } = aggregate
  const message: RtmpMessage = { ...aggregate }
  let at = aggregate.start
  let first = -1
  while (at < end) {
    if (end - at < headerBytes) return truncated(end - at, headerBytes)
    const size = readUint24(bytes, at + 1)
    const needed = headerBytes + size + backPointerBytes
    if (end - at < needed) return truncated(end - at, needed)
    const time = (readUint24(bytes, at + 4) | (bytes[at + 7] << 24)) >>> 0
    if (first < 0) first = time
    message.type = bytes[at]
    message.timestamp = (timestamp + time - first) >>> 0
    message.start = at + headerBytes
    message.end = message.start + size
    if (size > 0) onMessage(message)
    at += needed
  }
  return Result.void
}

const truncated = (left: number, needed: number): Result.Result<void, TruncatedAggregate> =>
  Result.fail(new TruncatedAggregate({ left, needed }))
