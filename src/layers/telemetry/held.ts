/** What sessions hold until their scope closes. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"

/**
 * As `Effect.acquireRelease`, which also keeps the context of the fiber that acquired: 3 KB for as long as the scope is
 * open. Here `release` runs in the context of whoever closes it.
 */
export const held = <A, E, R>(
  acquire: Effect.Effect<A, E, R>,
  release: (value: A) => Effect.Effect<unknown>
): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.uninterruptible(
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.tap(acquire, (value) => Scope.addFinalizerExit(scope, finalizerOf(value, release)))
    )
  )

/** On its own, that it holds nothing else. */
const finalizerOf =
  <A>(value: A, release: (value: A) => Effect.Effect<unknown>) =>
  () =>
    release(value)

/** A span that is over, as a child of the span that is current: nothing of it was kept meanwhile but when it began. */
export const spanSince = (name: string, startTime: bigint, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.withFiber(({ cache, context }) => {
    const parent = Option.fromUndefinedOr(cache.span)
    const span = Context.get(context, Tracer.Tracer).span({
      name,
      parent,
      annotations: Context.empty(),
      links: [],
      startTime,
      kind: "internal",
      root: false,
      sampled: cache.span?.sampled ?? true
    })
    span.end(Context.get(context, Clock.Clock).currentTimeNanosUnsafe(), exit)
    return Effect.void
  })

/**
 * As `Effect.withSpan`, at half of its cost: a failure does not tell that it was in it. For what logs, or makes spans of
 * its own.
 */
export const spanOf =
  (name: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
    Effect.flatMap(Effect.makeSpan(name), (span) =>
      Effect.onExit(Effect.provideService(self, Tracer.ParentSpan, span), (exit) =>
        Effect.map(Clock.currentTimeNanos, (now) => span.end(now, exit))
      )
    )

/**
 * As `Effect.withSpan`, at a third of its cost, for what neither logs nor makes spans: it does not know of its own. No
 * finalizer of it is kept either.
 */
export const spanAround = (name: string) => {
  const endSince = (startTime: bigint) => (exit: Exit.Exit<unknown, unknown>) => spanSince(name, startTime, exit)
  return <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.currentTimeNanos, (startTime) => Effect.onExit(self, endSince(startTime)))
}
