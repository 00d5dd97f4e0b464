/** The register of clients: counts them against `max_connections` and can end each. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { isInNetworks } from "../../domain/access/NetworkAddress.ts"
import { sessionId } from "../../domain/log/sessionId.ts"
import {
  type Session,
  type SessionCounters,
  SessionKicked,
  type SessionRunner,
  Sessions,
  TooManyConnections,
  type Traffic
} from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { countedWarning } from "../telemetry/countedWarning.ts"
import { held } from "../telemetry/held.ts"

class Counters implements SessionCounters {
  readonly #traffic: Traffic
  framesIn = 0
  framesOut = 0
  framesDropped = 0
  jumps = 0
  viewer: SessionCounters["viewer"]

  constructor(traffic: Traffic) {
    this.#traffic = traffic
  }

  bytesIn(): number {
    return this.#traffic.bytesIn()
  }

  bytesOut(): number {
    return this.#traffic.bytesOut()
  }
}

type Opening = Pick<Session, "protocol" | "address"> &
  Partial<Pick<Session, "connected">> & { readonly traffic: Traffic }

/** All fields from the beginning, those that few have too: one that is added later takes a block of memory of its own. */
class Registered implements Session {
  readonly id: string
  readonly protocol: string
  address: string
  readonly connected: boolean
  readonly openedAt: number
  type = ""
  stream: Session["stream"]
  role: Session["role"] = ""
  tcUrl = ""
  pageUrl = ""
  swfUrl = ""
  forwardHops = 0
  readonly counters: SessionCounters
  kicked: SessionKicked | undefined
  runner: SessionRunner | undefined
  /** It was counted for this one. */
  readonly countedAddress: string

  constructor(id: string, { address, connected = false, protocol, traffic }: Opening, openedAt: number) {
    this.id = id
    this.protocol = protocol
    this.address = address
    this.connected = connected
    this.openedAt = openedAt
    this.counters = new Counters(traffic)
    this.countedAddress = address
  }
}

export const layer = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const settings = yield* Settings
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
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

    const freshId = (): string => {
      const id = sessionId(() => random.nextDoubleUnsafe())
      return sessions.has(id) ? freshId() : id
    }

    const enter = (fields: Opening): Effect.Effect<Registered, TooManyConnections> => {
      const { address, protocol } = fields
      const tooMany = refusal(address)
      if (tooMany !== undefined) {
        const facts = { "client.address": address, "network.protocol.name": protocol }
        return Effect.andThen(refused(tooMany, facts), Effect.fail(tooMany))
      }
      const session = new Registered(freshId(), fields, clock.currentTimeMillisUnsafe())
      sessions.set(session.id, session)
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1)
      return Effect.succeed(session)
    }

    const leave = (session: Registered): Effect.Effect<void> =>
      Effect.sync(() => {
        sessions.delete(session.id)
        // The session's own may be known better by now, behind a proxy that speaks HTTP.
        const address = session.countedAddress
        const left = (byAddress.get(address) ?? 1) - 1
        if (left > 0) byAddress.set(address, left)
        else byAddress.delete(address)
        for (const listener of listeners) listener(session)
      })

    const open = (fields: Opening) =>
      held(
        Effect.suspend(() => enter(fields)),
        leave
      )

    const kick = (id: string, reason: string) =>
      Effect.sync(() => {
        const session = sessions.get(id)
        if (session === undefined) return false
        if (session.kicked === undefined) {
          session.kicked = new SessionKicked({ reason })
          session.runner?.interrupt()
        }
        return true
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
