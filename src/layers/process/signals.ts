/** Signals other than those that end the process. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { background } from "../telemetry/background.ts"

/** Runs the effect for each such signal until the scope closes: one at a time, one more if others came meanwhile. */
export const onSignal = Effect.fnUntraced(function* (
  signal: "SIGHUP" | "SIGUSR1" | "SIGUSR2" | "SIGQUIT" | "SIGABRT",
  effect: Effect.Effect<void>
): Effect.fn.Return<void, never, Scope.Scope> {
  const signals = yield* Queue.sliding<void>(1)
  const listener = () => void Queue.offerUnsafe(signals, undefined)
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on(signal, listener)),
    () => Effect.sync(() => process.off(signal, listener))
  )
  yield* Effect.forever(Effect.andThen(Queue.take(signals), effect)).pipe(
    background(`signal ${signal}`, { fatal: false })
  )
})
