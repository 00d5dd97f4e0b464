/**
 * What the runtime is asked for when many clients come or go, so that the memory of the process follows what lives.
 *
 * Meanwhile what is young is collected: each client leaves some 80 KB of garbage behind, and JavaScriptCore lets that
 * grow to as much as all that lives before it looks. One such collection takes 3 ms. Afterwards everything is, once, and
 * pages of the runtime's file that only the coming has needed are given back: 22 ms of the loop with 1000 players, 47
 * with 8000.
 */
import * as Effect from "effect/Effect"
import { Sessions } from "../../services/Sessions.ts"
import { background } from "../telemetry/background.ts"
import { giveBackPages } from "./runtimePages.ts"

export const lookMillis = 100
/** So many sessions more or fewer than at the last look are a flood. */
export const manySessions = 10
/** It is over when there were none for so many looks. */
export const calmLooks = 10
/** Memory is given back once in so many looks at most. */
export const restLooks = 300

interface Runtime {
  readonly collectYoung: Effect.Effect<void>
  readonly giveBack: Effect.Effect<void>
}

export const tidyAfterFloodsWith = ({ collectYoung, giveBack }: Runtime) =>
  Effect.gen(function* () {
    const sessions = (yield* Sessions).all()
    yield* background("tidying after floods", { fatal: false })(
      Effect.gen(function* () {
        let before = sessions.size
        let calm = 0
        let rested = restLooks
        let isDue = false
        while (true) {
          yield* Effect.sleep(lookMillis)
          const isFlood = Math.abs(sessions.size - before) >= manySessions
          before = sessions.size
          calm = isFlood ? 0 : calm + 1
          rested++
          if (isFlood) {
            isDue = true
            yield* collectYoung
          } else if (isDue && calm >= calmLooks && rested >= restLooks) {
            isDue = false
            rested = 0
            yield* giveBack
          }
        }
      })
    )
  })

/** On a runtime other than Bun nothing is done. */
export const tidyAfterFloods = Effect.gen(function* () {
  if (!("Bun" in globalThis)) return
  const { edenGC } = yield* Effect.promise(() => import("bun:jsc"))
  yield* tidyAfterFloodsWith({
    collectYoung: Effect.sync(edenGC),
    giveBack: Effect.andThen(
      Effect.sync(() => Bun.gc(true)),
      giveBackPages
    )
  })
})
