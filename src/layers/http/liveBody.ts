/** Bodies without end, on the bare connection. */
import * as Effect from "effect/Effect"
import { corsFor } from "../../domain/http/cors.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { responseHead, shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { LiveExchange, LiveMatch } from "../../services/HttpGateway.ts"
import type { Sink } from "../../services/Playback.ts"
import type { Connection } from "../../services/Transport.ts"
import { withAddress } from "../telemetry/client.ts"
import { type Conversation, extraFor } from "./talk.ts"

const liveHead = (talk: Conversation, head: RequestHead, match: LiveMatch): Uint8Array =>
  responseHead(200, [
    ["Server", signature],
    ["Content-Type", match.contentType],
    ["Connection", "close"],
    ...corsFor(head.headers, talk.crossdomain())
  ])

/** What a viewer sends is read and dropped, so that its leaving is noticed. */
const discardInput = (connection: Connection): Effect.Effect<void> =>
  connection.readWhile(() => true).pipe(Effect.catchTag("ConnectionClosed", () => Effect.void))

/** A live body on the bare connection. */
export const serveRaw = Effect.fnUntraced(function* (talk: Conversation, head: RequestHead, match: LiveMatch) {
  const { connection } = talk
  if (head.method === "HEAD") return connection.write(liveHead(talk, head, match))
  const sink: Sink = connection
  yield* runLive(talk, match, {
    head,
    websocket: false,
    open: Effect.sync(() => {
      connection.write(liveHead(talk, head, match))
      return sink
    }),
    refuse: (status) =>
      Effect.sync(() =>
        connection.write(
          shortAnswer(status, signature, [...extraFor(status), ...corsFor(head.headers, talk.crossdomain())])
        )
      ),
    closed: discardInput(connection),
    stop: () => connection.stopReading("the live body ended")
  })
})

export const runLive = (
  { clientOf, connection, session }: Conversation,
  match: LiveMatch,
  exchange: Omit<LiveExchange, "session" | "encrypted" | "localPort">
) => {
  const { encrypted, localPort } = connection
  const serving = match.serve({ ...exchange, session, encrypted, localPort })
  const client = clientOf(exchange.head)
  if (client === session.address) return serving
  // The last request of the connection: from here on it is this client's alone.
  session.address = client
  return withAddress(client, serving)
}
