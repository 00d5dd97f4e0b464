import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import {
  calmLooks,
  lookMillis,
  manySessions,
  restLooks,
  tidyAfterFloodsWith
} from "../../../src/layers/process/floods.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"

const sessions = SessionsLayer.layer.pipe(Layer.provide(layerText("")))

/** Sessions that come, the passing of looks, and what the runtime was asked for. */
const harness = Effect.gen(function* () {
  const asked = { collections: 0, given: 0 }
  yield* tidyAfterFloodsWith({
    collectYoung: Effect.sync(() => asked.collections++),
    giveBack: Effect.sync(() => asked.given++)
  })
  const { open } = yield* Sessions
  const traffic = { bytesIn: () => 0, bytesOut: () => 0 }
  const come = (count: number) =>
    Effect.forEach(Array(count), () => open({ protocol: "test", address: "10.0.0.1", traffic }))
  const looks = (count: number) => TestClock.adjust(count * lookMillis)
  yield* TestClock.adjust(0)
  return { asked, come, looks }
})

effect("collects while many come or go, and not while the same stay", () =>
  Effect.gen(function* () {
    const { asked, come, looks } = yield* harness
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* come(manySessions - 1)
        yield* looks(1)
        expect(asked.collections).toBe(0)
        yield* come(manySessions)
        yield* looks(1)
        expect(asked.collections).toBe(1)
        yield* looks(10)
        expect(asked.collections).toBe(1)
      })
    )
    yield* looks(1)
    expect(asked.collections).toBe(2)
  }).pipe(Effect.provide(sessions), Effect.scoped)
)

effect("gives memory back once, when a flood is over", () =>
  Effect.gen(function* () {
    const { asked, come, looks } = yield* harness
    yield* looks(2 * restLooks)
    expect(asked.given).toBe(0)
    for (let i = 0; i < 5; i++) {
      yield* come(manySessions)
      yield* looks(calmLooks)
    }
    expect(asked.given).toBe(0)
    yield* looks(1)
    expect(asked.given).toBe(1)
    yield* looks(2 * restLooks)
    expect(asked.given).toBe(1)
  }).pipe(Effect.provide(sessions), Effect.scoped)
)

effect("floods that follow each other give back once in a while", () =>
  Effect.gen(function* () {
    const { asked, come, looks } = yield* harness
    for (let flood = 0; flood < 3; flood++) {
      yield* come(manySessions)
      yield* looks(1 + calmLooks)
    }
    expect(asked.given).toBe(1)
    yield* looks(restLooks)
    expect(asked.given).toBe(2)
  }).pipe(Effect.provide(sessions), Effect.scoped)
)
