/** The gateway over Transport: one fiber, one scope and one root span `http.session` for each connection. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { clientAddress } from "../../domain/access/forwarded.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { type BoundEndpoint, HttpGateway, type HttpPort } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { type Connection, Transport, type TransportFailed } from "../../services/Transport.ts"
import { serveClient } from "../telemetry/client.ts"
import { AnswerWriter } from "./AnswerWriter.ts"
import { converse } from "./conversation.ts"
import { wantedEndpoints, type WantedEndpoint } from "./endpoints.ts"
import { NodeServer } from "./nodeServer.ts"
import { Routes } from "./routes.ts"

const nameOf = ({ api, scheme, server }: BoundEndpoint): string =>
  `${scheme.toUpperCase()}${api ? (server ? " and API" : " API") : ""}`

const keyOf = ({ api, host, port, scheme, server, tls }: WantedEndpoint): string =>
  `${scheme} ${host} ${port} ${server} ${api} ${tls?.key} ${tls?.cert}`

export const layer = Layer.effect(
  HttpGateway,
  Effect.gen(function* () {
    const settings = yield* Settings
    const sessions = yield* Sessions
    const listeners = yield* Listeners
    const transport = yield* Transport
    const routes = new Routes()
    const node = new NodeServer()
    const bound = new Set<BoundEndpoint>()
    const clock = yield* Clock.Clock
    const answers = new AnswerWriter(clock)
    const crossdomain = () => settings.current().httpServer.crossdomain

    const serve = (port: HttpPort, connection: Connection) =>
      serveClient(
        sessions,
        "http",
        connection,
        (session) => {
          const { address } = session
          const clientOf = ({ headers }: RequestHead) =>
            clientAddress(address, headers, settings.current().trustedProxies.addresses)
          return converse({
            connection,
            session,
            port,
            routes,
            node,
            crossdomain,
            clientOf,
            closing: listeners.areClosing,
            clock,
            answers
          })
        },
        { "server.port": String(connection.localPort), "url.scheme": connection.encrypted ? "https" : "http" }
      )

    const bind = Effect.fnUntraced(function* (
      wanted: WantedEndpoint,
      connections: Scope.Scope
    ): Effect.fn.Return<void, TransportFailed, Scope.Scope> {
      const { api, host, scheme, server, tls } = wanted
      const port = yield* transport.listen({ host, port: wanted.port }, { tls, connections }, (connection) =>
        serve(wanted, connection)
      )
      const endpoint: BoundEndpoint = { host, port, api, server, scheme }
      yield* Effect.acquireRelease(
        Effect.sync(() => bound.add(endpoint)),
        () => Effect.sync(() => bound.delete(endpoint))
      )
      yield* listeners.add({ name: nameOf(endpoint), host, port })
    })

    const listen = Effect.gen(function* () {
      // Clients stay when their listener goes. This scope closes after the listeners.
      const connections = yield* Scope.fork(yield* Effect.scope)
      yield* listeners.follow(() => {
        const { exporter, httpApi, httpServer } = settings.current()
        return wantedEndpoints(httpServer, httpApi, exporter).map((wanted) => ({
          key: keyOf(wanted),
          tls: wanted.tls,
          open: bind(wanted, connections)
        }))
      })
      return [...bound]
    })

    const contribute = (add: () => () => void) =>
      Effect.asVoid(Effect.acquireRelease(Effect.sync(add), (remove) => Effect.sync(remove)))

    return HttpGateway.of({
      live: (route) => contribute(() => routes.addLive(route)),
      plain: (route) => contribute(() => routes.addPlain(route)),
      listen,
      endpoints: () => [...bound]
    })
  })
)
