/** Publishing to and playing from other RTMP servers: for forwarding, edges and tests. */
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { AmfObject, AmfValue } from "../domain/amf/AmfValue.ts"
import type { RtmpMessage } from "../domain/rtmp/ChunkReader.ts"
import type { BadStreamUrl } from "../domain/rtmp/ClientUrl.ts"
import type { ConnectionClosed, DrainListener, Endpoint, TransportFailed } from "./Transport.ts"

/** The server has said no: in its answer to connect, or with a status of level `error`. */
export class RtmpRefused extends Schema.TaggedError<RtmpRefused>()("RtmpRefused", {
  /** Without password. */
  url: Schema.String,
  /** As `NetStream.Publish.BadName`; empty if the server gave none. */
  code: Schema.String,
  description: Schema.String
}) {
  override get message() {
    return `${this.url} refused: ${[this.code, this.description].filter((part) => part !== "").join(" ")}`
  }
}

/** The server wants other credentials than the URL has: trying again is of no use. */
export class RtmpUnauthorized extends Schema.TaggedError<RtmpUnauthorized>()("RtmpUnauthorized", {
  url: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.url}: ${this.reason}`
  }
}

/** The server speaks no RTMP, or says nothing. */
export class RtmpFailed extends Schema.TaggedError<RtmpFailed>()("RtmpFailed", {
  url: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.url}: ${this.reason}`
  }
}

/** The caller does not want this server (`ClientOptions.decline`). */
export class RtmpDeclined extends Schema.TaggedError<RtmpDeclined>()("RtmpDeclined", {
  url: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.url}: ${this.reason}`
  }
}

/** The server has ended a stream that it had accepted, or asks to come again (`…Connect.ReconnectRequest`). */
export class RtmpStopped extends Schema.TaggedError<RtmpStopped>()("RtmpStopped", {
  url: Schema.String,
  code: Schema.String,
  description: Schema.String
}) {
  override get message() {
    return `${this.url} stopped: ${this.code}`
  }
}

/** Why a stream could not be begun. */
export type OpenError =
  | BadStreamUrl
  | TransportFailed
  | ConnectionClosed
  | RtmpRefused
  | RtmpUnauthorized
  | RtmpFailed
  | RtmpDeclined

/** Why a stream has ended. */
export type EndError = ConnectionClosed | RtmpRefused | RtmpFailed | RtmpStopped

export interface ClientOptions {
  /** Dialled instead of the URL's host, which still names the vhost. */
  readonly endpoint?: Endpoint | undefined
  /** Default `complex`, as SRS. */
  readonly handshake?: "simple" | "complex" | undefined
  /** Of the whole beginning, from dialling to the server's consent; default 10 s. */
  readonly timeoutMillis?: number | undefined
  /** Default true. */
  readonly verifyCertificate?: boolean | undefined
  /** Further members of connect's command object: what Enhanced RTMP announces. */
  readonly connectFields?: ReadonlyMap<string, AmfValue> | undefined
  /** The argument after connect's command object: how SRS's edges present themselves. */
  readonly connectArgs?: AmfObject | undefined
  readonly flashVer?: string | undefined
  readonly pageUrl?: string | undefined
  readonly swfUrl?: string | undefined
  /** Set before media is sent; default 60000. */
  readonly chunkSize?: number | undefined
  /**
   * Asked before the stream is begun, with the server's answer to connect: why the server is not wanted, `undefined` if
   * it is. A plain call.
   */
  readonly decline?: ((server: ServerInfo) => string | undefined) | undefined
}

/** What the server said of itself in its answer to connect. */
export interface ServerInfo {
  readonly properties: ReadonlyMap<string, AmfValue>
  readonly information: ReadonlyMap<string, AmfValue>
}

export interface MediaMessage {
  /** Message type: 8 audio, 9 video, 18 data. */
  readonly type: number
  /** Milliseconds, uint32. */
  readonly timestamp: number
  /** Not kept. */
  readonly body: Uint8Array
}

/** A stream being published. The calls are plain; they do nothing once it has ended. A `Playback.Sink`, too. */
export interface Publication {
  readonly server: ServerInfo
  readonly streamId: number
  readonly chunkSize: number
  readonly send: (message: MediaMessage) => void
  /** Bytes that are chunked already, for this stream id and chunk size. They must never change. */
  readonly write: (bytes: Uint8Array) => void
  readonly queuedBytes: () => number
  readonly onDrain: (listener: DrainListener) => void
  readonly drained: Effect.Effect<void, ConnectionClosed>
  /** Fails when the server ends the stream or goes away. */
  readonly ended: Deferred.Deferred<never, EndError>
}

/** A stream being played. */
export interface Subscription {
  readonly server: ServerInfo
  readonly streamId: number
  /**
   * Delivers audio (8), video (9), data (15, 18) and aggregates (22) from the first on, until the stream ends. The
   * message is valid during the call, its bytes for ever. `onRead` follows the last message of each socket read.
   * To be run once.
   */
  readonly run: (onMessage: (message: RtmpMessage) => void, onRead?: () => void) => Effect.Effect<never, EndError>
  /** Calls on the stream that want no answer: `pause`, `seek` … */
  readonly call: (name: string, ...args: ReadonlyArray<AmfValue>) => void
}

export class RtmpClient extends Context.Service<
  RtmpClient,
  {
    /** `rtmp(s)://user:password@host:port/app/stream?query`. Unpublished and closed with the scope. */
    readonly publish: (url: string, options?: ClientOptions) => Effect.Effect<Publication, OpenError, Scope.Scope>
    /** Closed with the scope. */
    readonly play: (url: string, options?: ClientOptions) => Effect.Effect<Subscription, OpenError, Scope.Scope>
  }
>()("sluice/services/RtmpClient") {}
