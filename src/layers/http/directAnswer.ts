/** Answers written to the connection itself: those to requests without a body. */
import * as Effect from "effect/Effect"
import { concat } from "../../domain/bytes/bytes.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { BodyPieces, PlainAnswer } from "../../services/HttpGateway.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import type { AnswerWriter, Frame } from "./AnswerWriter.ts"
import { maxQueuedBytes } from "./ConnectionStream.ts"
import { timely } from "./plainAnswer.ts"

const encoder = new TextEncoder()

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

export interface Outgoing {
  readonly connection: Connection
  readonly answers: AnswerWriter
  readonly frame: Frame
}

/** Whether the answer went out in time and whole. */
export const sendAnswer = (answer: PlainAnswer, to: Outgoing): Effect.Effect<boolean, ConnectionClosed> =>
  Effect.suspend(() => {
    const { body } = answer
    if (typeof body !== "string" && !(body instanceof Uint8Array)) return sendPieces(answer, body, to)
    to.answers.write(to.connection, answer, body, to.frame)
    return untilTaken(to.connection)
  })

/** RFC 9112 §7.1. */
const chunkOf = (bytes: Uint8Array): Uint8Array =>
  concat([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, chunkEnd])
const chunkEnd = encoder.encode("\r\n")
const lastChunk = encoder.encode("0\r\n\r\n")

/** The next piece is taken when the connection has taken the last one. */
const sendPieces = Effect.fnUntraced(function* (
  answer: PlainAnswer,
  { length, next }: BodyPieces,
  { answers, connection, frame }: Outgoing
) {
  connection.write(encoder.encode(answers.head(answer, length, frame)))
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

export const emptyBody: Effect.Effect<Uint8Array> = Effect.succeed(new Uint8Array(0))
