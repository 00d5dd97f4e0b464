/** A session's span tree and log lines, as a real OTLP receiver gets them over HTTP from each exporter. */
import { expect } from "bun:test"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { otlpPlan } from "../../src/domain/log/otlp.ts"
import * as Otlp from "../../src/layers/telemetry/Otlp.ts"
import { CurrentSession, runSession } from "../../src/layers/telemetry/session.ts"
import { StreamBusy } from "../../src/services/SourceRegistry.ts"
import { effect } from "../support/effect.ts"

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly boolValue?: boolean }
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly status: { readonly code: number }
  readonly attributes: ReadonlyArray<Attribute>
  readonly events: ReadonlyArray<{ readonly name: string }>
}

interface Log {
  readonly body: { readonly stringValue: string }
  readonly traceId: string
  readonly attributes: ReadonlyArray<Attribute>
}

interface Resourced {
  readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
}

interface Body {
  readonly resourceSpans?: ReadonlyArray<Resourced & { readonly scopeSpans: ReadonlyArray<{ spans: Array<Span> }> }>
  readonly resourceLogs?: ReadonlyArray<Resourced & { readonly scopeLogs: ReadonlyArray<{ logRecords: Array<Log> }> }>
}

const valueOf = (attributes: ReadonlyArray<Attribute>, key: string) =>
  Object.values(attributes.find((attribute) => attribute.key === key)?.value ?? {})[0]

/** Takes what is posted until the scope closes. */
const receiver = Effect.gen(function* () {
  const spans: Array<Span> = []
  const logs: Array<Log> = []
  const resources: Array<ReadonlyArray<Attribute>> = []
  const requests: Array<{ readonly url: string | undefined; readonly headers: http.IncomingHttpHeaders }> = []
  const onBody = ({ resourceSpans = [], resourceLogs = [] }: Body) => {
    for (const one of [...resourceSpans, ...resourceLogs]) resources.push(one.resource.attributes)
    for (const one of resourceSpans) for (const scope of one.scopeSpans) spans.push(...scope.spans)
    for (const one of resourceLogs) for (const scope of one.scopeLogs) logs.push(...scope.logRecords)
  }
  const server = yield* Effect.acquireRelease(
    Effect.callback<http.Server>((resume) => {
      const server = http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          requests.push({ url: request.url, headers: request.headers })
          onBody(JSON.parse(Buffer.concat(chunks).toString()))
          response.setHeader("content-type", "application/json").end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.closeAllConnections()).pipe(Effect.andThen(Effect.sync(() => server.close())))
  )
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { spans, logs, resources, requests, endpoint }
})

const publish = Effect.gen(function* () {
  const session = yield* CurrentSession
  yield* Effect.withSpan(Effect.void, "rtmp.handshake")
  yield* Effect.withSpan(Effect.void, "rtmp.connect")
  yield* Effect.gen(function* () {
    session.annotate({ "stream.name": "livestream" })
    yield* Effect.withSpan(Effect.void, "Authorizer.publish")
    yield* Effect.logInfo("publish started")
    return yield* new StreamBusy({ stream: "live/livestream" })
  }).pipe(Effect.withSpan("rtmp.publish"))
}).pipe(runSession({ "session.id": "12a45b78", "client.address": "127.0.0.1:4711", "network.protocol.name": "rtmp" }))

const settings = { exporter: "effect", endpoint: "", headers: {}, serviceName: "sluice", serviceVersion: "1" } as const

for (const exporter of ["effect", "sdk"] as const) {
  effect(`the ${exporter} exporter delivers a publish session's tree and its log lines`, () =>
    Effect.gen(function* () {
      const { spans, logs, resources, requests, endpoint } = yield* receiver
      const plan = otlpPlan(
        { ...settings, exporter },
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_EXPORTER_OTLP_HEADERS: "x-token=a%20b",
          OTEL_SERVICE_NAME: "edge-1",
          OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test"
        }
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Otlp.layer(plan), scope)
      yield* Effect.provideContext(publish, context)
      yield* Scope.close(scope, Exit.void)

      expect(requests.map((request) => request.url).sort()).toEqual(["/v1/logs", "/v1/traces"])
      for (const request of requests) expect(request.headers["x-token"]).toBe("a b")
      for (const resource of resources) {
        expect(valueOf(resource, "service.name")).toBe("edge-1")
        expect(valueOf(resource, "deployment.environment.name")).toBe("test")
      }
      const byName = new Map(spans.map((span) => [span.name, span]))
      const root = byName.get("rtmp.session")!
      const parents = spans.map((span) => [span.name, spans.find(({ spanId }) => spanId === span.parentSpanId)?.name])
      expect(Object.fromEntries(parents)).toEqual({
        "rtmp.session": undefined,
        "rtmp.handshake": "rtmp.session",
        "rtmp.connect": "rtmp.session",
        "rtmp.publish": "rtmp.session",
        "Authorizer.publish": "rtmp.publish"
      })
      for (const span of spans) expect(span.traceId).toBe(root.traceId)
      expect(root.status.code).toBe(2)
      expect(valueOf(root.attributes, "session.end")).toBe("failed")
      expect(Number(valueOf(root.attributes, "error.code"))).toBe(1028)
      expect(valueOf(root.attributes, "error.name")).toBe("StreamBusy")
      expect(valueOf(root.attributes, "stream.name")).toBe("livestream")
      expect(root.events.map((event) => event.name)).toContain("session opened")

      expect(logs.map((log) => log.body.stringValue)).toEqual(["session opened", "publish started", "session failed"])
      for (const log of logs) {
        expect([log.traceId, valueOf(log.attributes, "session.id")]).toEqual([root.traceId, "12a45b78"])
      }
    })
  )
}

effect("a collector that is not there harms nobody", () =>
  Effect.gen(function* () {
    const plan = otlpPlan({ ...settings, endpoint: "http://127.0.0.1:1" }, {})
    const context = yield* Layer.build(Otlp.layer({ ...plan!, logs: undefined }))
    yield* Effect.provideContext(publish, context)
    expect(plan?.traces?.url).toBe("http://127.0.0.1:1/v1/traces")
  })
)
