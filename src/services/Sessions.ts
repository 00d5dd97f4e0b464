/** Every client of every protocol: who it is, what it does, how to end it. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { PlayerReports } from "../domain/stats/PlayerReports.ts"
import type { StreamName } from "../domain/media/StreamName.ts"

/** An operator, or another session, ended this one. */
export class SessionKicked extends Schema.TaggedError<SessionKicked>()("SessionKicked", { reason: Schema.String }) {
  override get message() {
    return `session ended: ${this.reason}`
  }
}

/** A limit is reached, that of all or that of an address. */
export class TooManyConnections extends Schema.TaggedError<TooManyConnections>()("TooManyConnections", {
  limit: Schema.Int,
  directive: Schema.Literals(["max_connections", "max_connections_per_address"])
}) {
  override get message() {
    return `more than ${this.limit} connections (${this.directive})`
  }
}

/** Where bytes are counted: a connection. */
export interface Traffic {
  readonly bytesIn: () => number
  readonly bytesOut: () => number
}

/** Plain counters: whoever moves bytes or frames adds to them; nobody is told. */
export interface SessionCounters extends Traffic {
  framesIn: number
  framesOut: number
  /** Frames a slow viewer lost, and in how many jumps. */
  framesDropped: number
  jumps: number
  /** How far behind the stream the viewer is: media that waits for it. `undefined` for who views nothing. */
  viewer: { readonly behindMillis: number } | undefined
}

/** Who runs a session, by a fiber or without. */
export interface SessionRunner {
  readonly interrupt: () => void
}

/** What somebody else can end. */
export interface Kickable {
  /** Why it was kicked, once it was: the first reason counts. */
  kicked: SessionKicked | undefined
  /** Interrupted by a kick, from its beginning to its end. */
  runner?: SessionRunner | undefined
}

export interface Session extends Kickable {
  /** 8 characters, the one id of log, API and callbacks. */
  readonly id: string
  /** `rtmp`, `http`, `websocket` …: what the layer says. */
  readonly protocol: string
  /** Address of the client without port: behind a trusted proxy that speaks HTTP known with the request only. */
  address: string
  /** Has a connection of its own; viewers of segments and those in the process have none. */
  readonly connected: boolean
  /** Milliseconds of the epoch. */
  readonly openedAt: number
  /** SRS's client type (`fmle-publish`, `rtmp-play`, `flv-play` …), empty until identified. */
  type: string
  stream: StreamName | undefined
  role: "" | "publish" | "play"
  tcUrl: string
  pageUrl: string
  swfUrl: string
  /** How often what it publishes was forwarded before; absent is never. */
  forwardHops?: number
  /** What its player tells of itself, of those who fetch segments. */
  player?: PlayerReports
  readonly counters: SessionCounters
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** In the register until the scope closes. */
    readonly open: (
      fields: Pick<Session, "protocol" | "address"> &
        Partial<Pick<Session, "connected">> & { readonly traffic: Traffic }
    ) => Effect.Effect<Session, TooManyConnections, Scope.Scope>
    readonly all: () => ReadonlyMap<string, Session>
    /** Ends a session; false if there is none with this id. */
    readonly kick: (id: string, reason: string) => Effect.Effect<boolean>
    /** Told of each session that has left the register, until the scope closes. A plain call: be quick, never throw. */
    readonly onEnd: (listener: (session: Session) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("sluice/services/Sessions") {}
