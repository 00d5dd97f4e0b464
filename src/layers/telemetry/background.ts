/** Loops that nobody joins. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { VitalLoopDied, VitalLoops } from "../../services/Telemetry.ts"

/** Wait before the first restart; each further one doubles it. */
export const restartMillis = 500
export const maxRestartMillis = 30_000
/** A loop that ran this long before it died is restarted as if for the first time. */
export const settledMillis = 60_000

/**
 * Runs a loop in a fiber of the surrounding scope. A loop that returns has finished. One that fails or dies is logged
 * with its cause; then a `fatal` one is reported to `VitalLoops`, which ends the process, and any other one is run
 * again, later each time. Each run has a scope of its own.
 */
export const background =
  (name: string, options: { readonly fatal: boolean }) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope> => {
    const loop = Effect.scoped(self)
    return Effect.asVoid(Effect.forkScoped(options.fatal ? reportDeath(name, loop) : restart(name, loop)))
  }

const reportDeath = <A, E, R>(name: string, loop: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  loop.pipe(
    Effect.asVoid,
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause as Cause.Cause<never>)
        : Effect.gen(function* () {
            yield* Effect.logFatal("vital loop died", cause).pipe(Effect.annotateLogs("loop.name", name))
            const vital = yield* VitalLoops
            yield* vital.died(new VitalLoopDied({ name, reason: cause }))
          })
    )
  )

const restart = Effect.fnUntraced(function* <A, E, R>(name: string, loop: Effect.Effect<A, E, R>) {
  let waitMillis = restartMillis
  while (true) {
    const started = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(loop)
    if (Exit.isSuccess(exit)) return
    if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
    if ((yield* Clock.currentTimeMillis) - started >= settledMillis) waitMillis = restartMillis
    yield* Effect.logError("background loop died", exit.cause).pipe(
      Effect.annotateLogs({ "loop.name": name, "loop.restart_ms": waitMillis })
    )
    yield* Effect.sleep(waitMillis)
    waitMillis = Math.min(waitMillis * 2, maxRestartMillis)
  }
})
