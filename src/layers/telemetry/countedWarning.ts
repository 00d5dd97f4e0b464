/** Warnings that any number of clients can cause at once. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Facts } from "./session.ts"

/** At most one line in this time. */
export const periodMillis = 1000

export type CountedWarning = (error: unknown, facts: Facts) => Effect.Effect<void>

/**
 * Of a row of failures the first is told at once, then in each period the latest with their number, under `countKey`.
 * Its fiber lives as long as the row; what is not told when the scope closes is told then.
 */
export const countedWarning = Effect.fnUntraced(function* (
  event: string,
  countKey: string
): Effect.fn.Return<CountedWarning, never, Scope.Scope> {
  const scope = yield* Effect.scope
  let untold = 0
  let isTelling = false
  let latest: { readonly error: unknown; readonly facts: Facts } = { error: undefined, facts: {} }

  /** False if there is nothing to tell; in the same step the row has ended. */
  const tell = Effect.suspend(() => {
    const { error, facts } = latest
    const count = untold
    untold = 0
    isTelling = count > 0
    return isTelling
      ? Effect.as(
          Effect.annotateLogs(Effect.logWarning(event, Cause.fail(error)), { ...facts, [countKey]: count }),
          true
        )
      : Effect.succeed(false)
  })
  const tellAll = Effect.gen(function* () {
    while (yield* tell) yield* Effect.sleep(periodMillis)
  })

  yield* Effect.addFinalizer(() => Effect.asVoid(tell))
  return (error, facts) =>
    Effect.suspend(() => {
      untold++
      latest = { error, facts }
      if (isTelling) return Effect.void
      isTelling = true
      return Effect.forkIn(tellAll, scope, { startImmediately: true })
    })
})
