/** A live body over WebSocket: after the handshake the connection is the viewer's alone. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import { ConnectionStream } from "./ConnectionStream.ts"
import { runLive } from "./liveBody.ts"
import { type Conversation, extraFor, type LiveFailure, liveMatch } from "./talk.ts"
import { upgrade, webSocketSink } from "./webSocket.ts"

/** What came behind the head must have been given back to the connection. */
export const serveUpgrade = Effect.fnUntraced(function* (
  talk: Conversation,
  head: RequestHead
): Effect.fn.Return<void, LiveFailure, Scope.Scope> {
  const { connection } = talk
  const answer = (status: number) => connection.write(shortAnswer(status, signature, extraFor(status)))
  const match = liveMatch(talk, head)
  if (match === undefined) return answer(talk.routes.plain(talk.port, head)._tag === "Missing" ? 404 : 400)
  const stream = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionStream(connection)),
    (stream) => Effect.sync(() => stream.destroy())
  )
  yield* Effect.forkChild(stream.pump)
  yield* runLive(talk, match, {
    head,
    websocket: true,
    open: Effect.acquireRelease(upgrade(head, stream), (socket) =>
      Effect.sync(() => {
        if (socket.readyState === socket.OPEN) socket.close(1000)
      })
    ).pipe(Effect.map((socket) => webSocketSink(socket, stream))),
    refuse: (status) => Effect.sync(() => answer(status)),
    closed: stream.untilEnded,
    stop: () => stream.stop()
  })
})
