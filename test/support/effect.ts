/** `bun:test`'s `test` for an Effect: a scope, virtual time, no log output, and counters that must end at zero. */
import { test } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { afterClients, census } from "./census.ts"

/** What the current test has asked to be back at zero after its scope has closed, by name. */
class Counters extends Context.Service<Counters, Map<string, () => number>>()("sluice/test/Counters") {}

/**
 * A count of sessions, sources, viewers, sockets … that must be 0 once the test's scope has closed. Register it in the
 * harness that makes the thing, before it is used; the same name again replaces the count.
 */
export const mustEndAtZero = (name: string, count: () => number): Effect.Effect<void, never, Counters> =>
  Effect.map(Counters, (counters) => void counters.set(name, count))

const layer = Layer.merge(TestClock.layer(), Logger.layer([]))

type Test<A, E> = () => Effect.Effect<A, E, Scope.Scope | TestClock.TestClock | Counters>

/** Runs in a scope of its own, under `TestClock`. Any failure, defect or counter above zero fails the test (`census`). */
export const effect = <A, E>(name: string, self: Test<A, E>, timeoutMillis = 30_000): void =>
  test(name, () => runTest(self), timeoutMillis)

/** The same without `test`: rejects where the test would fail. */
export const runTest = <A, E>(self: Test<A, E>): Promise<void> => {
  const counters: Map<string, () => number> = new Map()
  const clientsLeave = Effect.map(afterClients, assertAtZero)
  return Effect.suspend(self).pipe(
    Effect.tap(clientsLeave),
    Effect.scoped,
    Effect.provide(layer),
    Effect.provideService(Counters, counters),
    census,
    Effect.tap((left) => Effect.sync(() => assertAtZero(new Map([...counters, ...left])))),
    Effect.asVoid,
    Effect.runPromise
  )
}

const assertAtZero = (counters: ReadonlyMap<string, () => number>): void => {
  const left = [...counters].map(([name, count]) => [name, count()] as const).filter(([, count]) => count !== 0)
  if (left.length > 0) throw new Error(`left behind: ${left.map(([name, count]) => `${count} ${name}`).join(", ")}`)
}
