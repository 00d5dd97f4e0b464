import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { giveBackPages, startedMillis } from "../../../src/layers/process/startedPages.ts"
import { effect } from "../../support/effect.ts"

effect("the pages of the start are given back once, when it is over; where that fails, they stay", () =>
  Effect.gen(function* () {
    let given = 0
    yield* giveBackPages(() => {
      given++
      throw new Error("no /proc here")
    })
    yield* TestClock.adjust(startedMillis - 1)
    expect(given).toBe(0)
    yield* TestClock.adjust(1)
    expect(given).toBe(1)
    yield* TestClock.adjust(3_600_000)
    expect(given).toBe(1)
  }).pipe(Effect.scoped)
)
