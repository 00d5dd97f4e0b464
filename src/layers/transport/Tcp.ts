/** TCP and TLS on `node:net` and `node:tls`, which Bun, Deno and Node have; Bun listens on sockets of its own. */
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import {
  type Connection,
  type ConnectOptions,
  type Endpoint,
  type ListenOptions,
  type Serve,
  Transport,
  TransportFailed
} from "../../services/Transport.ts"
import { acceptIn } from "./acceptIn.ts"
import { isBun, listenOnBun } from "./BunListener.ts"
import * as CertificateFiles from "./certificateFiles.ts"
import { handshakeTimeoutMillis, keepAliveMillis } from "./patience.ts"
import { SocketConnection } from "./SocketConnection.ts"

/** The kernel may keep this many connections that were not accepted yet. */
const backlog = 1024

const show = ({ host, port }: Endpoint): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)

const bind = (server: Net.Server, { host, port }: Endpoint): Effect.Effect<number, TransportFailed> =>
  Effect.callback((resume) => {
    const onError = (error: Error) =>
      resume(
        Effect.fail(new TransportFailed({ action: "listen", endpoint: show({ host, port }), reason: error.message }))
      )
    server.once("error", onError)
    server.listen(host === "" ? { port, backlog } : { host, port, backlog }, () => {
      server.off("error", onError)
      const address = server.address()
      resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : port))
    })
  })

const makeServer = (
  options: ListenOptions,
  accept: (socket: Net.Socket) => void
): Effect.Effect<Net.Server, TransportFailed> => {
  const socketOptions = {
    noDelay: options.noDelay ?? true,
    pauseOnConnect: false,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMillis
  }
  return options.tls === undefined
    ? Effect.sync(() => Net.createServer(socketOptions, accept))
    : Effect.flatMap(CertificateFiles.readTls(options.tls), (files) =>
        Effect.try({
          try: () => Tls.createServer({ ...socketOptions, ...files, handshakeTimeout: handshakeTimeoutMillis }, accept),
          catch: (error) =>
            new TransportFailed({ action: "tls", endpoint: options.tls?.cert ?? "", reason: String(error) })
        })
      )
}

const closeServer = (server: Net.Server): Effect.Effect<void> =>
  Effect.sync(() => {
    server.close()
  })

/** One server of the runtime, closed with the scope: it accepts no more, its connections stay. */
const acquireServer = Effect.fnUntraced(function* (
  endpoint: Endpoint,
  options: ListenOptions,
  accept: (connection: Connection) => void
): Effect.fn.Return<number, TransportFailed, Scope.Scope> {
  if (isBun) {
    const tls = options.tls === undefined ? undefined : yield* CertificateFiles.readTls(options.tls)
    const listening = listenOnBun(endpoint, tls, accept)
    return (yield* Effect.acquireRelease(listening, (server) => Effect.sync(server.close))).port
  }
  const onSocket = (socket: Net.Socket) => accept(new SocketConnection(socket, options.tls !== undefined))
  const server = yield* Effect.acquireRelease(makeServer(options, onSocket), closeServer)
  const port = yield* bind(server, endpoint)
  // Out of descriptors, or a TLS handshake that failed or took too long: the server goes on.
  server.on("error", () => undefined)
  server.on("tlsClientError", (_error, socket: Tls.TLSSocket) => socket.destroy())
  return port
})

const listen = Effect.fnUntraced(function* (
  endpoint: Endpoint,
  options: ListenOptions,
  serve: Serve
): Effect.fn.Return<number, TransportFailed, Scope.Scope> {
  const accept = yield* acceptIn(options.connections ?? (yield* Effect.scope), serve)
  return yield* acquireServer(endpoint, options, accept)
})

const dial = ({ host, port }: Endpoint, { tls }: ConnectOptions): Effect.Effect<Net.Socket, Error> =>
  Effect.callback((resume) => {
    const socket =
      tls === undefined
        ? Net.connect({ host, port, noDelay: true })
        : Tls.connect({ host, port, servername: tls.serverName, rejectUnauthorized: tls.verify })
    const onError = (error: Error) => resume(Effect.fail(error))
    socket.once("error", onError)
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.off("error", onError)
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.destroy())
  })

const connect = Effect.fnUntraced(function* (endpoint: Endpoint, options: ConnectOptions) {
  const failed = (reason: string) => new TransportFailed({ action: "connect", endpoint: show(endpoint), reason })
  const connecting = dial(endpoint, options).pipe(
    Effect.mapError((error) => failed(error.message)),
    Effect.timeoutOrElse({
      duration: options.timeoutMillis,
      orElse: () => Effect.fail(failed(`no answer within ${options.timeoutMillis} ms`))
    }),
    Effect.map((socket): Connection => new SocketConnection(socket, options.tls !== undefined))
  )
  return yield* Effect.acquireRelease(connecting, (connection) => connection.end, { interruptible: true })
})

export const layer = Layer.merge(Layer.succeed(Transport, { listen, connect }), CertificateFiles.layer)
