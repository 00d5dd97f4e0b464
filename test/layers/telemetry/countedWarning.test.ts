import { expect } from "bun:test"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { countedWarning } from "../../../src/layers/telemetry/countedWarning.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "./recorder.ts"

const harness = Effect.gen(function* () {
  const recorder = makeRecorder()
  const scope = yield* Scope.make()
  const warn = yield* recorder.provide(Scope.provide(countedWarning("client refused", "client.count"), scope))
  const fail = (name: string) => recorder.provide(warn(new Error(name), { "client.name": name }))
  const told = () =>
    recorder.lines.map(({ annotations, cause, level, message }) => [
      level,
      message,
      Cause.pretty(cause as Cause.Cause<unknown>).split("\n")[0],
      annotations["client.name"],
      annotations["client.count"]
    ])
  const close = Scope.close(scope, Exit.void)
  return { close, fail, told }
})

const line = (name: string, count: number) => ["Warn", "client refused", `Error: ${name}`, name, count]

effect("the first is told at once with its error, those of the next second in one line with the latest", () =>
  Effect.gen(function* () {
    const { fail, told } = yield* harness
    yield* fail("a")
    expect(told()).toEqual([line("a", 1)])
    yield* fail("b")
    yield* fail("c")
    yield* TestClock.adjust(999)
    expect(told()).toHaveLength(1)
    yield* TestClock.adjust(1)
    expect(told()).toEqual([line("a", 1), line("c", 2)])
    yield* fail("d")
    yield* TestClock.adjust(1000)
    expect(told()).toHaveLength(3)
  })
)

effect("after a quiet second the next is told at once again", () =>
  Effect.gen(function* () {
    const { fail, told } = yield* harness
    yield* fail("a")
    yield* TestClock.adjust(1000)
    yield* fail("b")
    expect(told()).toEqual([line("a", 1), line("b", 1)])
  })
)

effect("those that nobody was told of are told of when the scope closes", () =>
  Effect.gen(function* () {
    const { close, fail, told } = yield* harness
    yield* fail("a")
    yield* fail("b")
    yield* close
    expect(told()).toEqual([line("a", 1), line("b", 1)])
  })
)
