/** Answers written to the connection itself: those to requests without a body. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { concat } from "../../domain/bytes/bytes.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { type Headers, responseHead } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { BodyPieces, PlainAnswer } from "../../services/HttpGateway.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import { maxQueuedBytes } from "./ConnectionStream.ts"
import { timely } from "./plainAnswer.ts"

/** Up to this length head and body are copied together: that costs less than a second write. */
const maxJoinedBytes = 16_384

const encoder = new TextEncoder()
const noBytes = new Uint8Array(0)

/** The value of `Date`, made once a second. */
export type DateText = () => string

export const makeDateText = (clock: Clock.Clock): DateText => {
  let second = -1
  let text = ""
  return () => {
    const now = Math.floor(clock.currentTimeMillisUnsafe() / 1000)
    if (now !== second) text = new Date(now * 1000).toUTCString()
    second = now
    return text
  }
}

/** What is not the route's: date, length, and what becomes of the connection. */
export interface Frame {
  readonly date: string
  readonly cors: Headers
  readonly connection: "keep-alive" | "close"
  readonly withBody: boolean
  /** The client knows chunked transfer. Another one gets what has no length until the connection closes. */
  readonly knowsChunks: boolean
}

const lengthOf = (status: number, length: number | undefined, { knowsChunks }: Frame): Headers => {
  // Of an answer without body the length would be that of the body it stands for (RFC 9110 §8.6).
  if (status === 304) return []
  if (length !== undefined) return [["Content-Length", String(length)]]
  return knowsChunks ? [["Transfer-Encoding", "chunked"]] : []
}

const headOf = ({ headers, status }: PlainAnswer, length: number | undefined, frame: Frame): Uint8Array => {
  const { connection, cors, date, knowsChunks } = frame
  return responseHead(status, [
    ...headers,
    ...cors,
    ["Server", signature],
    ["Date", date],
    ...lengthOf(status, length, frame),
    ["Connection", length === undefined && !knowsChunks ? "close" : connection]
  ])
}

/** A plain call: the connection takes all of it. */
export const writeWhole = (connection: Connection, answer: PlainAnswer, body: Uint8Array, frame: Frame): void => {
  const head = headOf(answer, body.length, frame)
  if (!frame.withBody || body.length === 0) return connection.write(head)
  if (body.length > maxJoinedBytes) {
    connection.write(head)
    return connection.write(body)
  }
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  connection.write(bytes)
}

export const bytesOf = (body: Uint8Array | string): Uint8Array =>
  typeof body === "string" ? encoder.encode(body) : body

/** HTTP/1.1 keeps a connection unless told not to, 1.0 only when told so (RFC 9112 §9.3). */
export const keepsAlive = ({ headers, minor }: RequestHead): boolean => {
  const words = headers.get("connection")?.toLowerCase()
  if (words === undefined) return minor === 1
  return minor === 1 ? !words.includes("close") : words.includes("keep-alive")
}

/** Waits until little enough is queued; whether that came in time. */
export const untilTaken = (connection: Connection): Effect.Effect<boolean, ConnectionClosed> =>
  connection.queuedBytes() <= maxQueuedBytes
    ? Effect.succeed(true)
    : Effect.map(timely(Effect.as(connection.drained, true)), (taken) => taken === true)

/** Whether the answer went out in time and whole. */
export const sendAnswer = (
  connection: Connection,
  answer: PlainAnswer,
  frame: Frame
): Effect.Effect<boolean, ConnectionClosed> =>
  Effect.suspend(() => {
    const { body } = answer
    if (typeof body !== "string" && !(body instanceof Uint8Array)) return sendPieces(connection, answer, body, frame)
    writeWhole(connection, answer, bytesOf(body), frame)
    return untilTaken(connection)
  })

/** RFC 9112 §7.1. */
const chunkOf = (bytes: Uint8Array): Uint8Array =>
  concat([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, chunkEnd])
const chunkEnd = encoder.encode("\r\n")
const lastChunk = encoder.encode("0\r\n\r\n")

/** The next piece is taken when the connection has taken the last one. */
const sendPieces = Effect.fnUntraced(function* (
  connection: Connection,
  answer: PlainAnswer,
  { length, next }: BodyPieces,
  frame: Frame
) {
  connection.write(headOf(answer, length, frame))
  const isChunked = length === undefined && frame.knowsChunks
  let left = frame.withBody ? (length ?? Infinity) : 0
  while (left > 0) {
    const bytes = yield* timely(next)
    if (bytes === undefined) return false
    if (bytes === "end") break
    left -= bytes.length
    connection.write(isChunked ? chunkOf(bytes) : bytes)
    if (!(yield* untilTaken(connection))) return false
  }
  if (isChunked && frame.withBody) connection.write(lastChunk)
  return length !== undefined || isChunked
})

export const emptyBody: Effect.Effect<Uint8Array> = Effect.succeed(noBytes)
