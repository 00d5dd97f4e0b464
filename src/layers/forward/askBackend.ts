/** Asks the service of `forward.backend` where a stream is to go. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { BackendRefused, type ForwardQuestion, forwardBody, readForwardUrls } from "../../domain/forward/backend.ts"
import { parseHookUrl } from "../../domain/hooks/HookUrl.ts"
import { type Reply, ReplyReader } from "../../domain/hooks/ReplyReader.ts"
import { encodeHookRequest, traceparentOf } from "../../domain/hooks/request.ts"
import { isIpv4, isIpv6 } from "../../domain/config/values.ts"
import type { Connection, Transport } from "../../services/Transport.ts"
import { makeSessionId } from "../telemetry/session.ts"

/** To connect, and from then on to the whole answer, as for callbacks. */
const timeoutMillis = 30_000

const refused = ({ message }: { readonly message: string }) => new BackendRefused({ reason: message })

const readReply = Effect.fnUntraced(function* (connection: Connection): Effect.fn.Return<Reply, BackendRefused> {
  const reader = new ReplyReader()
  while (true) {
    const step = yield* Effect.match(connection.read, {
      onSuccess: (bytes) => reader.push(bytes),
      onFailure: () => reader.end()
    })
    const reply = yield* Effect.mapError(Effect.fromResult(step), refused)
    if (reply !== undefined) return reply
  }
})

const traceparent = Effect.map(Effect.serviceOption(Tracer.ParentSpan), (span) =>
  Option.match(span, { onNone: () => "", onSome: traceparentOf })
)

/** As callbacks are sent: key of the signature, and whether the certificate of an HTTPS service must be valid. */
export const askBackend = Effect.fn("Forwarder.askBackend")(function* (
  transport: Transport["Service"],
  backend: string,
  question: ForwardQuestion,
  { secret, verify }: { readonly secret: string; readonly verify: boolean }
) {
  const url = parseHookUrl(backend)
  if (url === undefined) return yield* new BackendRefused({ reason: `${backend} is no http or https URL` })
  const { encrypted, host, port } = url
  const serverName = isIpv4(host) || isIpv6(host) ? "" : host
  const connection = yield* transport
    .connect({ host, port }, { timeoutMillis, tls: encrypted ? { serverName, verify } : undefined })
    .pipe(Effect.mapError(refused))
  const timestamp = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const idempotencyKey = (yield* makeSessionId) + (yield* makeSessionId)
  const body = forwardBody(question)
  const trace = yield* traceparent
  connection.write(encodeHookRequest(url, { body, idempotencyKey, traceparent: trace, timestamp, secret }))
  const reply = yield* readReply(connection).pipe(
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () => Effect.fail(new BackendRefused({ reason: `no answer within ${timeoutMillis} ms` }))
    })
  )
  return yield* Effect.fromResult(readForwardUrls(reply))
}, Effect.scoped)
