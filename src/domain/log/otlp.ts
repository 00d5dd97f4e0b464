/**
 * Where traces and logs are exported by OTLP over HTTP: of the server's own settings and the standard `OTEL_*` variables
 * (OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter Configuration"). A variable that
 * is set wins over the setting.
 */

export interface OtlpSettings {
  /** `sdk` is the OpenTelemetry SDK for JavaScript, loaded only then; `effect` needs nothing besides the server. */
  readonly exporter: "effect" | "sdk"
  /** Base URL of a collector, to which `/v1/traces` and `/v1/logs` are appended; empty is off. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  readonly serviceVersion: string
}

export interface OtlpSignal {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMillis: number
  readonly gzip: boolean
  /** Between two exports. */
  readonly intervalMillis: number
}

export interface OtlpPlan {
  readonly exporter: "effect" | "sdk"
  readonly protobuf: boolean
  readonly traces: OtlpSignal | undefined
  readonly logs: OtlpSignal | undefined
  readonly serviceName: string
  readonly serviceVersion: string
  readonly resource: Readonly<Record<string, string>>
  /** Variables that were ignored, each in words. */
  readonly problems: ReadonlyArray<string>
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The specification's default of an exporter that is asked for without an endpoint. */
export const defaultEndpoint = "http://localhost:4318"
const defaultTimeoutMillis = 10_000
const intervals = { TRACES: ["OTEL_BSP_SCHEDULE_DELAY", 5000], LOGS: ["OTEL_BLRP_SCHEDULE_DELAY", 1000] } as const

type Signal = keyof typeof intervals

/** Undefined when nothing is to be exported. Total: what cannot be read is a problem, not a failure. */
export const otlpPlan = (settings: OtlpSettings, env: Environment): OtlpPlan | undefined => {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return undefined
  const problems: Array<string> = []
  const traces = signalPlan("TRACES", settings, env, problems)
  const logs = signalPlan("LOGS", settings, env, problems)
  if (traces === undefined && logs === undefined && problems.length === 0) return undefined
  const { "service.name": attributeName, ...resource } = pairs("OTEL_RESOURCE_ATTRIBUTES", env, problems)
  return {
    exporter: settings.exporter,
    protobuf: isProtobuf(env, problems),
    traces,
    logs,
    serviceName: env["OTEL_SERVICE_NAME"] || attributeName || settings.serviceName,
    serviceVersion: settings.serviceVersion,
    resource,
    problems
  }
}

const signalPlan = (
  signal: Signal,
  settings: OtlpSettings,
  env: Environment,
  problems: Array<string>
): OtlpSignal | undefined => {
  const wanted = exporterOf(signal, env, problems)
  if (wanted === "none") return undefined
  const url = urlOf(signal, settings, env, wanted === "otlp", problems)
  if (url === undefined) return undefined
  const own = `OTEL_EXPORTER_OTLP_${signal}_HEADERS`
  const given = pairs(env[own] ? own : "OTEL_EXPORTER_OTLP_HEADERS", env, problems)
  const [intervalName, intervalMillis] = intervals[signal]
  return {
    url,
    headers: Object.keys(given).length > 0 ? given : settings.headers,
    timeoutMillis: millis(
      env[`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`]
        ? `OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`
        : "OTEL_EXPORTER_OTLP_TIMEOUT",
      defaultTimeoutMillis,
      env,
      problems
    ),
    gzip: (env[`OTEL_EXPORTER_OTLP_${signal}_COMPRESSION`] || env["OTEL_EXPORTER_OTLP_COMPRESSION"]) === "gzip",
    intervalMillis: millis(intervalName, intervalMillis, env, problems)
  }
}

/** `unset`: exported if an endpoint is known; `otlp`: exported, if need be to the default endpoint. */
const exporterOf = (signal: Signal, env: Environment, problems: Array<string>): "none" | "otlp" | "unset" => {
  const name = `OTEL_${signal}_EXPORTER`
  const words = (env[name] ?? "")
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "")
  for (const word of words) {
    if (word !== "otlp" && word !== "none") problems.push(`${name}: exporter ${word} does not exist here, only otlp`)
  }
  return words.length === 0 ? "unset" : words.includes("otlp") ? "otlp" : "none"
}

const urlOf = (
  signal: Signal,
  settings: OtlpSettings,
  env: Environment,
  asked: boolean,
  problems: Array<string>
): string | undefined => {
  const own = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]
  const base = env["OTEL_EXPORTER_OTLP_ENDPOINT"] || settings.endpoint || (asked ? defaultEndpoint : "")
  const text = own || (base && `${base.replace(/\/+$/, "")}/v1/${signal.toLowerCase()}`)
  if (text === "") return undefined
  const url = URL.parse(text)
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href
  problems.push(`OTLP endpoint for ${signal.toLowerCase()} is not an http or https URL: ${text}`)
  return undefined
}

const isProtobuf = (env: Environment, problems: Array<string>): boolean => {
  const protocol = env["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? ""
  if (!["", "http/json", "http/protobuf"].includes(protocol)) {
    problems.push(`OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} does not exist here, http/json is used`)
  }
  return protocol === "http/protobuf"
}

/** `key=value,key=value`, percent-encoded. */
const pairs = (name: string, env: Environment, problems: Array<string>): Record<string, string> => {
  const found: Array<[string, string]> = []
  for (const item of (env[name] ?? "").split(",")) {
    if (item.trim() === "") continue
    const [key, ...value] = item.split("=")
    try {
      if (value.length === 0 || key === undefined || key.trim() === "") throw new URIError()
      found.push([decodeURIComponent(key.trim()), decodeURIComponent(value.join("=").trim())])
    } catch {
      problems.push(`${name}: not key=value: ${item}`)
    }
  }
  return Object.fromEntries(found)
}

const millis = (name: string, otherwise: number, env: Environment, problems: Array<string>): number => {
  const text = env[name]
  if (text === undefined || text === "") return otherwise
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  problems.push(`${name}: not a number of milliseconds: ${text}`)
  return otherwise
}
