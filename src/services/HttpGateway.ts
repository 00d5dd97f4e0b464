/** What is served over HTTP: live bodies and plain answers, contributed by the layers that have them. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BadRequest } from "../domain/http/BadRequest.ts"
import type { RequestHead } from "../domain/http/RequestHead.ts"
import type { Headers } from "../domain/http/ResponseHead.ts"
import type { Refused } from "./Authorizer.ts"
import type { Sink, ViewerStalled } from "./Playback.ts"
import type { Session } from "./Sessions.ts"
import type { ConnectionClosed, Endpoint, TransportFailed } from "./Transport.ts"

/** What a listener serves; one that both sections of the configuration name serves both. */
export interface HttpPort {
  readonly server: boolean
  readonly api: boolean
}

/** A request for a body without end, over HTTP or WebSocket. */
export interface LiveExchange {
  readonly head: RequestHead
  readonly session: Session
  readonly websocket: boolean
  readonly encrypted: boolean
  readonly localPort: number
  /** Sends status and headers, or completes the WebSocket handshake, and gives where the body goes. Once. */
  readonly open: Effect.Effect<Sink, ConnectionClosed, Scope.Scope>
  /** Answers with an error instead of `open`. */
  readonly refuse: (status: 401 | 403 | 404 | 503) => Effect.Effect<void>
  /** Waits until the peer has left, or `stop` was called. What the peer still sends is discarded. */
  readonly closed: Effect.Effect<void>
  /** A plain call on any stack. */
  readonly stop: () => void
}

export interface LiveMatch {
  readonly contentType: string
  /** Runs in the scope of the connection's session; when it returns the connection closes. */
  readonly serve: (
    exchange: LiveExchange
  ) => Effect.Effect<void, Refused | ViewerStalled | ConnectionClosed, Scope.Scope>
}

/** Live bodies of one format. */
export interface LiveRoute {
  /** `undefined` for a path that is none of this route's. Plain and quick: asked for every request. */
  readonly match: (head: RequestHead) => LiveMatch | undefined
}

export interface PlainRequest {
  readonly head: RequestHead
  /** Address of the client without port. */
  readonly address: string
  readonly encrypted: boolean
  /** The whole body; at most `maxBodyBytes`. */
  readonly body: Effect.Effect<Uint8Array, BadRequest>
}

/** A body too long to hold, or not whole yet, taken piece by piece, as fast as the client reads. */
export interface BodyPieces {
  /** Bytes of all pieces; `undefined` if nobody knows yet: they are sent by chunked transfer, until `end`. */
  readonly length: number | undefined
  /** The next bytes, which nobody changes any more. `undefined`: the rest cannot be had, and the connection is cut. */
  readonly next: Effect.Effect<Uint8Array | "end" | undefined>
}

export interface PlainAnswer {
  readonly status: number
  /** Without length, server, connection and CORS: those are the gateway's. */
  readonly headers: Headers
  readonly body: Uint8Array | string | BodyPieces
}

export type ReadyRequest = Pick<PlainRequest, "head" | "address">

export interface ReadyAnswer extends PlainAnswer {
  readonly body: Uint8Array | string
}

/** Answers, by no means endless, at one path. */
export interface PlainRoute {
  /** Which listeners have it; `api alone`: an API listener that is not the server's too. */
  readonly listener: "server" | "api" | "api alone" | "any"
  /**
   * A decoded path. One that ends in `/` is that of everything below too; the longest match wins. A request for such a
   * path without its last slash is redirected.
   */
  readonly path: string
  /** Routes of a lower order are asked first, whatever their paths: 0, unless it is but for what nobody else has. */
  readonly order?: 0 | 1 | 2
  /** Paths at which no live route is asked. Plain and quick. */
  readonly claims?: (head: RequestHead) => boolean
  /**
   * The answer to a GET that is there already, whole and small enough to be handed to a connection at once: a plain call
   * on the socket's own stack. `undefined`: `answer` is asked. Only of what the route claims.
   */
  readonly ready?: (request: ReadyRequest) => ReadyAnswer | undefined
  /**
   * `undefined` if nothing is there: the next best route is asked. The scope closes when the body has been sent, or will
   * not be.
   */
  readonly answer: (request: PlainRequest) => Effect.Effect<PlainAnswer | undefined, BadRequest, Scope.Scope>
}

/** A listener that is bound. */
export interface BoundEndpoint extends Endpoint, HttpPort {
  readonly scheme: "http" | "https"
}

export class HttpGateway extends Context.Service<
  HttpGateway,
  {
    /** Serves the route until the scope closes. */
    readonly live: (route: LiveRoute) => Effect.Effect<void, never, Scope.Scope>
    readonly plain: (route: PlainRoute) => Effect.Effect<void, never, Scope.Scope>
    /** Listens as the settings say until the scope closes. After the routes were contributed. */
    readonly listen: Effect.Effect<ReadonlyArray<BoundEndpoint>, TransportFailed, Scope.Scope>
    readonly endpoints: () => ReadonlyArray<BoundEndpoint>
  }
>()("sluice/services/HttpGateway") {}
