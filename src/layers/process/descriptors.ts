/**
 * Says so when the process may open no more files and connections: the runtimes do not tell of a connection that could
 * not be accepted.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { background } from "../telemetry/background.ts"

export const lookMillis = 1000

/** Opens one, and closes it again. */
const isOneFree = Effect.try({
  try: () => fs.closeSync(fs.openSync("/dev/null", "r")),
  catch: (error) => (error as NodeJS.ErrnoException).code
}).pipe(
  Effect.as(true),
  Effect.catch((code) => Effect.succeed(code !== "EMFILE" && code !== "ENFILE"))
)

/** Until the scope closes: one line when there is none left, one when there is again. */
export const watchDescriptors = Effect.suspend(() => {
  let wasFree = true
  const look = Effect.flatMap(isOneFree, (isFree) => {
    if (isFree === wasFree) return Effect.void
    wasFree = isFree
    return isFree
      ? Effect.logWarning("descriptors are free again")
      : Effect.logError("out of descriptors: nobody new is let in (ulimit -n, max_connections)")
  })
  return Effect.forever(Effect.andThen(Effect.sleep(lookMillis), look)).pipe(
    background("descriptors", { fatal: false })
  )
})
