/** The register of clients: counts them against `max_connections` and can end each. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Session, SessionKicked, Sessions, TooManyConnections } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { makeSessionId } from "../telemetry/session.ts"

export const layer = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const settings = yield* Settings
    const clock = yield* Clock.Clock
    const sessions = new Map<string, Session>()
    const listeners = new Set<(session: Session) => void>()

    const open = Effect.fnUntraced(function* (
      fields: Pick<Session, "protocol" | "address"> & Pick<Session["counters"], "bytesIn" | "bytesOut">
    ) {
      let id = yield* makeSessionId
      while (sessions.has(id)) id = yield* makeSessionId
      const session: Session = {
        id,
        protocol: fields.protocol,
        address: fields.address,
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
          jumps: 0
        },
        kicked: Deferred.makeUnsafe()
      }
      yield* Effect.acquireRelease(
        Effect.suspend(() => {
          const limit = settings.current().maxConnections
          if (sessions.size >= limit) return Effect.fail(new TooManyConnections({ limit }))
          sessions.set(id, session)
          return Effect.void
        }),
        () =>
          Effect.sync(() => {
            sessions.delete(id)
            for (const listener of listeners) listener(session)
          })
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
