/** Endpoints on what is live: vhosts, streams, clients, and where a stream of a cluster is. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../domain/api/Json.ts"
import {
  clientDetails,
  clientJson,
  streamDetails,
  streamJson,
  vhostDetails,
  vhostJson
} from "../../domain/api/liveAnswers.ts"
import { pageOf, pick } from "../../domain/api/paging.ts"
import { anyHost } from "../../domain/config/values.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { hostName } from "../../domain/http/target.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import type { ClientAccount, StreamAccount, VhostAccount } from "../../domain/stats/Ledger.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { type Session, Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { Statistics } from "../../services/Statistics.ts"
import { readReport } from "../telemetry/playerReport.ts"
import {
  type ApiCall,
  type ApiEndpoint,
  type ApiReply,
  commonFields,
  errorReply,
  idOf,
  withDetails
} from "./answers.ts"

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
  const vhostOf = (call: ApiCall, account: VhostAccount): JsonObject => {
    const vhost = settings.vhost(account.name)
    const enabled = vhost?.name === account.name
    const hlsFragmentMillis = vhost?.hls.enabled ? vhost.hls.fragmentMillis : undefined
    return withDetails(call, vhostJson(account, { enabled, hlsFragmentMillis }), () => vhostDetails(account))
  }
  const vhosts: ApiEndpoint = {
    path: "/api/v1/vhosts/",
    methods: ["GET"],
    reply: (call) =>
      Effect.sync(() => {
        const id = idOf(call, vhosts.path)
        if (id === "") return ok({ vhosts: [...statistics.vhosts()].map((account) => vhostOf(call, account)) })
        const account = find(statistics.vhosts(), id)
        return account === undefined ? errorReply(srsErrors.NoVhost) : ok({ vhost: vhostOf(call, account) })
      })
  }

  const streamOf = (call: ApiCall, account: StreamAccount, nowMillis: number): JsonObject => {
    const now = { ...statistics.stateOf(account), nowMillis }
    return withDetails(call, streamJson(account, now), () => streamDetails(account, now))
  }
  const streams: ApiEndpoint = {
    path: "/api/v1/streams/",
    methods: ["GET"],
    reply: (call) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const id = idOf(call, streams.path)
        if (id === "") {
          const page = pick(statistics.streams(), (account) => account.id, pageOf(call.query))
          return ok({ streams: page.map((account) => streamOf(call, account, now)) })
        }
        const account = find(statistics.streams(), id)
        return account === undefined
          ? errorReply(srsErrors.StreamNotFound)
          : ok({ stream: streamOf(call, account, now) })
      })
  }

  const clientOf = (call: ApiCall, account: ClientAccount<Session>, nowMillis: number): JsonObject =>
    withDetails(call, clientJson(account, nowMillis), () =>
      clientDetails(account, readReport(account.client.player?.last ?? ""))
    )

  const showClients = (call: ApiCall, id: string, nowMillis: number): ApiReply => {
    if (id === "") {
      const page = pick(statistics.clients(), ({ client }) => client.id, pageOf(call.query))
      return ok({ clients: page.map((account) => clientOf(call, account, nowMillis)) })
    }
    const account = statistics.ledger().clients.get(id)
    return account?.stream === undefined
      ? errorReply(srsErrors.ClientNotFound)
      : ok({ client: clientOf(call, account, nowMillis) })
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
