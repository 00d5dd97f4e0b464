/** WebSocket connections (RFC 6455) through `ws`, over the stream of a connection. */
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import { type WebSocket, WebSocketServer } from "ws"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { SharedFrames } from "../../domain/http/webSocketFrame.ts"
import { signature } from "../../domain/Product.ts"
import { ConnectionClosed } from "../../services/Transport.ts"
import type { Sink } from "../../services/Playback.ts"
import type { ConnectionStream } from "./ConnectionStream.ts"

/** Viewers have nothing to say: longer messages end the connection. */
export const maxMessageBytes = 65_536

const noBytes = Buffer.alloc(0)
const frames = new SharedFrames()
const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: maxMessageBytes
})
server.on("headers", (lines) => lines.push(`Server: ${signature}`))

/** As much of a request as `ws` looks at. */
const requestOf = ({ headers, method, target }: RequestHead, socket: Duplex): Http.IncomingMessage =>
  ({ method, url: target, headers: Object.fromEntries(headers), socket }) as unknown as Http.IncomingMessage

/** Fails if the request is no WebSocket handshake; `ws` has answered it then. */
export const upgrade = (head: RequestHead, stream: ConnectionStream): Effect.Effect<WebSocket, ConnectionClosed> =>
  Effect.callback((resume) => {
    stream.once("close", () => resume(Effect.fail(new ConnectionClosed({ reason: "closed in the handshake" }))))
    server.handleUpgrade(requestOf(head, stream), stream, noBytes, (socket) => {
      socket.on("error", () => undefined)
      // Without a reader the pings and the close of the peer would not be seen.
      socket.on("message", () => undefined)
      resume(Effect.succeed(socket))
    })
  })

/**
 * One binary message for each write. `ws` makes the handshake, answers pings and closes; the messages go past it to the
 * connection, framed once for all viewers, which costs a tenth of its `send`. Both write whole frames only.
 */
export const webSocketSink = (socket: WebSocket, stream: ConnectionStream): Sink => ({
  write: (bytes) => {
    if (socket.readyState === socket.OPEN) stream.connection.write(frames.of(bytes))
  },
  queuedBytes: () => stream.queuedBytes(),
  onDrain: (listener) => stream.onDrain(listener)
})
