import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { background, maxRestartMillis, restartMillis, settledMillis } from "../../../src/layers/telemetry/background.ts"
import { type VitalLoopDied, VitalLoops } from "../../../src/services/Telemetry.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "./recorder.ts"

const withDeaths = () => {
  const deaths: Array<VitalLoopDied> = []
  const provide = Effect.provideService(VitalLoops, { died: (error) => Effect.sync(() => void deaths.push(error)) })
  return { deaths, provide }
}

effect("a vital loop that dies is logged with its cause and reported", () =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    const { deaths, provide } = withDeaths()
    yield* Effect.die(new Error("bug")).pipe(background("rtmp listener", { fatal: true }), provide, recorder.provide)
    yield* TestClock.adjust(0)
    expect(recorder.lines).toMatchObject([
      { level: "Fatal", message: "vital loop died", annotations: { "loop.name": "rtmp listener" } }
    ])
    expect(deaths.map((death) => death.message)).toEqual(["rtmp listener died"])
  })
)

effect("a vital loop that is interrupted, or returns, is no death", () =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    const { deaths, provide } = withDeaths()
    const scope = yield* Scope.make()
    for (const loop of [Effect.never, Effect.void]) {
      yield* loop.pipe(background("loop", { fatal: true }), provide, recorder.provide, Scope.provide(scope))
    }
    yield* TestClock.adjust(0)
    yield* Scope.close(scope, Exit.void)
    expect([recorder.lines, deaths]).toEqual([[], []])
  })
)

effect("any other loop runs again, each time later, with a fresh scope", () =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    let runs = 0
    let released = 0
    const loop = Effect.acquireRelease(
      Effect.sync(() => runs++),
      () => Effect.sync(() => released++)
    ).pipe(Effect.andThen(Effect.fail("again")))
    yield* loop.pipe(background("statistics", { fatal: false }), recorder.provide)
    yield* TestClock.adjust(0)
    expect([runs, released]).toEqual([1, 1])
    yield* TestClock.adjust(restartMillis - 1)
    expect(runs).toBe(1)
    yield* TestClock.adjust(1)
    expect(runs).toBe(2)
    yield* TestClock.adjust(2 * restartMillis)
    expect([runs, released]).toEqual([3, 3])
    yield* TestClock.adjust("1 hour")
    const waits = recorder.lines.map((line) => line.annotations["loop.restart_ms"])
    expect(waits.slice(0, 3)).toEqual([restartMillis, 2 * restartMillis, 4 * restartMillis])
    expect(waits.at(-1)).toBe(maxRestartMillis)
  })
)

effect("a loop that ran long before it died starts again soon", () =>
  Effect.gen(function* () {
    let runs = 0
    const loop = Effect.suspend(() => {
      runs++
      return Effect.andThen(Effect.sleep(runs > 4 ? settledMillis : 0), Effect.fail("again"))
    })
    yield* loop.pipe(background("statistics", { fatal: false }))
    yield* TestClock.adjust(restartMillis * (1 + 2 + 4 + 8))
    expect(runs).toBe(5)
    yield* TestClock.adjust(settledMillis + restartMillis)
    expect(runs).toBe(6)
  })
)
