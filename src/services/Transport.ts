/** TCP and TLS connections, and the means to listen for them and to make them. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** The peer has closed, or the network failed: the ordinary end of a connection. */
export class ConnectionClosed extends Schema.TaggedError<ConnectionClosed>()("ConnectionClosed", {
  reason: Schema.String
}) {
  override get message() {
    return `connection closed: ${this.reason}`
  }
}

/** A port that cannot be bound, a peer that cannot be reached, a certificate that cannot be used. */
export class TransportFailed extends Schema.TaggedError<TransportFailed>()("TransportFailed", {
  action: Schema.Literals(["listen", "connect", "tls"]),
  endpoint: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `cannot ${this.action} ${this.endpoint}: ${this.reason}`
  }
}

export interface Endpoint {
  /** Address or name; empty for all addresses. */
  readonly host: string
  readonly port: number
}

export interface TlsFiles {
  /** Paths of PEM files. */
  readonly key: string
  readonly cert: string
}

/** At most this many bytes wait unread; then the socket is paused until somebody reads. */
export const maxUnreadBytes = 262_144

/** Who reads by plain calls, on the socket's own stack. */
export interface Reader {
  /** Takes bytes, lent for the call; false is enough. */
  readonly take: (bytes: Uint8Array) => boolean
  /** The last call: it had enough, it threw, or nothing more comes. */
  readonly ended: (exit: Exit.Exit<void, ConnectionClosed>) => void
}

/** Who is told that all bytes were taken. An object and not a function: there is one for each viewer. */
export interface DrainListener {
  readonly drained: () => void
}

export interface Connection {
  /**
   * `address:port` of the peer, an IPv6 address in brackets; without port where there is none. Where a trusted proxy
   * stands between, whoever reads its word puts the client here, before anybody else sees the connection.
   */
  peer: string
  /** The local port it arrived on. */
  readonly localPort: number
  readonly encrypted: boolean
  /** All that has arrived since the last read. The bytes are the reader's for good. One reader at a time. */
  readonly read: Effect.Effect<Uint8Array, ConnectionClosed>
  /**
   * Reads without waking the fiber: calls `onBytes` with all that arrives, on the socket's own stack, until it returns
   * false. The bytes are lent for the call. What it throws is a defect of this effect. One reader at a time.
   */
  readonly readWhile: (onBytes: (bytes: Uint8Array) => boolean) => Effect.Effect<void, ConnectionClosed>
  /** The same without a fiber that waits. `stopReading` ends it. */
  readonly readBy: (reader: Reader) => void
  /** Gives bytes back: the next `read` returns them first. */
  readonly unread: (bytes: Uint8Array) => void
  /** Hands bytes over: they must never change afterwards. Never waits, never fails; ask `queuedBytes`. */
  readonly write: (bytes: Uint8Array) => void
  /** Bytes handed over that the kernel has not taken yet. */
  readonly queuedBytes: () => number
  /** Waits until `queuedBytes` is 0. */
  readonly drained: Effect.Effect<void, ConnectionClosed>
  /** Told, on the socket's own stack, each time `queuedBytes` falls to 0 after it was not; one listener. */
  readonly onDrain: (listener: DrainListener) => void
  /** The waiting read and all later ones fail with this reason; writing goes on. */
  readonly stopReading: (reason: string) => void
  /** Waits for the peer to close or the network to fail, without reading. */
  readonly closed: Effect.Effect<void>
  /**
   * Collects what arrives for about so many milliseconds before a read returns; 0 returns at once. `ifCheap` asks for it
   * only where it costs less than reading at once.
   */
  readonly mergedRead: (millis: number, ifCheap?: boolean) => void
  /** Sends what is queued, then closes; waits at most `endTimeout` for the peer to take it. */
  readonly end: Effect.Effect<void>
  readonly bytesIn: () => number
  readonly bytesOut: () => number
  /** The socket underneath, for a server of another kind to take over (`node:http`); `undefined` in memory. */
  readonly socket: unknown
}

/** A conversation that goes on without the fiber that began it. */
export interface Detached {
  /** Registers the one listener that is called with it once it has ended, at once if it has. */
  readonly onEnd: (listener: (ended: Detached) => void) => void
  readonly interrupt: () => void
}

/** Serves a connection, which is ended after it: after the fiber, or after what goes on without one. */
export type Serve = (connection: Connection) => Effect.Effect<void | Detached>

export interface ListenOptions {
  readonly tls?: TlsFiles | undefined
  readonly noDelay?: boolean | undefined
  /** Where connections live, if they are to outlive their listener; its own scope by default. */
  readonly connections?: Scope.Scope | undefined
}

export interface ConnectOptions {
  readonly timeoutMillis: number
  /** TLS with this server name; certificates are verified unless `verify` is false. */
  readonly tls?: { readonly serverName: string; readonly verify: boolean } | undefined
}

export class Transport extends Context.Service<
  Transport,
  {
    /** Listens until the scope closes. Returns once bound, with the port in use (that of the system for port 0). */
    readonly listen: (
      endpoint: Endpoint,
      options: ListenOptions,
      serve: Serve
    ) => Effect.Effect<number, TransportFailed, Scope.Scope>
    /** Closed with the scope. */
    readonly connect: (
      endpoint: Endpoint,
      options: ConnectOptions
    ) => Effect.Effect<Connection, TransportFailed, Scope.Scope>
  }
>()("sluice/services/Transport") {}
