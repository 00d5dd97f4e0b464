/** Export of traces and logs by OTLP. Nothing of it is loaded while nothing is exported. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { OtlpPlan } from "../../domain/log/otlp.ts"
import * as Unrecorded from "./unrecorded.ts"

/** No spans at all: code that traces runs without tracing. */
export const layerNoop: Layer.Layer<never> = Layer.succeed(References.TracerEnabled, false)

/** Adds to the loggers it finds. What waits for export is sent when the scope closes. */
export const layer = (plan: OtlpPlan | undefined): Layer.Layer<never> =>
  plan === undefined ? Unrecorded.layer : Layer.unwrap(load(plan))

const load = (plan: OtlpPlan) =>
  Effect.gen(function* () {
    for (const problem of plan.problems) {
      yield* Effect.logWarning("telemetry setting ignored").pipe(Effect.annotateLogs("otlp.problem", problem))
    }
    if (plan.traces === undefined && plan.logs === undefined) return Unrecorded.layer
    const exporter = yield* Effect.tryPromise(() =>
      plan.exporter === "sdk" ? import("./OtlpSdk.ts") : import("./OtlpEffect.ts")
    )
    return Layer.provideMerge(plan.traces === undefined ? Unrecorded.layer : events, exporter.layer(plan))
  }).pipe(
    Effect.catch((error) =>
      Effect.as(Effect.logError("telemetry exporter not installed", Cause.fail(error.cause)), Unrecorded.layer)
    )
  )

/** Log lines become events of the span they are written in: a session's span is exported only when it ends. */
const events = Logger.layer([Logger.tracerLogger], { mergeWithExisting: true })
