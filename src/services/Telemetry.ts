/** What becomes of a process one of whose vital loops has died. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** A loop without which the process is of no use has ended. */
export class VitalLoopDied extends Data.TaggedError("VitalLoopDied")<{
  readonly name: string
  readonly reason: Cause.Cause<unknown>
}> {
  override get message() {
    return `${this.name} died`
  }
}

/** Told of the death of a vital loop. Without one provided nothing follows but the log line. */
export const VitalLoops = Context.Reference<{
  readonly died: (error: VitalLoopDied) => Effect.Effect<void>
}>("sluice/services/Telemetry/VitalLoops", { defaultValue: () => ({ died: () => Effect.void }) })

/** Where the log is written. */
export class LogTank extends Context.Service<
  LogTank,
  {
    /** Closes the log file; the next line opens its path again (SIGUSR1, after a rotation). */
    readonly reopen: Effect.Effect<void>
    /** Lines that could not be written since the start. */
    readonly lost: () => number
  }
>()("sluice/services/Telemetry/LogTank") {}
