/** Calls with a circuit breaker for each callback server. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Breaker } from "../../domain/hooks/Breaker.ts"
import { type HookUrl, parseHookUrl } from "../../domain/hooks/HookUrl.ts"
import { encodeNotify } from "../../domain/hooks/notify.ts"
import { encodeHookRequest, type HookRequest } from "../../domain/hooks/request.ts"
import { isTrouble, rejectionOf } from "../../domain/hooks/verdict.ts"
import type { HookServer } from "../../services/Hooks.ts"
import type { HttpCalls } from "../../services/HttpCalls.ts"

/** What became of a call. */
export type Outcome =
  | { readonly kind: "accepted" }
  /** The server has heard it, and does not accept. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** Nobody knows whether it was heard; `waitMillis` is how long calling again is of no use. */
  | { readonly kind: "failed"; readonly reason: string; readonly waitMillis: number }

export interface Call extends Omit<HookRequest, "timestamp"> {
  readonly url: string
  /** Verify the certificate of an HTTPS server. */
  readonly verify: boolean
  /** A GET whose answer does not matter. */
  readonly isNotice?: boolean
}

/** Servers that are remembered: names in a URL of `on_hls_notify` may come from clients. */
const maxServers = 1000

export class Callers {
  readonly #http: HttpCalls["Service"]
  readonly #breakers = new Map<string, Breaker>()

  constructor(http: HttpCalls["Service"]) {
    this.#http = http
  }

  readonly call = (request: Call): Effect.Effect<Outcome> =>
    Effect.suspend(() => {
      const url = parseHookUrl(request.url)
      return url === undefined
        ? Effect.succeed<Outcome>({ kind: "rejected", reason: "is no http or https URL" })
        : this.#guarded(url, request)
    })

  readonly servers: Effect.Effect<ReadonlyArray<HookServer>> = Effect.map(Clock.currentTimeMillis, (now) =>
    [...this.#breakers].map(([server, breaker]) => ({
      server,
      failures: breaker.failures,
      waitMillis: breaker.isOpen ? breaker.waitMillis(now) : 0
    }))
  )

  #breakerOf({ encrypted, host, port }: HookUrl): Breaker {
    const key = `${encrypted ? "https" : "http"}://${host}:${port}`
    const known = this.#breakers.get(key)
    if (known !== undefined) return known
    const [oldest] = this.#breakers.keys()
    if (this.#breakers.size >= maxServers && oldest !== undefined) this.#breakers.delete(oldest)
    const breaker = new Breaker()
    this.#breakers.set(key, breaker)
    return breaker
  }

  #guarded(url: HookUrl, request: Call): Effect.Effect<Outcome> {
    return Effect.gen({ self: this }, function* (): Effect.fn.Return<Outcome> {
      const now = yield* Clock.currentTimeMillis
      const breaker = this.#breakerOf(url)
      if (!breaker.admit(now)) {
        const reason = "the circuit is open: this server has not answered lately"
        return { kind: "failed", reason, waitMillis: breaker.waitMillis(now) }
      }
      const timestamp = Math.floor(now / 1000)
      const isNotice = request.isNotice === true
      const bytes = isNotice ? encodeNotify(url) : encodeHookRequest(url, { ...request, timestamp })
      return yield* this.#http.call(url, bytes, request.verify).pipe(
        Effect.matchEffect({
          onSuccess: (reply): Effect.Effect<Outcome> => {
            const reason = isNotice ? undefined : rejectionOf(reply)
            if (reason !== undefined && isTrouble(reply.status)) return failed(breaker, request.url, reason)
            const outcome: Outcome = reason === undefined ? { kind: "accepted" } : { kind: "rejected", reason }
            return Effect.as(succeeded(breaker, request.url), outcome)
          },
          onFailure: ({ reason }) => failed(breaker, request.url, reason)
        }),
        Effect.onInterrupt(() => Effect.sync(() => breaker.abandoned()))
      )
    })
  }
}

const succeeded = (breaker: Breaker, url: string): Effect.Effect<void> =>
  Effect.suspend(() =>
    breaker.succeeded()
      ? Effect.logInfo("callback circuit closed").pipe(Effect.annotateLogs("hook.url", url))
      : Effect.void
  )

const failed = Effect.fnUntraced(function* (breaker: Breaker, url: string, reason: string): Effect.fn.Return<Outcome> {
  const now = yield* Clock.currentTimeMillis
  if (breaker.failed(now)) {
    yield* Effect.logWarning("callback circuit opened").pipe(
      Effect.annotateLogs({ "hook.url": url, "hook.reason": reason, "hook.open_ms": breaker.waitMillis(now) })
    )
  }
  return { kind: "failed", reason, waitMillis: breaker.waitMillis(now) }
})
