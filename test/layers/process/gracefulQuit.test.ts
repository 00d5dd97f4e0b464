import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { gracefulQuit } from "../../../src/layers/process/gracefulQuit.ts"
import { ProcessControl } from "../../../src/services/ProcessControl.ts"
import { effect } from "../../support/effect.ts"

effect("a graceful quit closes the listeners, waits for the last client, and only then ends", () =>
  Effect.gen(function* () {
    const events: Array<string> = []
    let connections = 2
    const note = (event: string) => Effect.sync(() => void events.push(event))
    const fiber = yield* gracefulQuit({
      startWaitMillis: 2300,
      finalWaitMillis: 3200,
      closeListeners: note("closed"),
      connections: () => connections
    }).pipe(Effect.provideService(ProcessControl, { quit: note("quit"), listening: Effect.void }), Effect.forkChild)
    yield* TestClock.adjust(0)
    yield* TestClock.adjust(2299)
    expect(events).toEqual([])
    yield* TestClock.adjust(1 + 60_000)
    expect(events).toEqual(["closed"])
    connections = 0
    yield* TestClock.adjust(1000 + 3199)
    expect(events).toEqual(["closed"])
    yield* TestClock.adjust(1000)
    expect(events).toEqual(["closed", "quit"])
    yield* Fiber.await(fiber)
  })
)
