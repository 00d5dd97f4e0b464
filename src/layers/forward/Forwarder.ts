/** Follows each publish of a vhost that forwards: one fiber for each destination. */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { streamKey } from "../../domain/media/StreamName.ts"
import { destinationUrl, type Forwarded } from "../../domain/forward/destination.ts"
import { withoutPassword } from "../../domain/rtmp/ClientUrl.ts"
import { parseRequestUrl, parseTcUrl, streamNameOf } from "../../domain/rtmp/RequestUrl.ts"
import { Forwarder } from "../../services/Forwarder.ts"
import { RtmpClient, type ServerInfo } from "../../services/RtmpClient.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { Transport } from "../../services/Transport.ts"
import { askBackend } from "./askBackend.ts"
import { ForwardCounters } from "./ForwardCounters.ts"
import { push } from "./push.ts"

/** A stream that is published. */
interface Attached {
  readonly fibers: FiberMap.FiberMap<string, void>
  /** What the backend has said when the publish began; `undefined` if it was not asked. */
  readonly answered: ReadonlyArray<string> | undefined
}

export const layer = Layer.effect(
  Forwarder,
  Effect.gen(function* () {
    const settings = yield* Settings
    const sessions = yield* Sessions
    const registry = yield* SourceRegistry
    const client = yield* RtmpClient
    const identity = yield* ServerIdentity
    const transport = yield* Transport
    const forwards = new Set<ForwardCounters>()

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

    const pushTo = (source: Source, url: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        const counters = new ForwardCounters(source.key, withoutPassword(url))
        forwards.add(counters)
        const decline = (server: ServerInfo) =>
          isThisServer(server) && leadsBack(source, url) ? "leads back to the stream itself" : undefined
        const pushSettings = () => {
          const { chunkSizeBytes = 60_000, forward, minLatency = false } = settings.vhost(source.name.vhost) ?? {}
          return { chunkSizeBytes, minLatency, verifyCertificate: forward?.tlsVerify ?? true }
        }
        return push({ client, source, url, counters, decline, settings: pushSettings }).pipe(
          // Refused for good: it stays in sight until the publish ends.
          Effect.andThen(Effect.never),
          Effect.ensuring(Effect.sync(() => forwards.delete(counters)))
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
      return yield* askBackend(transport, vhost.forward.backend, question, vhost.httpHooks.tlsVerify)
    })

    const urlsOf = (source: Source, answered: ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
      const forward = settings.vhost(source.name.vhost)?.forward
      if (forward === undefined || !forward.enabled) return []
      if (answered !== undefined) return answered
      // Set by a reload: asked at the next publish.
      if (forward.backend !== "") return []
      const forwarded = forwardedOf(source)
      return forward.destinations.map((destination) => destinationUrl(destination, forwarded) ?? destination)
    }

    const attached = new Map<Source, Attached>()

    /** Ends what the settings ask for no more and begins what is new: the others go on. */
    const adjust = Effect.fnUntraced(function* (source: Source) {
      const known = attached.get(source)
      // Ended meanwhile: a stream may be one that was forwarded to this server.
      if (known === undefined) return
      const { answered, fibers } = known
      const wanted = new Set(urlsOf(source, answered))
      for (const [url] of fibers) if (!wanted.has(url)) yield* FiberMap.remove(fibers, url)
      for (const url of wanted) yield* FiberMap.run(fibers, url, pushTo(source, url), { onlyIfMissing: true })
    })

    const attach = Effect.fnUntraced(function* (source: Source) {
      const answered = yield* ask(source)
      const fibers = yield* FiberMap.make<string, void>()
      yield* Effect.acquireRelease(
        Effect.sync(() => attached.set(source, { answered, fibers })),
        () => Effect.sync(() => attached.delete(source))
      )
      yield* adjust(source)
    })

    yield* settings.onChange(() => Effect.forEach([...attached.keys()], adjust, { discard: true }))
    yield* registry.onSource("forward", attach, "required")
    return Forwarder.of({ all: () => [...forwards] })
  })
)
