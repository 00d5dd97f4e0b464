import { expect, test } from "bun:test"
import { type Environment, otlpPlan, type OtlpSettings } from "../../../src/domain/log/otlp.ts"

const off: OtlpSettings = { exporter: "effect", endpoint: "", headers: {}, serviceName: "sluice", serviceVersion: "1" }
const on: OtlpSettings = { ...off, endpoint: "http://collector:4318", headers: { "x-key": "file" } }
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://h:1/base/" }

test.each<[string, OtlpSettings, Environment, string | undefined, string | undefined]>([
  ["off by default", off, {}, undefined, undefined],
  ["the setting", on, {}, "http://collector:4318/v1/traces", "http://collector:4318/v1/logs"],
  ["the variable over the setting", on, endpoint, "http://h:1/base/v1/traces", "http://h:1/base/v1/logs"],
  [
    "a signal's own endpoint as it is",
    off,
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t/x?y" },
    "https://t/x?y",
    undefined
  ],
  ["disabled", on, { OTEL_SDK_DISABLED: "TRUE" }, undefined, undefined],
  ["no traces", on, { OTEL_TRACES_EXPORTER: "none" }, undefined, "http://collector:4318/v1/logs"],
  ["no logs", on, { OTEL_LOGS_EXPORTER: "none" }, "http://collector:4318/v1/traces", undefined],
  [
    "asked for without an endpoint",
    off,
    { OTEL_TRACES_EXPORTER: "otlp" },
    "http://localhost:4318/v1/traces",
    undefined
  ],
  ["an exporter we have not", on, { OTEL_TRACES_EXPORTER: "zipkin" }, undefined, "http://collector:4318/v1/logs"],
  ["not a URL", off, { OTEL_EXPORTER_OTLP_ENDPOINT: "collector" }, undefined, undefined],
  [
    "an empty variable is no variable",
    on,
    { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
    "http://collector:4318/v1/traces",
    "http://collector:4318/v1/logs"
  ]
])("export: %s", (_, settings, env, traces, logs) => {
  const plan = otlpPlan(settings, env)
  expect([plan?.traces?.url, plan?.logs?.url]).toEqual([traces, logs])
})

test("headers, names, time-outs and compression come from the variables", () => {
  const plan = otlpPlan(on, {
    OTEL_EXPORTER_OTLP_HEADERS: "a=1, b=x%2Cy=z",
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: "only=logs",
    OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "500",
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=attribute,host.name=h"
  })!
  expect(plan.traces).toMatchObject({
    headers: { a: "1", b: "x,y=z" },
    timeoutMillis: 3000,
    gzip: true,
    intervalMillis: 200
  })
  expect(plan.logs).toMatchObject({ headers: { only: "logs" }, timeoutMillis: 500, gzip: false, intervalMillis: 1000 })
  expect(plan).toMatchObject({ serviceName: "attribute", resource: { "host.name": "h" }, protobuf: true, problems: [] })
})

test("what cannot be read is a problem in words, and nothing else changes", () => {
  const plan = otlpPlan(on, {
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_TIMEOUT: "soon",
    OTEL_RESOURCE_ATTRIBUTES: "%zz=1,novalue",
    OTEL_LOGS_EXPORTER: "console"
  })!
  expect(plan.problems).toEqual([
    "OTEL_EXPORTER_OTLP_TIMEOUT: not a number of milliseconds: soon",
    "OTEL_LOGS_EXPORTER: exporter console does not exist here, only otlp",
    "OTEL_RESOURCE_ATTRIBUTES: not key=value: %zz=1",
    "OTEL_RESOURCE_ATTRIBUTES: not key=value: novalue",
    "OTEL_EXPORTER_OTLP_PROTOCOL: grpc does not exist here, http/json is used"
  ])
  expect(plan.traces?.headers).toEqual({ "x-key": "file" })
})
