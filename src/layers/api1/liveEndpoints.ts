/** Endpoints on what is live: vhosts, streams, clients, and where a stream of a cluster is. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../domain/api/Json.ts"
import { clientJson, streamJson, vhostJson } from "../../domain/api/liveAnswers.ts"
import { pageOf, pick } from "../../domain/api/paging.ts"
import { anyHost } from "../../domain/config/values.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { hostName } from "../../domain/http/target.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import type { StreamAccount, VhostAccount } from "../../domain/stats/Ledger.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { Statistics } from "../../services/Statistics.ts"
import { type ApiCall, type ApiEndpoint, type ApiReply, commonFields, errorReply, idOf } from "./answers.ts"

const find = <A extends { readonly id: string }>(entries: Iterable<A>, id: string): A | undefined => {
  for (const entry of entries) if (entry.id === id) return entry
  return undefined
}

export const liveEndpoints = Effect.gen(function* () {
  const identity = yield* ServerIdentity
  const sessions = yield* Sessions
  const settings = yield* Settings
  const statistics = yield* Statistics
  const registry = yield* SourceRegistry

  const ok = (fields: JsonObject): ApiReply => ({ json: { ...commonFields(identity), ...fields } })
  const vhostOf = (account: VhostAccount): JsonObject => {
    const vhost = settings.vhost(account.name)
    const enabled = vhost?.name === account.name
    return vhostJson(account, { enabled, hlsFragmentMillis: vhost?.hls.enabled ? vhost.hls.fragmentMillis : undefined })
  }
  const vhosts: ApiEndpoint = {
    path: "/api/v1/vhosts/",
    methods: ["GET"],
    reply: (call) =>
      Effect.sync(() => {
        const id = idOf(call, vhosts.path)
        if (id === "") return ok({ vhosts: [...statistics.vhosts()].map(vhostOf) })
        const account = find(statistics.vhosts(), id)
        return account === undefined ? errorReply(srsErrors.NoVhost) : ok({ vhost: vhostOf(account) })
      })
  }

  const streamOf = (account: StreamAccount, nowMillis: number): JsonObject =>
    streamJson(account, { ...statistics.stateOf(account), nowMillis })
  const streams: ApiEndpoint = {
    path: "/api/v1/streams/",
    methods: ["GET"],
    reply: (call) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const id = idOf(call, streams.path)
        if (id === "") {
          const page = pick(statistics.streams(), (account) => account.id, pageOf(call.query))
          return ok({ streams: page.map((account) => streamOf(account, now)) })
        }
        const account = find(statistics.streams(), id)
        return account === undefined ? errorReply(srsErrors.StreamNotFound) : ok({ stream: streamOf(account, now) })
      })
  }

  const showClients = (call: ApiCall, id: string, nowMillis: number): ApiReply => {
    if (id === "") {
      const page = pick(statistics.clients(), ({ client }) => client.id, pageOf(call.query))
      return ok({ clients: page.map((account) => clientJson(account, nowMillis)) })
    }
    const account = statistics.ledger().clients.get(id)
    return account?.stream === undefined
      ? errorReply(srsErrors.ClientNotFound)
      : ok({ client: clientJson(account, nowMillis) })
  }
  const kick = Effect.fnUntraced(function* (call: ApiCall, id: string): Effect.fn.Return<ApiReply> {
    if (statistics.ledger().clients.get(id)?.stream === undefined) return errorReply(srsErrors.ClientNotFound)
    const { address } = call.request
    if (!(yield* sessions.kick(id, `kicked by the API from ${address}`))) return errorReply(srsErrors.ClientNotFound)
    yield* Effect.logInfo("client kicked").pipe(Effect.annotateLogs("client.id", id))
    return ok({})
  })
  const clients: ApiEndpoint = {
    path: "/api/v1/clients/",
    methods: ["GET", "DELETE"],
    mutating: ({ method }) => method === "DELETE",
    reply: (call) =>
      call.method === "DELETE"
        ? kick(call, idOf(call, clients.path))
        : Effect.map(Clock.currentTimeMillis, (now) => showClients(call, idOf(call, clients.path), now))
  }

  /** Host as the cluster knows this server; vhost resolved. */
  const originOf = (vhostName: string, app: string, stream: string, coworker: string): JsonObject | null => {
    const vhost = settings.vhost(vhostName)
    if (vhost === undefined) return null
    if (registry.find(streamKey({ vhost: vhost.name, app, stream }))?.publisher() === undefined) return null
    const { httpApi, listen } = settings.current()
    const ip = hostName(coworker) ?? ""
    const api = `${httpApi.listen.host === anyHost ? ip : httpApi.listen.host}:${httpApi.listen.port}`
    return { ip, port: listen[0]?.port ?? 1935, vhost: vhost.name, api, routers: [api] }
  }
  const clusters: ApiEndpoint = {
    path: "/api/v1/clusters",
    reply: ({ query }) =>
      Effect.sync(() => {
        const [ip = "", vhost = "", app = "", stream = ""] = ["ip", "vhost", "app", "stream"].map((key) =>
          query.get(key)
        )
        const origin = originOf(vhost, app, stream, query.get("coworker") ?? "")
        return { json: { code: 0, data: { query: { ip, vhost, app, stream }, origin } } }
      })
  }

  const endpoints: ReadonlyArray<ApiEndpoint> = [vhosts, streams, clients, clusters]
  return endpoints
})
