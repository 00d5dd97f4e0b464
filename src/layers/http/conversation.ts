/** One connection of a browser or player: its requests in sequence, at most one of which is a live body, the last. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { corsFor } from "../../domain/http/cors.ts"
import { type RequestHead, RequestHeadReader } from "../../domain/http/RequestHead.ts"
import { type Headers, responseHead, shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { Refused } from "../../services/Authorizer.ts"
import type { HttpPort, LiveExchange, LiveMatch } from "../../services/HttpGateway.ts"
import type { Sink, ViewerStalled } from "../../services/Playback.ts"
import type { Session } from "../../services/Sessions.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import { withAddress } from "../telemetry/client.ts"
import { ConnectionStream } from "./ConnectionStream.ts"
import type { Incoming, NodeServer } from "./nodeServer.ts"
import { answerPlain } from "./plainAnswer.ts"
import type { Routes } from "./routes.ts"
import { upgrade, webSocketSink } from "./webSocket.ts"

/** From the connection, or the last answer, to the end of the next request's head. */
export const headTimeoutMillis = 30_000

export interface Conversation {
  readonly connection: Connection
  readonly session: Session
  readonly port: HttpPort
  readonly routes: Routes
  readonly node: NodeServer
  readonly crossdomain: () => boolean
  /** The server is about to end: each answer is the last of its connection. */
  readonly closing: () => boolean
  /** Whose the request is: with a proxy in front, not everybody's on this connection. */
  readonly clientOf: (head: RequestHead) => string
}

type LiveFailure = Refused | ViewerStalled | ConnectionClosed

export const converse = Effect.fnUntraced(function* (
  talk: Conversation
): Effect.fn.Return<void, BadRequest | LiveFailure, Scope.Scope> {
  const { connection } = talk
  const reader = new RequestHeadReader()
  const head = yield* readHead(connection, reader).pipe(
    Effect.timeoutOrElse({
      duration: headTimeoutMillis,
      orElse: () => Effect.fail(new BadRequest({ status: 408, reason: "no request" }))
    }),
    Effect.tapError((error) => (error._tag === "BadRequest" ? answerBad(talk, error, reader) : Effect.void))
  )
  const match = isUpgrade(head) ? undefined : liveMatch(talk, head)
  if (match !== undefined) return yield* serveRaw(talk, head, match)
  connection.unread(reader.bytes)
  yield* serveStream(talk)
})

const readHead = Effect.fnUntraced(function* (connection: Connection, reader: RequestHeadReader) {
  while (true) {
    const head = yield* Effect.fromResult(reader.push(yield* connection.read))
    if (head !== undefined) return head
  }
})

const isUpgrade = (head: RequestHead): boolean =>
  head.headers.get("upgrade")?.toLowerCase() === "websocket" &&
  (head.headers.get("connection") ?? "").toLowerCase().includes("upgrade")

const liveMatch = (talk: Conversation, head: RequestHead): LiveMatch | undefined =>
  head.method === "GET" || head.method === "HEAD" ? talk.routes.live(talk.port, head) : undefined

/** Nothing was sent on a connection that merely stayed silent: it is closed without an answer. */
const answerBad = (talk: Conversation, error: BadRequest, reader: RequestHeadReader): Effect.Effect<void> =>
  Effect.sync(() => {
    if (reader.bytes.length > 0) talk.connection.write(shortAnswer(error.status, signature, extraFor(error.status)))
  })

const extraFor = (status: number): Headers => {
  if (status === 401) return [["WWW-Authenticate", `Basic realm="live", charset="UTF-8"`]]
  return status === 405 ? [["Allow", "GET, HEAD, OPTIONS"]] : []
}

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
const serveRaw = Effect.fnUntraced(function* (talk: Conversation, head: RequestHead, match: LiveMatch) {
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

const runLive = (
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

/** Everything else: requests parsed by `node:http`, until one of them asks for a live body or the peer leaves. */
const serveStream = Effect.fnUntraced(function* (
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

const plainContext = (
  { clientOf, closing, connection, crossdomain, port, routes, session }: Conversation,
  head: RequestHead | BadRequest
) => ({
  routes,
  port,
  address: head instanceof BadRequest ? session.address : clientOf(head),
  encrypted: connection.encrypted,
  crossdomain: crossdomain(),
  closing: closing()
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
