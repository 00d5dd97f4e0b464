/** The OpenTelemetry SDK for JavaScript, for those who run it: its processors and exporters, 20 to 31 µs a span. */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { BatchLogRecordProcessor } from "@opentelemetry/sdk-logs"
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Layer from "effect/Layer"
import type { OtlpPlan, OtlpSignal } from "../../domain/log/otlp.ts"
import { shutdownMillis } from "./OtlpEffect.ts"

export const layer = (plan: OtlpPlan): Layer.Layer<never> =>
  NodeSdk.layer(() => ({
    spanProcessor: plan.traces && spanProcessor(plan.traces),
    logRecordProcessor: plan.logs && logProcessor(plan.logs),
    loggerMergeWithExisting: true,
    resource: { serviceName: plan.serviceName, serviceVersion: plan.serviceVersion, attributes: plan.resource },
    shutdownTimeout: shutdownMillis
  })).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({}))))

const spanProcessor = (signal: OtlpSignal) =>
  new BatchSpanProcessor(new OTLPTraceExporter(options(signal)), { scheduledDelayMillis: signal.intervalMillis })

const logProcessor = (signal: OtlpSignal) =>
  new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter(options(signal)),
    scheduledDelayMillis: signal.intervalMillis
  })

const options = ({ url, headers, timeoutMillis }: OtlpSignal) => ({ url, headers: { ...headers }, timeoutMillis })
