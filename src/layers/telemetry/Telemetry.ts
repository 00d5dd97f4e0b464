/** Everything by which the server tells what it does: its log, and the export of its traces and log lines. */
import * as Layer from "effect/Layer"
import type { OtlpPlan } from "../../domain/log/otlp.ts"
import type { LogTank } from "../../services/Telemetry.ts"
import * as Logging from "./Logging.ts"
import * as Otlp from "./Otlp.ts"

export interface TelemetryOptions {
  readonly log: Logging.LogOptions
  /** Of `otlpPlan`; undefined exports nothing. */
  readonly otlp: OtlpPlan | undefined
}

/** The outermost layer of all, so that what any other says while it is built or released is still told. */
export const layer = (options: TelemetryOptions): Layer.Layer<LogTank> =>
  Logging.layerLevel(options.log).pipe(
    Layer.provideMerge(Otlp.layer(options.otlp)),
    Layer.provideMerge(Logging.layer(options.log))
  )
