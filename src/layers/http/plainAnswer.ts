/** Answers that are no live bodies: routes, redirects, OPTIONS and errors; and how `node:http` sends them. */
import type * as Http from "node:http"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { corsFor } from "../../domain/http/cors.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { type Headers, reasonPhrase } from "../../domain/http/ResponseHead.ts"
import type { BodyPieces, HttpPort, PlainAnswer, PlainRequest, PlainRoute } from "../../services/HttpGateway.ts"
import { beginAnswer, readBody, respond, sendPiece } from "./nodeServer.ts"
import type { Routes } from "./routes.ts"

/** An answer must be there and be taken within this time; of a long one, each piece. */
export const answerTimeoutMillis = 60_000

export interface PlainContext {
  readonly routes: Routes
  readonly port: HttpPort
  readonly address: string
  readonly encrypted: boolean
  readonly crossdomain: boolean
  /** No further request is read from this connection. */
  readonly closing: boolean
}

const short = (status: number, headers: Headers = []): PlainAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"], ...headers],
  body: reasonPhrase(status)
})

const empty: PlainAnswer = { status: 200, headers: [], body: "" }
const notAllowed = short(405, [["Allow", "GET, HEAD, OPTIONS"]])

export const timely = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A | undefined, E, R> =>
  Effect.timeoutOrElse(self, { duration: answerTimeoutMillis, orElse: () => Effect.succeed(undefined) })

/** Whether the answer went out in time and whole. */
export const answerPlain = Effect.fnUntraced(function* (
  context: PlainContext,
  head: RequestHead | BadRequest,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
) {
  const answer = yield* timely(answerOf(context, head, readBody(request)))
  if (answer === undefined) return false
  const { body, status } = answer
  const headers = [...answer.headers, ...(head instanceof BadRequest ? [] : corsFor(head.headers, context.crossdomain))]
  // After an error nobody knows where the next request begins.
  const isLast = head instanceof BadRequest || status === 413 || context.closing
  if (isLast) response.setHeader("Connection", "close")
  if (typeof body === "string" || body instanceof Uint8Array) {
    return (yield* timely(Effect.as(respond(response, status, headers, body), true))) === true
  }
  beginAnswer(response, status, headers, body.length)
  return yield* sendPieces(response, body)
}, Effect.scoped)

/** The next piece is taken when the connection has taken the last one. */
const sendPieces = Effect.fnUntraced(function* (response: Http.ServerResponse, { length, next }: BodyPieces) {
  let left = response.req.method === "HEAD" ? 0 : (length ?? Infinity)
  while (left > 0) {
    const bytes = yield* timely(next)
    if (bytes === undefined) return false
    if (bytes === "end") break
    left -= bytes.length
    if ((yield* timely(Effect.as(sendPiece(response, bytes), true))) !== true) return false
  }
  return (yield* timely(Effect.as(sendPiece(response, undefined), true))) === true
})

export const answerOf = (
  context: PlainContext,
  head: RequestHead | BadRequest,
  body: PlainRequest["body"]
): Effect.Effect<PlainAnswer, never, Scope.Scope> => {
  if (head instanceof BadRequest) return Effect.succeed(head.status === 405 ? notAllowed : short(head.status))
  if (head.method === "OPTIONS") return Effect.succeed(context.crossdomain ? empty : notAllowed)
  if (context.routes.live(context.port, head) !== undefined) return Effect.succeed(notAllowed)
  const found = context.routes.plain(context.port, head)
  if (found._tag === "Missing") return Effect.succeed(short(404))
  if (found._tag === "Redirect") return Effect.succeed(short(302, [["Location", found.location]]))
  const { address, encrypted } = context
  return firstAnswer(found.routes, { head, address, encrypted, body }).pipe(
    Effect.catchTag("BadRequest", (error) => Effect.succeed(short(error.status))),
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.as(
            Effect.logError("request failed", cause).pipe(Effect.annotateLogs("url.path", head.path)),
            short(500)
          )
    )
  )
}

const firstAnswer = Effect.fnUntraced(function* (routes: ReadonlyArray<PlainRoute>, request: PlainRequest) {
  for (const route of routes) {
    const answer = yield* route.answer(request)
    if (answer !== undefined) return answer
  }
  return short(404)
})
