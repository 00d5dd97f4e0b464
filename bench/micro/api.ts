/**
 * How long the API takes at 10 000 sessions on 1000 streams: the answers that dashboards ask for, and one sample of
 * everybody's counters.
 *
 *     bun bench/micro/api.ts
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { parseTarget } from "../../src/domain/http/target.ts"
import { defaultVhost } from "../../src/domain/media/StreamName.ts"
import * as Api1 from "../../src/layers/api1/Api1.ts"
import { layerText } from "../../src/layers/config/Settings.ts"
import * as SessionsLayer from "../../src/layers/sessions/Sessions.ts"
import * as GopCache from "../../src/layers/source/GopCache.ts"
import * as SourceRegistry from "../../src/layers/source/SourceRegistry.ts"
import * as StatisticsLayer from "../../src/layers/statistics/Statistics.ts"
import { HttpGateway, type PlainRoute } from "../../src/services/HttpGateway.ts"
import { Forwarder } from "../../src/services/Forwarder.ts"
import { Reload } from "../../src/services/Reload.ts"
import { ServerIdentity } from "../../src/services/ServerIdentity.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Statistics } from "../../src/services/Statistics.ts"

const sessions = 10_000
const streams = 1000
const rounds = 50

const routes = new Map<string, PlainRoute>()
const gateway = Layer.mock(HttpGateway, {
  plain: (route) => Effect.sync(() => void routes.set(route.path, route)),
  endpoints: () => []
})
const reload = Layer.mock(Reload, { last: () => ({ rid: "", state: 0, err: 0, msg: "" }) })
const forwarder = Layer.mock(Forwarder, { all: () => [] })
const identity = Layer.succeed(ServerIdentity, { server: "vid-0000000", service: "00000000", pid: process.pid })
const settings = layerText(`max_connections ${sessions}; exporter { enabled on; } vhost __defaultVhost__ {}`)

const layer = Api1.layer.pipe(
  Layer.provideMerge(StatisticsLayer.layer),
  Layer.provideMerge(SourceRegistry.layer.pipe(Layer.provideMerge(GopCache.layer))),
  Layer.provideMerge(Layer.mergeAll(SessionsLayer.layer, gateway, identity, reload, forwarder)),
  Layer.provideMerge(settings)
)

const request = (target: string) => ({
  head: {
    method: "GET",
    target,
    ...(parseTarget("GET", target, "localhost") ?? { path: "", query: "", host: "", authority: "" }),
    minor: 1 as const,
    headers: new Map<string, string>(),
    contentLength: 0,
    chunked: false,
    headLength: 0
  },
  address: "127.0.0.1",
  encrypted: false,
  body: Effect.succeed(new Uint8Array(0))
})

const openSessions = Effect.gen(function* () {
  const register = yield* Sessions
  for (let i = 0; i < sessions; i++) {
    const session = yield* register.open({
      protocol: "rtmp",
      connected: true,
      address: "127.0.0.1",
      traffic: { bytesIn: () => i, bytesOut: () => i * 2 }
    })
    session.stream = { vhost: defaultVhost, app: "live", stream: `s${i % streams}` }
    session.type = "rtmp-play"
    session.role = "play"
  }
})

const timed = Effect.fnUntraced(function* <E>(name: string, self: Effect.Effect<unknown, E>) {
  const millis: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    yield* self
    millis.push(performance.now() - start)
  }
  const sorted = millis.sort((a, b) => a - b)
  const at = (part: number) => (sorted[Math.floor(part * (rounds - 1))] ?? 0).toFixed(2).padStart(7)
  process.stdout.write(`${name.padEnd(36)} median ${at(0.5)} ms   worst ${at(1)} ms\n`)
})

const bench = Effect.gen(function* () {
  yield* openSessions
  const statistics = yield* Statistics
  for (const path of ["/api/v1/summaries", "/api/v1/vhosts/", "/api/v1/streams/", "/api/v1/clients/", "/metrics"]) {
    const route = routes.get(path)
    if (route !== undefined)
      yield* timed(
        path,
        Effect.suspend(() => Effect.scoped(route.answer(request(path))))
      )
  }
  const clients = routes.get("/api/v1/clients/")
  if (clients !== undefined) {
    const all = request(`/api/v1/clients/?count=${sessions}`)
    yield* timed(
      `/api/v1/clients/?count=${sessions}`,
      Effect.suspend(() => Effect.scoped(clients.answer(all)))
    )
  }
  let now = 0
  const sample = Effect.sync(() => statistics.ledger().sample((now += 3000)))
  yield* timed("one sample", sample)
})

await Effect.runPromise(
  Effect.scoped(Effect.flatMap(Layer.build(layer), (services) => Effect.provideContext(bench, services)))
)
