/** The register of clients: counts them against `max_connections` and can end each. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isInNetworks } from "../../domain/access/NetworkAddress.ts"
import { type Session, SessionKicked, Sessions, TooManyConnections } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { countedWarning } from "../telemetry/countedWarning.ts"
import { makeSessionId } from "../telemetry/session.ts"

export const layer = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const settings = yield* Settings
    const clock = yield* Clock.Clock
    const sessions = new Map<string, Session>()
    const byAddress = new Map<string, number>()
    const listeners = new Set<(session: Session) => void>()
    const refused = yield* countedWarning("client refused", "client.refused")

    const refusal = (address: string): TooManyConnections | undefined => {
      const { maxConnections, maxConnectionsPerAddress: limit, trustedProxies } = settings.current()
      if (sessions.size >= maxConnections) {
        return new TooManyConnections({ limit: maxConnections, directive: "max_connections" })
      }
      // Connections of a proxy are those of many clients.
      const isFull = limit > 0 && (byAddress.get(address) ?? 0) >= limit
      if (!isFull || isInNetworks(address, trustedProxies.addresses)) return undefined
      return new TooManyConnections({ limit, directive: "max_connections_per_address" })
    }

    const open = Effect.fnUntraced(function* (
      fields: Pick<Session, "protocol" | "address"> &
        Partial<Pick<Session, "connected">> &
        Pick<Session["counters"], "bytesIn" | "bytesOut">
    ) {
      let id = yield* makeSessionId
      while (sessions.has(id)) id = yield* makeSessionId
      const session: Session = {
        id,
        protocol: fields.protocol,
        address: fields.address,
        connected: fields.connected ?? false,
        openedAt: clock.currentTimeMillisUnsafe(),
        type: "",
        stream: undefined,
        role: "",
        tcUrl: "",
        pageUrl: "",
        swfUrl: "",
        counters: {
          bytesIn: fields.bytesIn,
          bytesOut: fields.bytesOut,
          framesIn: 0,
          framesOut: 0,
          framesDropped: 0,
          jumps: 0,
          viewer: undefined
        },
        kicked: Deferred.makeUnsafe()
      }
      const { address } = fields
      yield* Effect.acquireRelease(
        Effect.suspend(() => {
          const tooMany = refusal(address)
          if (tooMany !== undefined) return Effect.fail(tooMany)
          sessions.set(id, session)
          byAddress.set(address, (byAddress.get(address) ?? 0) + 1)
          return Effect.void
        }),
        () =>
          Effect.sync(() => {
            sessions.delete(id)
            const left = (byAddress.get(address) ?? 1) - 1
            if (left > 0) byAddress.set(address, left)
            else byAddress.delete(address)
            for (const listener of listeners) listener(session)
          })
      ).pipe(
        Effect.tapError((error) =>
          refused(error, { "client.address": address, "network.protocol.name": fields.protocol })
        )
      )
      return session
    })

    const kick = (id: string, reason: string) =>
      Effect.suspend(() => {
        const session = sessions.get(id)
        return session === undefined
          ? Effect.succeed(false)
          : Effect.as(Deferred.fail(session.kicked, new SessionKicked({ reason })), true)
      })

    const onEnd = (listener: (session: Session) => void) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        )
      )

    return Sessions.of({ open, kick, all: () => sessions, onEnd })
  })
)
