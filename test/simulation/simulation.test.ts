/** Two hours of virtual time, and proof that what the simulation looks for it finds. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { effect } from "../support/effect.ts"
import { brokenDelta, hastyPlay, hastyPublish, leakedFiber, leakedReader, lostPicture, type Plant } from "./plants.ts"
import { simulate } from "./simulate.ts"

const seeds = (process.env["SIMULATION_SEEDS"] ?? "1,7").split(",").map(Number)

for (const seed of seeds) {
  effect(
    `an hour of virtual time with seed ${seed} keeps all invariants`,
    () =>
      Effect.gen(function* () {
        const report = yield* simulate({ seed, hours: 1 })
        expect(report.viewers).toBeGreaterThan(200)
        expect(report.framesDelivered).toBeGreaterThan(20_000)
        expect(report.framesForwarded).toBeGreaterThan(1000)
        expect(report.gaps).toBeGreaterThan(10)
      }),
    60_000
  )
}

effect(
  "a seed gives the same run again",
  () =>
    Effect.gen(function* () {
      const runs = yield* Effect.all([simulate({ seed: 3, hours: 0.1 }), simulate({ seed: 3, hours: 0.1 })])
      expect(runs[1]).toEqual(runs[0])
    }),
  20_000
)

const bugs: ReadonlyArray<readonly [bug: string, plant: Plant, hours: number, found: RegExp]> = [
  ["a delta that is a millisecond too long", brokenDelta, 1, /off its time/],
  ["a picture that gets lost", lostPicture, 1, /frames are missing before/],
  ["a frame that comes before the publisher was authorised", hastyPublish, 1, /published .* before it was/],
  ["a frame that a viewer gets before it was authorised", hastyPlay, 1, /got media before it was authorised/],
  ["a reader that is never given back", leakedReader, 0.1, /sources .* are left/],
  ["a fiber that nobody ends", leakedFiber, 0.1, /fibers are left/]
]

for (const [bug, plant, hours, found] of bugs) {
  effect(
    `the simulation finds ${bug}, again and again with the same seed`,
    () =>
      Effect.gen(function* () {
        const first = yield* Effect.flip(simulate({ seed: 4, hours, plant }))
        expect(first.message).toMatch(found)
        const again = yield* Effect.flip(simulate({ seed: 4, hours, plant }))
        expect(again.message).toBe(first.message)
      }),
    30_000
  )
}
