/** What sessions hold until their scope closes. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/**
 * As `Effect.acquireRelease`, which also keeps the context of the fiber that acquired: 3 KB for as long as the scope is
 * open. Here `release` runs in the context of whoever closes it.
 */
export const held = <A, E, R>(
  acquire: Effect.Effect<A, E, R>,
  release: (value: A) => Effect.Effect<unknown>
): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.uninterruptible(Effect.flatMap(acquire, (value) => releaseLater(value, release)))

const releaseLater = <A>(value: A, release: (value: A) => Effect.Effect<unknown>) =>
  Effect.flatMap(Effect.scope, (scope) => Effect.as(Scope.addFinalizerExit(scope, finalizerOf(value, release)), value))

/** On its own, that it holds nothing else. */
const finalizerOf =
  <A>(value: A, release: (value: A) => Effect.Effect<unknown>) =>
  () =>
    release(value)

/** A span that is over, as a child of the span that is current: nothing of it was kept meanwhile but when it began. */
export const spanSince = (name: string, startTime: bigint, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const parent = yield* Effect.option(Effect.currentParentSpan)
    const span = (yield* Effect.tracer).span({
      name,
      parent,
      annotations: Context.empty(),
      links: [],
      startTime,
      kind: "internal",
      root: false,
      sampled: parent._tag === "None" || parent.value.sampled
    })
    span.end(yield* Clock.currentTimeNanos, exit)
  })
