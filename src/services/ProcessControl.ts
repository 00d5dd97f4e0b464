/** What a layer may ask of the process it lives in. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Without one provided, both ask nobody. */
export const ProcessControl = Context.Reference<{
  /** Ends the process with status 0, as a signal does. */
  readonly quit: Effect.Effect<void>
  /** All listeners are up: whoever started the process in the background may go on. */
  readonly listening: Effect.Effect<void>
}>("sluice/services/ProcessControl", { defaultValue: () => ({ quit: Effect.void, listening: Effect.void }) })
