/**
 * Collects what is young while many clients come or go. Each leaves some 80 KB of garbage behind, and JavaScriptCore
 * lets that grow to as much as all that lives before it looks: 4000 players took 173 MB at most, and 149 so. One such
 * collection takes 3 ms.
 */
import * as Effect from "effect/Effect"
import { Sessions } from "../../services/Sessions.ts"
import { background } from "../telemetry/background.ts"

export const lookMillis = 100
/** So many sessions more or fewer than at the last look are worth it. */
export const manySessions = 10

/** `collect` is the runtime's; where it has none, nothing is done. */
export const collectYoungWith = (collect: () => unknown) =>
  Effect.gen(function* () {
    const sessions = (yield* Sessions).all()
    yield* background("young collection", { fatal: false })(
      Effect.gen(function* () {
        let before = sessions.size
        while (true) {
          yield* Effect.sleep(lookMillis)
          if (Math.abs(sessions.size - before) >= manySessions) collect()
          before = sessions.size
        }
      })
    )
  })

export const collectYoung = Effect.gen(function* () {
  if (!("Bun" in globalThis)) return
  const { edenGC } = yield* Effect.promise(() => import("bun:jsc"))
  yield* collectYoungWith(edenGC)
})
