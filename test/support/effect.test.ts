import { expect, test } from "bun:test"
import { createSocket } from "node:dgram"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../src/layers/config/Settings.ts"
import * as SessionsLayer from "../../src/layers/sessions/Sessions.ts"
import { make as makeMemory, MemoryConnection } from "../../src/layers/transport/Memory.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import type { Connection } from "../../src/services/Transport.ts"
import { effect, mustEndAtZero, runTest } from "./effect.ts"

effect("time is virtual", () =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.sleep("1 hour"))
    yield* TestClock.adjust("1 hour")
    expect(fiber.pollUnsafe()).toBeDefined()
    expect(yield* Clock.currentTimeMillis).toBe(3_600_000)
  })
)

effect("a counter is read after the scope has closed", () =>
  Effect.gen(function* () {
    let open = 0
    yield* mustEndAtZero("handles", () => open)
    yield* Effect.acquireRelease(
      Effect.sync(() => open++),
      () => Effect.sync(() => open--)
    )
    expect(open).toBe(1)
  })
)

test("a counter above zero fails the test", () =>
  expect(runTest(() => mustEndAtZero("handles", () => 2))).rejects.toThrow("left behind: 2 handles"))

test("a failure fails the test", () => expect(runTest(() => Effect.fail(new Error("boom")))).rejects.toThrow("boom"))

const openSession = (address: string) =>
  Effect.flatMap(Sessions, ({ open }) =>
    open({ protocol: "test", address, traffic: { bytesIn: () => 0, bytesOut: () => 0 } }).pipe(Effect.orDie)
  )

const sessions = SessionsLayer.layer.pipe(Layer.provide(layerText("listen 1935;")), Layer.orDie)

/** Its clients' sessions end only with itself. */
const forgetfulServer = Effect.gen(function* () {
  const transport = makeMemory()
  const services = yield* Layer.build(sessions)
  const serve = ({ peer }: Connection) =>
    openSession(peer).pipe(Effect.andThen(Effect.never), Effect.scoped, Effect.provide(services))
  yield* transport.listen({ host: "", port: 1 }, {}, serve)
  yield* transport.connect({ host: "", port: 1 }, { timeoutMillis: 1000 })
  yield* TestClock.adjust(0)
}).pipe(Effect.orDie)

type Leak = Effect.Effect<unknown, never, Scope.Scope>

const leaks: ReadonlyArray<readonly [what: string, leak: Leak]> = [
  ["1 fibers", Effect.forkDetach(Effect.never)],
  ["1 timers", Effect.sync(() => setInterval(() => undefined, 1000).unref())],
  ["2 connections", Effect.addFinalizer(() => Effect.sync(() => MemoryConnection.pair({}, 1935, "127.0.0.1:20000")))],
  ["1 sockets", Effect.sync(() => createSocket("udp4").bind().unref())],
  ["1 sessions", openSession("10.0.0.1").pipe(Scope.provide(Scope.makeUnsafe()), Effect.provide(sessions))],
  ["1 sessions of clients that left", forgetfulServer]
]

for (const [what, leak] of leaks) {
  test(`a test that leaves ${what} behind fails without having asked for it`, () =>
    expect(runTest(() => leak)).rejects.toThrow(`left behind: ${what}`))
}
