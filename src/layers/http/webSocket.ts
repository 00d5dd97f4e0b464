/** WebSocket connections (RFC 6455) through `ws`, over the stream of a connection. */
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import { type WebSocket, WebSocketServer } from "ws"
import { signature } from "../../domain/Product.ts"
import { ConnectionClosed } from "../../services/Transport.ts"
import type { Sink } from "../../services/Playback.ts"
import type { ConnectionStream } from "./ConnectionStream.ts"

/** Viewers have nothing to say: longer messages end the connection. */
export const maxMessageBytes = 65_536

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: maxMessageBytes
})
server.on("headers", (lines) => lines.push(`Server: ${signature}`))

/** Fails if the request is no WebSocket handshake; `ws` has answered it then. */
export const upgrade = (
  request: Http.IncomingMessage,
  stream: ConnectionStream,
  rest: Uint8Array
): Effect.Effect<WebSocket, ConnectionClosed> =>
  Effect.callback((resume) => {
    stream.once("close", () => resume(Effect.fail(new ConnectionClosed({ reason: "closed in the handshake" }))))
    server.handleUpgrade(request, stream as Duplex, Buffer.from(rest), (socket) => {
      socket.on("error", () => undefined)
      // Without a reader the pings and the close of the peer would not be seen.
      socket.on("message", () => undefined)
      resume(Effect.succeed(socket))
    })
  })

/** One binary message for each write. Backpressure is that of the stream and the connection under it. */
export const webSocketSink = (socket: WebSocket, stream: ConnectionStream): Sink => ({
  write: (bytes) => socket.send(bytes, { binary: true, compress: false }),
  queuedBytes: () => stream.queuedBytes(),
  onDrain: (listener) => stream.onDrained(listener)
})
