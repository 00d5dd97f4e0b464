import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { giveBackAfterStart, startedMillis } from "../../../src/layers/process/runtimePages.ts"
import { effect } from "../../support/effect.ts"

effect("what the start has needed is given back once, when it is over", () =>
  Effect.gen(function* () {
    let given = 0
    yield* giveBackAfterStart(Effect.sync(() => given++))
    yield* TestClock.adjust(startedMillis - 1)
    expect(given).toBe(0)
    yield* TestClock.adjust(1)
    expect(given).toBe(1)
    yield* TestClock.adjust(3_600_000)
    expect(given).toBe(1)
  }).pipe(Effect.scoped)
)
