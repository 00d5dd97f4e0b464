/** Answers that are no live bodies: routes, redirects, OPTIONS and errors. */
import type * as Http from "node:http"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { corsFor } from "../../domain/http/cors.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { type Headers, reasonPhrase } from "../../domain/http/ResponseHead.ts"
import type { HttpPort, PlainAnswer } from "../../services/HttpGateway.ts"
import { readBody, respond } from "./nodeServer.ts"
import type { Routes } from "./routes.ts"

export interface PlainContext {
  readonly routes: Routes
  readonly port: HttpPort
  readonly address: string
  readonly encrypted: boolean
  readonly crossdomain: boolean
}

const short = (status: number, headers: Headers = []): PlainAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"], ...headers],
  body: reasonPhrase(status)
})

const empty: PlainAnswer = { status: 200, headers: [], body: "" }
const notAllowed = short(405, [["Allow", "GET, HEAD, OPTIONS"]])

export const answerPlain = Effect.fnUntraced(function* (
  context: PlainContext,
  head: RequestHead | BadRequest,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
) {
  const answer = yield* answerOf(context, head, request)
  const cors = head instanceof BadRequest ? [] : corsFor(head.headers, context.crossdomain)
  // After an error nobody knows where the next request begins.
  if (head instanceof BadRequest || answer.status === 413) response.setHeader("Connection", "close")
  yield* respond(response, answer.status, [...answer.headers, ...cors], answer.body)
})

const answerOf = (
  context: PlainContext,
  head: RequestHead | BadRequest,
  request: Http.IncomingMessage
): Effect.Effect<PlainAnswer> => {
  if (head instanceof BadRequest) return Effect.succeed(head.status === 405 ? notAllowed : short(head.status))
  if (head.method === "OPTIONS") return Effect.succeed(context.crossdomain ? empty : notAllowed)
  if (context.routes.live(context.port, head) !== undefined) return Effect.succeed(notAllowed)
  const found = context.routes.plain(context.port, head)
  if (found._tag === "Missing") return Effect.succeed(short(404))
  if (found._tag === "Redirect") return Effect.succeed(short(302, [["Location", found.location]]))
  const { address, encrypted } = context
  return found.route.answer({ head, address, encrypted, body: readBody(request) }).pipe(
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
