/** HTTP callbacks as `vhost.http_hooks` says, in SRS's words. */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Tracer from "effect/Tracer"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { type HookEvent, hookBody, type HookFacts, type SegmentFacts } from "../../domain/hooks/body.ts"
import { notifyUrl } from "../../domain/hooks/notify.ts"
import { traceparentOf } from "../../domain/hooks/request.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import type { AccessRequest } from "../../services/Authorizer.ts"
import { HookRefused, Hooks } from "../../services/Hooks.ts"
import { HttpCalls } from "../../services/HttpCalls.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Settings } from "../../services/Settings.ts"
import { Statistics } from "../../services/Statistics.ts"
import { Callers } from "./Callers.ts"
import { Courier, orderMillis } from "./Courier.ts"

const urlsOf = ({ httpHooks }: VhostSettings, event: HookEvent): ReadonlyArray<string> => {
  switch (event) {
    case "on_connect":
      return httpHooks.onConnect
    case "on_close":
      return httpHooks.onClose
    case "on_publish":
      return httpHooks.onPublish
    case "on_unpublish":
      return httpHooks.onUnpublish
    case "on_play":
      return httpHooks.onPlay
    case "on_stop":
      return httpHooks.onStop
    case "on_hls":
      return httpHooks.onHls
    case "on_dvr":
      return httpHooks.onDvr
  }
}

/** What must stay in order: all of a stream's publishers; of anybody else, what concerns it. */
const laneOf = ({ session, stream }: AccessRequest): string =>
  session.type.endsWith("publish") ? streamKey(session.stream ?? stream) : session.id

const idempotencyKey = Effect.map(Random.Random, (random) =>
  Array.from({ length: 32 }, () => Math.floor(random.nextDoubleUnsafe() * 16).toString(16)).join("")
)

const traceparent = Effect.map(Effect.serviceOption(Tracer.ParentSpan), (span) =>
  Option.match(span, { onNone: () => "", onSome: traceparentOf })
)

export const layer = Layer.effect(
  Hooks,
  Effect.gen(function* () {
    const settings = yield* Settings
    const identity = yield* ServerIdentity
    const statistics = yield* Statistics
    const callers = new Callers(yield* HttpCalls)
    const courier = new Courier(callers, yield* FiberSet.makeRuntime<never, void, never>())

    const hooksOf = (event: HookEvent, { stream }: AccessRequest) => {
      const vhost = settings.vhost(stream.vhost)
      if (vhost === undefined || !vhost.httpHooks.enabled) return undefined
      const urls = urlsOf(vhost, event)
      return urls.length === 0 ? undefined : { urls, secret: vhost.httpHooks.secret, verify: vhost.httpHooks.tlsVerify }
    }

    const factsOf = (
      { extension, pageUrl, param, session, stream, tcUrl }: AccessRequest,
      segment?: SegmentFacts
    ): HookFacts => ({
      serverId: identity.server,
      serviceId: identity.service,
      clientId: session.id,
      ip: session.address,
      stream,
      extension,
      streamId: statistics.streamOf(session)?.id,
      param,
      tcUrl,
      pageUrl,
      sendBytes: session.counters.bytesOut(),
      recvBytes: session.counters.bytesIn(),
      segment
    })

    /** One for each URL, told apart by the receiver by its key. */
    const callsOf = Effect.fnUntraced(function* (event: HookEvent, request: AccessRequest, segment?: SegmentFacts) {
      const hooks = hooksOf(event, request)
      if (hooks === undefined) return []
      const { secret, urls, verify } = hooks
      const body = hookBody(event, factsOf(request, segment))
      const trace = yield* traceparent
      return yield* Effect.forEach(urls, (url) =>
        Effect.map(idempotencyKey, (key) => ({ url, body, secret, verify, traceparent: trace, idempotencyKey: key }))
      )
    })

    const ask = (event: Parameters<Hooks["Service"]["ask"]>[0], request: AccessRequest) =>
      hooksOf(event, request) === undefined
        ? Effect.void
        : Effect.gen(function* () {
            // After the last `on_unpublish` of the stream was delivered.
            if (event === "on_publish") yield* Effect.timeoutOption(courier.idle(laneOf(request)), orderMillis)
            for (const call of yield* callsOf(event, request)) {
              const outcome = yield* callers.call(call)
              if (outcome.kind === "accepted") continue
              const { url } = call
              const { reason } = outcome
              yield* Effect.logWarning("callback refused").pipe(
                Effect.annotateLogs({ "hook.event": event, "hook.url": url, "hook.reason": reason })
              )
              return yield* new HookRefused({ event, url, reason })
            }
          }).pipe(Effect.withSpan(`Hooks.${event}`, { kind: "client" }))

    const tell = (event: Parameters<Hooks["Service"]["tell"]>[0], request: AccessRequest) =>
      Effect.flatMap(callsOf(event, request), (calls) => {
        const lane = laneOf(request)
        return Effect.forEach(calls, (call) => courier.post({ ...call, event, lane }), { discard: true })
      })

    /** GETs without any of the headers that are ours. */
    const noticesOf = (request: AccessRequest, segment: SegmentFacts) => {
      const httpHooks = settings.vhost(request.stream.vhost)?.httpHooks
      if (httpHooks === undefined || !httpHooks.enabled) return []
      const { onHlsNotify, tlsVerify: verify } = httpHooks
      return onHlsNotify.map((template) => {
        const url = notifyUrl(template, factsOf(request, segment))
        return { url, verify, isNotice: true, body: "", secret: "", traceparent: "", idempotencyKey: "" }
      })
    }

    const segment = Effect.fnUntraced(function* (request: AccessRequest, facts: SegmentFacts) {
      const lane = `hls ${streamKey(request.stream)}`
      const calls = [...(yield* callsOf("on_hls", request, facts)), ...noticesOf(request, facts)]
      for (const call of calls) yield* courier.post({ ...call, event: "on_hls", lane })
    })

    const { deadLetters, replay, waiting } = courier
    return Hooks.of({ ask, tell, segment, waiting, servers: callers.servers, deadLetters, replay })
  })
)
