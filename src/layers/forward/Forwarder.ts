/** Follows each publish of a stream that is forwarded: one fiber for each destination. */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { destinationUrl, type Forwarded } from "../../domain/forward/destination.ts"
import { maxHops } from "../../domain/forward/hops.ts"
import { streamKey, type StreamName } from "../../domain/media/StreamName.ts"
import { withoutPassword } from "../../domain/rtmp/ClientUrl.ts"
import { parseRequestUrl, parseTcUrl, streamNameOf } from "../../domain/rtmp/RequestUrl.ts"
import { type ForwardOrigin, Forwarder } from "../../services/Forwarder.ts"
import { RtmpClient, type ServerInfo } from "../../services/RtmpClient.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { HttpCalls } from "../../services/HttpCalls.ts"
import { held } from "../telemetry/held.ts"
import { makeSessionId } from "../telemetry/session.ts"
import { Additions } from "./Additions.ts"
import { askBackend } from "./askBackend.ts"
import { ForwardCounters } from "./ForwardCounters.ts"
import { push } from "./push.ts"

/** A stream that is published. */
interface Attached {
  /** By URL. */
  readonly fibers: FiberMap.FiberMap<string, void>
  /** What the backend has said when the publish began; `undefined` if it was not asked. */
  readonly answered: ReadonlyArray<string> | undefined
  /** URLs that were removed: not begun again while this publish lasts. */
  readonly removed: Set<string>
  /** Who changes `fibers` waits for others who do. */
  readonly turn: Semaphore.Semaphore
}

/** What a URL is pushed for: a destination that was added has counters of its own. */
type Wish = { readonly origin: ForwardOrigin; readonly counters?: ForwardCounters }

