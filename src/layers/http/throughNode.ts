/**
 * Requests with bodies, upgrades, and all that comes after them on the same connection: parsed by `node:http`, until one
 * asks for a live body or the peer leaves.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { LiveMatch } from "../../services/HttpGateway.ts"
import { ConnectionStream } from "./ConnectionStream.ts"
import { runLive, serveRaw } from "./liveBody.ts"
import type { Incoming } from "./nodeServer.ts"
import { answerPlain } from "./plainAnswer.ts"
import { headTimeoutMillis } from "./Requests.ts"
import { type Conversation, extraFor, type LiveFailure, liveMatch, plainContext } from "./talk.ts"
import { upgrade, webSocketSink } from "./webSocket.ts"

export const serveThroughNode = Effect.fnUntraced(function* (
  talk: Conversation
): Effect.fn.Return<void, LiveFailure | BadRequest, Scope.Scope> {
  const stream = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionStream(talk.connection)),
    (stream) => Effect.sync(() => stream.destroy())
  )
  const requests = yield* talk.node.serve(stream)
  const pump = yield* Effect.forkChild(stream.pump)
  const left = Effect.raceFirst(Fiber.await(pump), stream.untilEnded)
  while (true) {
    const incoming = yield* Queue.take(requests).pipe(
      Effect.map((incoming): Incoming | undefined => incoming),
      Effect.raceFirst(Effect.as(left, undefined)),
      Effect.timeoutOrElse({ duration: headTimeoutMillis, orElse: () => Effect.succeed(undefined) })
    )
    if (incoming === undefined) return
    stream.countRequests(-1)
    const match = incoming.head instanceof BadRequest ? undefined : liveMatch(talk, incoming.head)
    if (incoming.response === undefined) return yield* serveUpgrade(talk, stream, incoming, match)
    if (match !== undefined) {
      // The answers before this one are out: from here on the connection is the viewer's alone.
      yield* stream.detach
      yield* Fiber.interrupt(pump)
      return yield* serveRaw(talk, incoming.head as RequestHead, match)
    }
    const answered = yield* answerPlain(
      plainContext(talk, incoming.head),
      incoming.head,
      incoming.request,
      incoming.response
    ).pipe(Effect.raceFirst(Effect.as(stream.untilEnded, false)))
    if (!answered) return
  }
})

const serveUpgrade = Effect.fnUntraced(function* (
  talk: Conversation,
  stream: ConnectionStream,
  { head, request, rest }: Incoming,
  match: LiveMatch | undefined
): Effect.fn.Return<void, LiveFailure, Scope.Scope> {
  const answer = (status: number) => {
    stream.end(shortAnswer(status, signature, extraFor(status)))
  }
  if (head instanceof BadRequest) return answer(head.status)
  if (match === undefined) return answer(talk.routes.plain(talk.port, head)._tag === "Missing" ? 404 : 400)
  yield* runLive(talk, match, {
    head,
    websocket: true,
    open: Effect.acquireRelease(Effect.andThen(stream.flushed, upgrade(request, stream, rest)), (socket) =>
      Effect.sync(() => {
        if (socket.readyState === socket.OPEN) socket.close(1000)
      })
    ).pipe(Effect.map((socket) => webSocketSink(socket, stream))),
    refuse: (status) => Effect.sync(() => answer(status)),
    closed: stream.untilEnded,
    stop: () => stream.stop()
  })
})
