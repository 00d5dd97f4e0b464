/** What a layer may ask of the process it lives in. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Without one provided, nobody is asked. */
export const ProcessControl = Context.Reference<{
  /** Ends the process with status 0, as a signal does. */
  readonly quit: Effect.Effect<void>
  /** All listeners are up: whoever started the process in the background may go on. */
  readonly listening: Effect.Effect<void>
  /** The number of the signal that ends the process, once one does. */
  readonly endedBy: () => number | undefined
  /** Asks at each SIGTERM, until the scope closes: true takes the end of the process upon itself, by `quit`. */
  readonly onTerminate: (takesOver: () => boolean) => Effect.Effect<void, never, Scope.Scope>
}>("sluice/services/ProcessControl", {
  defaultValue: () => ({
    quit: Effect.void,
    listening: Effect.void,
    endedBy: () => undefined,
    onTerminate: () => Effect.void
  })
})
