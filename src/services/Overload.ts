/** Whether the processor is too busy, for those who can do with less. Without one provided it never is. */
import * as Context from "effect/Context"
import type { OverloadLevel } from "../domain/process/Overload.ts"

export const Overload = Context.Reference<{
  /** As of the last sample: a field. */
  readonly level: () => OverloadLevel
  /** Somebody looks: otherwise there is nothing to show. */
  readonly isWatched: boolean
  /** Of one processor, as of the last sample. */
  readonly cpuPercent: () => number
  /** A viewer was turned away because of it. */
  readonly turnedAway: () => void
  /** How many were so far. */
  readonly turnedAwayCount: () => number
}>("sluice/services/Overload", {
  defaultValue: () => ({
    level: () => "none",
    isWatched: false,
    cpuPercent: () => 0,
    turnedAway: () => undefined,
    turnedAwayCount: () => 0
  })
})