export const layer = Layer.effect(
  Forwarder,
  Effect.gen(function* () {
    const settings = yield* Settings
    const sessions = yield* Sessions
    const registry = yield* SourceRegistry
    const client = yield* RtmpClient
    const identity = yield* ServerIdentity
    const http = yield* HttpCalls
    const attached = new Map<Source, Attached>()
    /** By id, like the two below. */
    const forwards = new Map<string, ForwardCounters>()
    const running = new Map<string, { readonly source: Source; readonly url: string }>()
    const additions = new Additions()

    const forwardedOf = ({ name, publisher }: Source): Forwarded => {
      const { param = "", sessionId = "" } = publisher() ?? {}
      const url = parseTcUrl(sessions.all().get(sessionId)?.tcUrl ?? "")
      return { stream: name, param, host: Result.isSuccess(url) ? url.success.host : "" }
    }

    /** Whether a server's answer to connect is that of this process: it names one of our sessions (`srs_id`). */
    const isThisServer = ({ information }: ServerInfo): boolean => {
      const data = information.get("data")
      const id = data instanceof Map ? data.get("srs_id") : undefined
      return typeof id === "string" && sessions.all().has(id)
    }

    const leadsBack = (source: Source, url: string): boolean => {
      const request = parseRequestUrl(url, "")
      const vhost = Result.isSuccess(request) ? settings.vhost(request.success.vhost) : undefined
      if (Result.isFailure(request) || vhost === undefined) return false
      return streamKey(streamNameOf(request.success, vhost.name)) === source.key
    }

    const pushTo = Effect.fnUntraced(function* (source: Source, url: string, wish: Wish) {
      const shown = withoutPassword(url)
      const counters = wish.counters ?? new ForwardCounters(yield* makeSessionId, wish.origin, source.key, shown)
      counters.url = shown
      const hops = sessions.all().get(source.publisher()?.sessionId ?? "")?.forwardHops ?? 0
      const decline = (server: ServerInfo) => {
        if (hops >= maxHops) return `was forwarded ${maxHops} times already`
        return isThisServer(server) && leadsBack(source, url) ? "leads back to the stream itself" : undefined
      }
      const pushSettings = () => {
        const { chunkSizeBytes = 60_000, forward, minLatency = false } = settings.vhost(source.name.vhost) ?? {}
        return { chunkSizeBytes, minLatency, verifyCertificate: forward?.tlsVerify ?? true }
      }
      yield* Effect.acquireUseRelease(
        Effect.sync(() => {
          forwards.set(counters.id, counters)
          running.set(counters.id, { source, url })
        }),
        // Refused for good: it stays in sight until the publish ends.
        () =>
          Effect.andThen(push({ client, source, url, counters, decline, hops, settings: pushSettings }), Effect.never),
        () =>
          Effect.sync(() => {
            counters.state = "idle"
            running.delete(counters.id)
            if (!additions.has(counters.id)) forwards.delete(counters.id)
          })
      )
    })

    /** The URLs of the backend for this publish, unless destinations are configured. */
    const ask = Effect.fnUntraced(function* ({ name, publisher }: Source) {
      const vhost = settings.vhost(name.vhost)
      if (vhost === undefined || !vhost.forward.enabled || vhost.forward.backend === "") return undefined
      const { param = "", sessionId = "" } = publisher() ?? {}
      const { address = "", tcUrl = "" } = sessions.all().get(sessionId) ?? {}
      const question = {
        serverId: identity.server,
        serviceId: identity.service,
        clientId: sessionId,
        ip: address,
        stream: name,
        tcUrl,
        param
      }
      const { secret, tlsVerify: verify } = vhost.httpHooks
      return yield* askBackend(http, vhost.forward.backend, question, { secret, verify })
    })

    const configured = (source: Source, answered: ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
      const forward = settings.vhost(source.name.vhost)?.forward
      if (forward === undefined || !forward.enabled) return []
      if (answered !== undefined) return answered
      // Set by a reload: asked at the next publish.
      if (forward.backend !== "") return []
      const forwarded = forwardedOf(source)
      return forward.destinations.map((destination) => destinationUrl(destination, forwarded) ?? destination)
    }

    const wishes = (source: Source, { answered, removed }: Attached): ReadonlyMap<string, Wish> => {
      const wanted = new Map<string, Wish>()
      const origin = answered === undefined ? "config" : "backend"
      for (const url of configured(source, answered)) if (!removed.has(url)) wanted.set(url, { origin })
      const forwarded = forwardedOf(source)
      for (const { counters, destination } of additions.of(source.key)) {
        const url = destinationUrl(destination, forwarded) ?? destination
        if (!wanted.has(url)) wanted.set(url, { origin: "api", counters })
      }
      return wanted
    }

    /** Ends what is wanted no more and begins what is new: the others go on. */
    const adjust = (source: Source) =>
      Effect.suspend(() => {
        const known = attached.get(source)
        // Ended meanwhile: a stream may be one that was forwarded to this server.
        if (known === undefined) return Effect.void
        const { fibers, turn } = known
        return Effect.gen(function* () {
          const wanted = wishes(source, known)
          for (const [url] of fibers) if (!wanted.has(url)) yield* FiberMap.remove(fibers, url)
          for (const [url, wish] of wanted) {
            yield* FiberMap.run(fibers, url, pushTo(source, url, wish), { onlyIfMissing: true })
          }
        }).pipe(turn.withPermits(1))
      })
    const adjustAll = Effect.suspend(() => Effect.forEach([...attached.keys()], adjust, { discard: true }))

    const attach = Effect.fnUntraced(function* (source: Source) {
      const answered = yield* ask(source)
      const fibers = yield* FiberMap.make<string, void>()
      yield* held(
        Effect.sync(() =>
          attached.set(source, { answered, fibers, removed: new Set(), turn: Semaphore.makeUnsafe(1) })
        ),
        () => Effect.sync(() => attached.delete(source))
      )
      yield* adjust(source)
    })

    const told = ({ id, stream, url }: ForwardCounters) =>
      Effect.annotateLogs({ "stream.name": stream, "forward.url": url, "forward.id": id })

    const add = Effect.fnUntraced(function* (stream: StreamName, destination: string) {
      const id = yield* makeSessionId
      const make = () => new ForwardCounters(id, "api", streamKey(stream), withoutPassword(destination))
      const counters = yield* Effect.fromResult(additions.add(stream, destination, make))
      forwards.set(id, counters)
      yield* Effect.logInfo("forward added").pipe(told(counters))
      yield* adjustAll
      return counters
    })

    const remove = Effect.fnUntraced(function* (id: string) {
      const counters = forwards.get(id)
      if (counters === undefined) return false
      const run = running.get(id)
      if (!additions.delete(id) && run !== undefined) attached.get(run.source)?.removed.add(run.url)
      if (run === undefined) forwards.delete(id)
      yield* Effect.logInfo("forward removed").pipe(told(counters))
      yield* adjustAll
      return true
    })

    yield* settings.onChange(() => adjustAll)
    yield* registry.onSource("forward", attach, "required")
    return Forwarder.of({ all: () => [...forwards.values()], add, remove })
  })
)
