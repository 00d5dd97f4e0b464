import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import { followQuit, quitGracefully } from "../../../src/layers/process/gracefulQuit.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { ProcessControl } from "../../../src/services/ProcessControl.ts"
import { type Session, Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"

const harness = (directives = "") => {
  const events: Array<string> = []
  const sessions = new Map<string, Session>()
  const note = (event: string) => Effect.sync(() => void events.push(event))
  let terminate = (): boolean => false
  const onTerminate = (takesOver: () => boolean) => Effect.sync(() => void (terminate = takesOver))
  const services = Layer.mergeAll(
    Layer.mock(Listeners, { close: note("closed"), areClosing: () => false, all: () => [], playUrls: () => [] }),
    Layer.mock(Sessions, { all: () => sessions }),
    layerText(directives),
    Layer.succeed(ProcessControl, { quit: note("quit"), listening: Effect.void, endedBy: () => undefined, onTerminate })
  )
  const enter = (id: string, connected: boolean) => void sessions.set(id, { connected } as Session)
  return { events, sessions, enter, services, terminate: () => terminate() }
}

effect("a graceful quit closes the listeners, waits for the last connection, and only then ends", () =>
  Effect.gen(function* () {
    const { enter, events, services, sessions } = harness()
    enter("a", true)
    enter("b", true)
    // A viewer of HLS, which finds no listener any more.
    enter("c", false)
    yield* quitGracefully.pipe(Effect.provide(services), Effect.forkChild)
    yield* TestClock.adjust(0)
    yield* TestClock.adjust(2299)
    expect(events).toEqual([])
    yield* TestClock.adjust(1 + 60_000)
    expect(events).toEqual(["closed"])
    sessions.delete("a")
    yield* TestClock.adjust(10_000)
    sessions.delete("b")
    yield* TestClock.adjust(1000 + 3199)
    expect(events).toEqual(["closed"])
    yield* TestClock.adjust(1000)
    expect(events).toEqual(["closed", "quit"])
  })
)

effect("the two waits are those of the configuration", () =>
  Effect.gen(function* () {
    const { events, services } = harness("grace_start_wait 10; grace_final_wait 20;")
    yield* quitGracefully.pipe(Effect.provide(services), Effect.forkChild)
    yield* TestClock.adjust(0)
    yield* TestClock.adjust(29)
    expect(events).toEqual(["closed"])
    yield* TestClock.adjust(1)
    expect(events).toEqual(["closed", "quit"])
  })
)

effect("SIGTERM ends at once; with force_grace_quit the first one gracefully, the second one at once", () =>
  Effect.gen(function* () {
    const fast = harness()
    yield* Effect.provide(followQuit, fast.services)
    expect(fast.terminate()).toBe(false)
    const graceful = harness("force_grace_quit on;")
    yield* Effect.provide(followQuit, graceful.services)
    expect(graceful.terminate()).toBe(true)
    expect(graceful.terminate()).toBe(false)
    yield* TestClock.adjust(0)
    yield* TestClock.adjust(2300 + 3200)
    expect(graceful.events).toEqual(["closed", "quit"])
  })
)
