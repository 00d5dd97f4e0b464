/** Clients of any protocol: registered, counted, run as a session, and told of in the same words. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { addressOf } from "../../domain/access/NetworkAddress.ts"
import type { AccessRequest } from "../../services/Authorizer.ts"
import type { Detached } from "../../services/Transport.ts"
import type { Session, Sessions, TooManyConnections } from "../../services/Sessions.ts"
import { logFacts } from "./logFacts.ts"
import { type Phase, runPhases } from "./phases.ts"
import {
  CurrentSession,
  type Facts,
  type Given,
  openSession,
  runSession,
  type SessionFields,
  type SessionOptions
} from "./session.ts"

/** What of a client is known before it says a word. A `Connection` has all of it. */
export interface Client {
  /** `address:port`, an IPv6 address in brackets; without port where there is none. */
  readonly peer: string
  readonly bytesIn: () => number
  readonly bytesOut: () => number
  /** Of a connection alone. */
  readonly localPort?: number
}

const wishOf = ({ stream, type }: Session): Facts =>
  type === "" || stream === undefined
    ? {}
    : {
        "client.type": type,
        "stream.vhost": stream.vhost,
        "stream.app": stream.app,
        "stream.name": stream.stream
      }

const summaryOf = (session: Session): Facts => {
  const { counters, player, role } = session
  return {
    ...wishOf(session),
    // A publisher that said goodbye publishes no more, yet that is what it was.
    ...(role === "" ? {} : { "session.role": role }),
    "session.bytes_in": counters.bytesIn(),
    "session.bytes_out": counters.bytesOut(),
    "session.frames_in": counters.framesIn,
    "session.frames_out": counters.framesOut,
    "session.frames_dropped": counters.framesDropped,
    ...(player === undefined || player.count === 0
      ? {}
      : { "player.reports": player.count, "player.starvations": player.starvations, "player.cmcd": player.last })
  }
}

/** `facts` are known at once, and stand on each log line of the session. */
type KnownFacts = Readonly<Record<string, string>>

const register = (sessions: Sessions["Service"], protocol: string, client: Client) =>
  sessions.open({
    protocol,
    address: addressOf(client.peer),
    connected: client.localPort !== undefined,
    traffic: client
  })

const fieldsOf = (session: Session, protocol: string, client: Client, facts: KnownFacts): SessionFields => ({
  "session.id": session.id,
  "client.address": client.peer,
  "network.protocol.name": protocol,
  ...facts
})

class ClientOptions implements SessionOptions {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get kickable() {
    return this.#session
  }

  summary() {
    return summaryOf(this.#session)
  }
}

/** Runs what a client does as a session of its protocol, whose name the root span has: `rtmp.session`. */
export const runClient = <A, E, R>(
  sessions: Sessions["Service"],
  protocol: string,
  client: Client,
  converse: (session: Session) => Effect.Effect<A, E, R>,
  facts: KnownFacts = {}
): Effect.Effect<void, TooManyConnections, Given<R>> =>
  Effect.flatMap(register(sessions, protocol, client), (session) =>
    runSession(fieldsOf(session, protocol, client, facts), new ClientOptions(session))(converse(session))
  ).pipe(Effect.scoped)

/** The same for a listener, which has nobody to tell that there are too many: the register logs it. */
export const serveClient = <A, E, R>(
  sessions: Sessions["Service"],
  protocol: string,
  client: Client,
  converse: (session: Session) => Effect.Effect<A, E, R>,
  facts: KnownFacts = {}
): Effect.Effect<void, never, Given<R>> =>
  Effect.catchTag(runClient(sessions, protocol, client, converse, facts), "TooManyConnections", () => Effect.void)

/** The same for a conversation in phases. */
export const serveInPhases = <E, R>(
  sessions: Sessions["Service"],
  protocol: string,
  client: Client,
  converse: (session: Session) => Phase<E, R>,
  facts: KnownFacts = {}
): Effect.Effect<Detached, never, Given<R>> =>
  runPhases<E, R>(
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      const opened = Effect.flatMap(Scope.provide(register(sessions, protocol, client), scope), (session) => {
        const fields = fieldsOf(session, protocol, client, facts)
        const opening = openSession(fields, new ClientOptions(session), scope)
        return Effect.map(opening, (running) => ({ running, first: converse(session) }))
      })
      return Effect.catch(opened, () => Effect.undefined)
    })
  )

/** What the running session does from now on is told as this address's. */
export const withAddress = <A, E, R>(address: string, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.serviceOption(CurrentSession).pipe(
    Effect.map((running) => Option.getOrUndefined(running)?.annotate({ "client.address": address })),
    Effect.andThen(Effect.annotateLogs(self, "client.address", address))
  )

/**
 * The client has said what it wants: from now on register, span and log have it. Before the Authorizer is asked. `more`
 * is what only this protocol knows of it.
 */
export const identifyClient = (
  { pageUrl, param, session, stream, tcUrl }: AccessRequest,
  role: "publish" | "play",
  type: string,
  more: Facts = {}
): Effect.Effect<void> => {
  session.type = type
  session.role = role
  session.stream = stream
  session.tcUrl = tcUrl
  session.pageUrl = pageUrl
  // What else the log says now the session knows itself until its end.
  const kept = { "session.role": role, "stream.param": param, ...more }
  const facts = {
    "client.type": type,
    "stream.vhost": stream.vhost,
    "stream.app": stream.app,
    "stream.name": stream.stream,
    ...kept
  }
  return Effect.withFiber((fiber) => {
    Context.getOrUndefined(fiber.context, CurrentSession)?.annotate(kept)
    return logFacts("client identified", facts)
  })
}
