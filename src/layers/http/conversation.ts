/** One connection of a browser or player: its requests in sequence, at most one of which is a live body, the last. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BadRequest } from "../../domain/http/BadRequest.ts"
import { corsFor } from "../../domain/http/cors.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { Frame } from "./AnswerWriter.ts"
import { emptyBody, keepsAlive, sendAnswer, untilTaken } from "./directAnswer.ts"
import { serveRaw } from "./liveBody.ts"
import { answerOf, timely } from "./plainAnswer.ts"
import { Requests } from "./Requests.ts"
import { type Conversation, extraFor, type LiveFailure, liveMatch, plainContext } from "./talk.ts"
import { serveThroughNode } from "./throughNode.ts"
import { serveUpgrade } from "./upgraded.ts"

/** Parts, conditions and other protocols are for the general way. */
const generalFields = ["upgrade", "range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since"]

export const converse = Effect.fnUntraced(function* (
  talk: Conversation
): Effect.fn.Return<void, BadRequest | LiveFailure, Scope.Scope> {
  const { clock, connection } = talk
  const requests = new Requests({ connection, clock, ready: (head) => answerReady(talk, head) })
  while (true) {
    const head = yield* Effect.tapError(requests.next, (error) =>
      error._tag === "BadRequest" ? answerBad(talk, error, requests) : Effect.void
    )
    if (head === undefined) return
    if (isUpgrade(head)) {
      connection.unread(requests.unanswered.subarray(head.headLength))
      return yield* serveUpgrade(talk, head)
    }
    if (hasBody(head)) {
      connection.unread(requests.unanswered)
      return yield* serveThroughNode(talk)
    }
    const match = liveMatch(talk, head)
    if (match !== undefined) return yield* serveRaw(talk, head, match)
    if (!(yield* Effect.raceFirst(answerDirectly(talk, head), Effect.as(connection.closed, false)))) return
  }
})

/** `node:http` reads bodies. */
const hasBody = ({ chunked, contentLength, headers }: RequestHead): boolean =>
  chunked || contentLength > 0 || headers.has("expect")

/** Whether the request was answered, on the socket's own stack. */
const answerReady = (talk: Conversation, head: RequestHead): boolean => {
  if (head.method !== "GET" || hasBody(head) || !keepsAlive(head) || talk.closing()) return false
  for (const name of generalFields) if (head.headers.has(name)) return false
  const answer = talk.routes.ready(talk.port, { head, address: talk.clientOf(head) })
  if (answer === undefined) return false
  talk.answers.write(talk.connection, answer, answer.body, frameOf(talk, head, true))
  return true
}

const frameOf = (talk: Conversation, { headers, method, minor }: RequestHead, keeps: boolean): Frame => ({
  cors: corsFor(headers, talk.crossdomain()),
  connection: keeps ? "keep-alive" : "close",
  withBody: method !== "HEAD",
  knowsChunks: minor === 1
})

/** Whether the answer is out and the connection goes on. */
const answerDirectly = Effect.fnUntraced(function* (talk: Conversation, head: RequestHead) {
  const { answers, connection } = talk
  if (!(yield* untilTaken(connection))) return false
  const answer = yield* timely(answerOf(plainContext(talk, head), head, emptyBody))
  if (answer === undefined) return false
  const keeps = keepsAlive(head) && !talk.closing()
  return (yield* sendAnswer(answer, { answers, connection, frame: frameOf(talk, head, keeps) })) && keeps
}, Effect.scoped)

const isUpgrade = (head: RequestHead): boolean =>
  head.headers.get("upgrade")?.toLowerCase() === "websocket" &&
  (head.headers.get("connection") ?? "").toLowerCase().includes("upgrade")

/** Nothing was sent on a connection that merely stayed silent: it is closed without an answer. */
const answerBad = (talk: Conversation, error: BadRequest, { unanswered }: Requests): Effect.Effect<void> =>
  Effect.sync(() => {
    if (unanswered.length > 0) talk.connection.write(shortAnswer(error.status, signature, extraFor(error.status)))
  })
