import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import { collectYoungWith, lookMillis, manySessions } from "../../../src/layers/process/collectYoung.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"

const sessions = SessionsLayer.layer.pipe(Layer.provide(layerText("")))

effect("collects while many come or go, and not while the same stay", () =>
  Effect.gen(function* () {
    let collections = 0
    yield* collectYoungWith(() => collections++)
    const { open } = yield* Sessions
    const traffic = { bytesIn: () => 0, bytesOut: () => 0 }
    const come = (count: number) =>
      Effect.forEach(Array(count), () => open({ protocol: "test", address: "10.0.0.1", traffic }))
    const passes = TestClock.adjust(lookMillis)
    yield* TestClock.adjust(0)
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* come(manySessions - 1)
        yield* passes
        expect(collections).toBe(0)
        yield* come(manySessions)
        yield* passes
        expect(collections).toBe(1)
        yield* TestClock.adjust(10 * lookMillis)
        expect(collections).toBe(1)
      })
    )
    yield* passes
    expect(collections).toBe(2)
  }).pipe(Effect.provide(sessions), Effect.scoped)
)
