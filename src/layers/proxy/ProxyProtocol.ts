/**
 * Reads the PROXY header of trusted proxies in front of every listener: whatever listens sees the client's address, and
 * knows nothing of it. Who is not a trusted proxy is a client of its own.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { addressOf, isInNetworks } from "../../domain/access/NetworkAddress.ts"
import { concat } from "../../domain/bytes/bytes.ts"
import { BadProxyHeader, readProxyHeader } from "../../domain/proxy/ProxyHeader.ts"
import { Certificates } from "../../services/Certificates.ts"
import { Settings } from "../../services/Settings.ts"
import { type Connection, type Serve, Transport } from "../../services/Transport.ts"
import { attached } from "../telemetry/phases.ts"

/** From the connection to the end of the header: at least 3 s, for what is lost is sent anew (§2). */
export const headerTimeoutMillis = 5000

const readHeader = Effect.fnUntraced(function* (connection: Connection) {
  let bytes: Uint8Array = new Uint8Array(0)
  while (true) {
    bytes = concat([bytes, yield* connection.read])
    const header = yield* Effect.fromResult(readProxyHeader(bytes))
    if (header === undefined) continue
    connection.unread(bytes.subarray(header.length))
    return header.client
  }
})

/** Names the client instead of the proxy. Without a header the connection is nobody's. */
const admit = (connection: Connection, serve: ReturnType<Serve>): ReturnType<Serve> =>
  readHeader(connection).pipe(
    Effect.timeoutOrElse({
      duration: headerTimeoutMillis,
      orElse: () => Effect.fail(new BadProxyHeader({ reason: `none within ${headerTimeoutMillis} ms` }))
    }),
    Effect.flatMap((client) => {
      if (client !== undefined) connection.peer = client
      return serve
    }),
    Effect.catchTag("BadProxyHeader", (error) =>
      Effect.logWarning("connection of a trusted proxy refused").pipe(
        Effect.annotateLogs({
          "client.address": connection.peer,
          "server.port": connection.localPort,
          "error.code": error.code,
          reason: error.message
        })
      )
    ),
    // A proxy that looks whether the port is open.
    Effect.catchTag("ConnectionClosed", () => Effect.void)
  )

export const layer = Layer.effect(
  Transport,
  Effect.gen(function* () {
    const transport = yield* Transport
    const settings = yield* Settings

    const certificates = yield* Certificates

    const isProxied = (port: number): boolean => settings.current().trustedProxies.proxyProtocol.includes(port)

    const behindHeader =
      (serve: Serve): Serve =>
      (connection) => {
        const { localPort, peer } = connection
        const isTrusted = isInNetworks(addressOf(peer), settings.current().trustedProxies.addresses)
        const serving = Effect.suspend(() => serve(connection))
        return isTrusted && isProxied(localPort) ? admit(connection, serving) : serving
      }

    const listen: Transport["Service"]["listen"] = Effect.fnUntraced(function* (endpoint, options, serve) {
      const { tls, ...inTheClear } = options
      if (tls === undefined) return yield* transport.listen(endpoint, options, behindHeader(serve))
      if (!isProxied(endpoint.port)) return yield* transport.listen(endpoint, options, serve)
      // The header comes before TLS (§2).
      const secure = yield* certificates.server(tls)
      const serveSecure: Serve = (connection) => Effect.scoped(attached(Effect.flatMap(secure(connection), serve)))
      return yield* transport.listen(endpoint, inTheClear, behindHeader(serveSecure))
    })

    return Transport.of({ ...transport, listen })
  })
)
