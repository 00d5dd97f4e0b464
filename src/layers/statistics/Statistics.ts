/** Statistics: one loop that reads everybody's counters, and the state of process and machine, at SRS's pace. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { statistics } from "../../domain/config/directives/statistics.ts"
import { Ledger } from "../../domain/stats/Ledger.ts"
import { type Session, Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { Statistics } from "../../services/Statistics.ts"
import { background } from "../telemetry/background.ts"
import { sampleMillis, SystemReader } from "./readSystem.ts"
import { Contents } from "./Contents.ts"

export const layer = Layer.effect(
  Statistics,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const settings = yield* Settings
    const registry = yield* SourceRegistry
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const ledger = new Ledger<Session>(() => random.nextDoubleUnsafe())
    const system = new SystemReader()
    const contents = new Contents(registry.find)
    const startedAt = clock.currentTimeMillisUnsafe()
    let traffic = { at: startedAt, bytesIn: 0, bytesOut: 0 }

    yield* sessions.onEnd((session) => ledger.ended(session))

    const current = (): Ledger<Session> => {
      for (const session of sessions.all().values()) ledger.update(session)
      return ledger
    }

    const sample = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      const { bytesIn, bytesOut } = current()
      ledger.sample(now)
      traffic = { at: now, bytesIn, bytesOut }
      for (const stream of ledger.streams) contents.sample(stream, now)
      return system.next(now, settings.of(statistics).stats.disks)
    })

    const isOn = (): boolean => settings.of(statistics).stats.enabled
    const look = Effect.suspend(() => (isOn() ? sample : Effect.void))
    yield* look
    yield* background("statistics", { fatal: false })(Effect.forever(Effect.andThen(Effect.sleep(sampleMillis), look)))

    return Statistics.of({
      ledger: current,
      clients: () => [...current().clients.values()].filter(({ stream }) => stream !== undefined),
      streams: () => current().streams,
      vhosts: () => current().vhosts.values(),
      streamOf: (session) => {
        // One that has left was counted for good.
        if (sessions.all().has(session.id)) ledger.update(session)
        return ledger.clients.get(session.id)?.stream
      },
      stateOf: (stream) => contents.look(stream),
      system: () => (isOn() ? system.sample : {}),
      traffic: () => traffic,
      rates: () => ledger.rates,
      startedAt
    })
  })
)
