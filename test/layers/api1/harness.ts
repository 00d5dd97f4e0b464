/** The API over a gateway in memory, with real sessions, sources and statistics behind it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StreamName } from "../../../src/domain/media/StreamName.ts"
import * as Api1 from "../../../src/layers/api1/Api1.ts"
import * as ForwarderLayer from "../../../src/layers/forward/Forwarder.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as SourceRegistryLayer from "../../../src/layers/source/SourceRegistry.ts"
import * as StatisticsLayer from "../../../src/layers/statistics/Statistics.ts"
import { Permit } from "../../../src/services/Authorizer.ts"
import { RtmpClient } from "../../../src/services/RtmpClient.ts"
import { Reload, type ReloadReport } from "../../../src/services/Reload.ts"
import { HttpCalls } from "../../../src/services/HttpCalls.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { ServerIdentity } from "../../../src/services/ServerIdentity.ts"
import type { Session } from "../../../src/services/Sessions.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { apiPort, get, harness as gatewayHarness, type HarnessOptions } from "../http/harness.ts"

const identity = Layer.succeed(ServerIdentity, { server: "vid-1234567", service: "abcdefgh", pid: 42 })

export const ports = "http_server { enabled on; listen 8080; } http_api { enabled on; listen 1985; }"

export interface Answer {
  readonly head: string
  readonly body: string
}

export const harness = Effect.fnUntraced(function* (options: HarnessOptions = {}) {
  const { ask: send, services, sessions } = yield* gatewayHarness(options)
  const sources = SourceRegistryLayer.layer.pipe(Layer.provideMerge(GopCache.layer))
  const reloads: Array<ReloadReport> = []
  const reload = Layer.succeed(Reload, {
    run: Effect.sync(() => {
      reloads.push({ rid: "abcdefg", state: 90, err: 0, msg: "" })
      return reloads[0]!
    }),
    last: () => reloads.at(-1) ?? { rid: "", state: 0, err: 0, msg: "" }
  })
  // Nobody asks a backend.
  const calls = Layer.mock(HttpCalls, {})
  // Destinations never answer.
  const dialler = Layer.mock(RtmpClient, { publish: () => Effect.never })
  const operation = Api1.layer.pipe(
    Layer.provideMerge(StatisticsLayer.layer),
    Layer.provideMerge(ForwarderLayer.layer),
    Layer.provideMerge(sources),
    Layer.provide([identity, reload, dialler, calls, Layer.succeedContext(services)])
  )
  const built = yield* Layer.build(operation)
  yield* Context.get(services, HttpGateway).listen
  const registry = Context.get(built, SourceRegistry)

  const request = (text: string, port = apiPort) =>
    Effect.map(send(text, port), (answer): Answer => {
      const end = answer.indexOf("\r\n\r\n")
      return { head: answer.slice(0, end), body: answer.slice(end + 4) }
    })
  const ask = (path: string, port = apiPort, ...fields: ReadonlyArray<string>) =>
    request(get(path, "Connection: close", ...fields), port)
  const json = (path: string, ...fields: ReadonlyArray<string>) =>
    Effect.map(ask(path, apiPort, ...fields), ({ body }) => JSON.parse(body))

  /** A client of so many bytes, in the register until the scope closes. */
  const client = Effect.fnUntraced(function* (type: string, stream: StreamName | undefined) {
    const bytes = { in: 0, out: 0 }
    const session = yield* sessions.open({
      protocol: "rtmp",
      connected: true,
      address: "10.0.0.9",
      traffic: { bytesIn: () => bytes.in, bytesOut: () => bytes.out }
    })
    session.type = type
    session.stream = stream
    session.role = type.endsWith("publish") ? "publish" : "play"
    session.tcUrl = "rtmp://h/live"
    session.pageUrl = "http://page/"
    session.swfUrl = "http://swf/"
    return { session, bytes }
  })
  const publish = (session: Session, stream: StreamName) =>
    registry.publish(
      Permit.grantUnsafe("publish", { session, stream, param: "", tcUrl: "", pageUrl: "" }),
      () => undefined
    )
  return { request, ask, json, client, publish, sessions, reloads }
})
