/** Effect's own OTLP exporter: 17 µs a span with JSON, no further packages. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import type { OtlpPlan, OtlpSignal } from "../../domain/log/otlp.ts"

/** At the end of the process an export has this long. */
export const shutdownMillis = 2000

export const layer = (plan: OtlpPlan): Layer.Layer<never> => {
  const options = (signal: OtlpSignal) => ({
    url: signal.url,
    headers: signal.headers,
    compression: signal.gzip ? ("gzip" as const) : ("none" as const),
    exportInterval: signal.intervalMillis,
    shutdownTimeout: Math.min(signal.timeoutMillis, shutdownMillis),
    resource: { serviceName: plan.serviceName, serviceVersion: plan.serviceVersion, attributes: plan.resource }
  })
  const client = (signal: OtlpSignal) =>
    Layer.provide(Layer.effect(HttpClient.HttpClient, boundedClient(signal)), FetchHttpClient.layer)
  const serialization = plan.protobuf ? OtlpSerialization.layerProtobuf : OtlpSerialization.layerJson
  const traces =
    plan.traces === undefined ? Layer.empty : Layer.provide(OtlpTracer.layer(options(plan.traces)), client(plan.traces))
  const logs =
    plan.logs === undefined ? Layer.empty : Layer.provide(OtlpLogger.layer(options(plan.logs)), client(plan.logs))
  return Layer.mergeAll(traces, logs).pipe(
    Layer.provide(serialization),
    // The plan has read the environment already, and forgives what the exporter would die of.
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
  )
}

/** The exporter itself would wait for ever for a collector that accepts and does not answer; now it pauses a minute. */
const boundedClient = (signal: OtlpSignal) =>
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.transformResponse(
      Effect.timeoutOrElse({ duration: signal.timeoutMillis, orElse: () => Effect.die(`no answer from ${signal.url}`) })
    )
  )
