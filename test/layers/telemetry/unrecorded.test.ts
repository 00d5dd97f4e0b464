import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Unrecorded from "../../../src/layers/telemetry/unrecorded.ts"
import { effect } from "../../support/effect.ts"

effect("spans that nobody exports have ids, those of one trace the same, and keep nothing", () =>
  Effect.gen(function* () {
    const outer = yield* Effect.currentSpan
    const inner = yield* Effect.withSpan(Effect.currentSpan, "inner")
    outer.attribute("key", "value")
    outer.event("moment", 0n)
    expect([outer.name, outer.attributes.size, outer.links.length]).toEqual(["outer", 0, 0])
    expect(outer.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(outer.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect([inner.traceId, inner.spanId === outer.spanId]).toEqual([outer.traceId, false])
    expect([outer.traceId, outer.spanId]).toEqual([outer.traceId, outer.spanId])
  }).pipe(Effect.withSpan("outer"), Effect.provide(Unrecorded.layer))
)
