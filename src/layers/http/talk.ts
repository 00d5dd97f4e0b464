/** What is known on a connection, whichever way its requests are served. */
import type * as Clock from "effect/Clock"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { Headers } from "../../domain/http/ResponseHead.ts"
import type { Refused } from "../../services/Authorizer.ts"
import type { HttpPort, LiveMatch } from "../../services/HttpGateway.ts"
import type { ViewerStalled } from "../../services/Playback.ts"
import type { Session } from "../../services/Sessions.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import type { AnswerWriter } from "./AnswerWriter.ts"
import type { NodeServer } from "./nodeServer.ts"
import type { PlainContext } from "./plainAnswer.ts"
import type { Routes } from "./routes.ts"

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
  readonly clock: Clock.Clock
  readonly answers: AnswerWriter
}

export type LiveFailure = Refused | ViewerStalled | ConnectionClosed

export const liveMatch = (talk: Conversation, head: RequestHead): LiveMatch | undefined =>
  head.method === "GET" || head.method === "HEAD" ? talk.routes.live(talk.port, head) : undefined

export const extraFor = (status: number): Headers => {
  if (status === 401) return [["WWW-Authenticate", `Basic realm="live", charset="UTF-8"`]]
  return status === 405 ? [["Allow", "GET, HEAD, OPTIONS"]] : []
}

export const plainContext = (
  { clientOf, closing, connection, crossdomain, port, routes, session }: Conversation,
  head: RequestHead | BadRequest
): PlainContext => ({
  routes,
  port,
  address: head instanceof BadRequest ? session.address : clientOf(head),
  encrypted: connection.encrypted,
  crossdomain: crossdomain(),
  closing: closing()
})
