/** While somebody else decides about a client, nobody reads from it: here it is noticed when it leaves meanwhile. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Connection, ConnectionClosed } from "../../services/Transport.ts"
import { spanAround } from "../telemetry/held.ts"

const withSpan = Effect.withSpan("rtmp.authorize")
const withBriefSpan = spanAround("rtmp.authorize")

/** What is decided at once, as an Exit, needs no race. */
export const whilePeerStays = <A, E, R>(
  connection: Connection,
  decision: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ConnectionClosed, R> =>
  Exit.isExit(decision)
    ? decision
    : Effect.raceFirst(
        decision,
        Effect.andThen(connection.closed, Effect.fail(new ConnectionClosed({ reason: "peer closed" })))
      )

/** The decision on a publish or play, in its span: who decides may make others in it. */
export const authorized = <A, E, R>(
  connection: Connection,
  decision: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ConnectionClosed, R> =>
  Exit.isExit(decision) ? withBriefSpan<A, E, R>(decision) : withSpan(whilePeerStays(connection, decision))
