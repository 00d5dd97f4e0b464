/** Bugs of ours, planted: each ends its own session, with its cause in the log, and no other. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { effect } from "../support/effect.ts"
import { brokenEncoder, brokenSource } from "../simulation/plants.ts"
import { inWorld } from "./harness.ts"

const stream = "default.test/live/a"

/** FLV breaks at some frame: on the stack of the loop that serves all viewers. */
effect("an encoder that throws ends its viewers, and those of another format go on", () =>
  inWorld(
    ({ log, publish, run, view }) =>
      Effect.gen(function* () {
        yield* publish(stream)
        const broken = [yield* view("http", stream), yield* view("http", stream)]
        const other = yield* view("rtmp", stream)
        yield* run(20_000)
        expect(broken.map(({ ended }) => ended)).toEqual([true, true])
        expect([other.ended, other.gaps]).toEqual([false, 0])
        expect(log.filter(({ event }) => event === "Error session failed").length).toBe(2)
        const late = yield* view("http", stream)
        yield* run(1000)
        expect(late.frames).toBeGreaterThan(0)
      }),
    brokenEncoder("flv")
  )
)

effect("a log that throws ends its publisher, and its viewers and other streams go on", () =>
  inWorld(
    ({ log, publish, run, view }) =>
      Effect.gen(function* () {
        const publisher = yield* publish(stream)
        const other = yield* publish("default.test/live/b")
        const viewers = [yield* view("rtmp", stream), yield* view("rtmp", "default.test/live/b")]
        yield* run(20_000)
        expect([publisher.ended, other.isLive]).toEqual([true, true])
        expect(viewers.map(({ ended }) => ended)).toEqual([false, false])
        expect(log.map(({ event }) => event)).toContain("Error session failed")
      }),
    brokenSource("/live/a")
  )
)

effect("without a planted bug nothing is logged as an error", () =>
  inWorld(
    ({ log, publish, run, view }) =>
      Effect.gen(function* () {
        yield* publish(stream)
        yield* view("http", stream)
        yield* run(20_000)
        expect(log).toEqual([])
      }),
    undefined
  )
)
