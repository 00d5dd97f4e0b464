/** The gateway over Transport: one fiber, one scope and one root span `http.session` for each connection. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type BoundEndpoint, HttpGateway, type HttpPort } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { type Session, Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { type Connection, Transport, type TransportFailed } from "../../services/Transport.ts"
import { runSession } from "../telemetry/session.ts"
import { converse } from "./conversation.ts"
import { wantedEndpoints, type WantedEndpoint } from "./endpoints.ts"
import { NodeServer } from "./nodeServer.ts"
import { Routes } from "./routes.ts"

/** `1.2.3.4:5` or `[::1]:5` without the port. */
const addressOf = (peer: string): string => peer.replace(/:\d+$/, "").replace(/^\[|\]$/g, "")

const nameOf = ({ api, scheme, server }: BoundEndpoint): string =>
  `${scheme.toUpperCase()}${api ? (server ? " and API" : " API") : ""}`

const summaryOf = ({ counters }: Session) => ({
  "session.bytes_in": counters.bytesIn(),
  "session.bytes_out": counters.bytesOut(),
  "session.frames_out": counters.framesOut,
  "session.frames_dropped": counters.framesDropped
})

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
    const crossdomain = () => settings.current().httpServer.crossdomain

    const serve = (port: HttpPort, connection: Connection) =>
      Effect.gen(function* () {
        const address = addressOf(connection.peer)
        const bytesIn = () => connection.bytesIn()
        const bytesOut = () => connection.bytesOut()
        const session = yield* sessions.open({ protocol: "http", address, bytesIn, bytesOut })
        yield* converse({ connection, session, port, routes, node, crossdomain }).pipe(
          runSession(
            {
              "session.id": session.id,
              "client.address": connection.peer,
              "network.protocol.name": "http",
              "server.port": String(connection.localPort),
              "url.scheme": connection.encrypted ? "https" : "http"
            },
            { kicked: session.kicked, summary: () => summaryOf(session) }
          )
        )
      }).pipe(
        Effect.catchTag("TooManyConnections", (error) =>
          Effect.logWarning("connection refused", error).pipe(Effect.annotateLogs("client.address", connection.peer))
        ),
        Effect.scoped
      )

    const bind = Effect.fnUntraced(function* (
      wanted: WantedEndpoint
    ): Effect.fn.Return<BoundEndpoint, TransportFailed, Scope.Scope> {
      const { api, host, scheme, server, tls } = wanted
      const port = yield* transport.listen({ host, port: wanted.port }, { tls }, (connection) =>
        serve(wanted, connection)
      )
      const endpoint: BoundEndpoint = { host, port, api, server, scheme }
      yield* Effect.acquireRelease(
        Effect.sync(() => bound.add(endpoint)),
        () => Effect.sync(() => bound.delete(endpoint))
      )
      yield* listeners.add({ name: nameOf(endpoint), host, port })
      return endpoint
    })

    const contribute = (add: () => () => void) =>
      Effect.asVoid(Effect.acquireRelease(Effect.sync(add), (remove) => Effect.sync(remove)))

    return HttpGateway.of({
      live: (route) => contribute(() => routes.addLive(route)),
      plain: (route) => contribute(() => routes.addPlain(route)),
      listen: Effect.suspend(() => {
        const { httpApi, httpServer } = settings.current()
        return Effect.forEach(wantedEndpoints(httpServer, httpApi), bind)
      }),
      endpoints: () => [...bound]
    })
  })
)
