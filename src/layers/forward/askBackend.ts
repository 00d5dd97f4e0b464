/** Asks the service of `forward.backend` where a stream is to go. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { BackendRefused, type ForwardQuestion, forwardBody, readForwardUrls } from "../../domain/forward/backend.ts"
import { parseHookUrl } from "../../domain/hooks/HookUrl.ts"
import { encodeHookRequest, traceparentOf } from "../../domain/hooks/request.ts"
import type { HttpCalls } from "../../services/HttpCalls.ts"
import { makeSessionId } from "../telemetry/session.ts"

const refused = ({ message }: { readonly message: string }) => new BackendRefused({ reason: message })

const traceparent = Effect.map(Effect.serviceOption(Tracer.ParentSpan), (span) =>
  Option.match(span, { onNone: () => "", onSome: traceparentOf })
)

/** As callbacks are sent: key of the signature, and whether the certificate of an HTTPS service must be valid. */
export const askBackend = Effect.fn("Forwarder.askBackend")(function* (
  http: HttpCalls["Service"],
  backend: string,
  question: ForwardQuestion,
  { secret, verify }: { readonly secret: string; readonly verify: boolean }
) {
  const url = parseHookUrl(backend)
  if (url === undefined) return yield* new BackendRefused({ reason: `${backend} is no http or https URL` })
  const timestamp = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const idempotencyKey = (yield* makeSessionId) + (yield* makeSessionId)
  const body = forwardBody(question)
  const trace = yield* traceparent
  const request = encodeHookRequest(url, { body, idempotencyKey, traceparent: trace, timestamp, secret })
  const reply = yield* Effect.mapError(http.call(url, request, verify), refused)
  return yield* Effect.fromResult(readForwardUrls(reply))
})
