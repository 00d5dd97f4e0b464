import { expect, test } from "bun:test"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
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
