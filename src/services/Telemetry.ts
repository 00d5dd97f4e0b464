/** What becomes of a process one of whose vital loops has died. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Level } from "../domain/log/LogRecord.ts"

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

/** What of the log follows the configuration. */
export interface LogSettings {
  /** For eyes, for machines, or as SRS writes it. */
  readonly format: "human" | "json" | "srs"
  /** Undefined is the console: standard output, errors too. */
  readonly file: string | undefined
  /** A file past this size is renamed to `file.1` and begun anew; 0 leaves that to others. */
  readonly rotateBytes: number
  /** So many renamed ones are kept. */
  readonly keepFiles: number
  readonly minimumLevel: Level | "None"
  readonly utc: boolean
}

/** Whether lines of a level are written: nothing need be made for those that are not. */
export const LogFloor = Context.Reference<{ readonly isLogged: (level: Level) => boolean }>(
  "sluice/services/Telemetry/LogFloor",
  { defaultValue: () => ({ isLogged: () => true }) }
)

/** Where the log is written. */
export class LogTank extends Context.Service<
  LogTank,
  {
    /** Closes the log file; the next line opens its path again (SIGUSR1, after a rotation). */
    readonly reopen: Effect.Effect<void>
    /** From the next line on. */
    readonly configure: (settings: LogSettings) => Effect.Effect<void>
    /** Lines that could not be written since the start. */
    readonly lost: () => number
  }
>()("sluice/services/Telemetry/LogTank") {}
