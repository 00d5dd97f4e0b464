/** While somebody else decides about a client, nobody reads from it: here it is noticed when it leaves meanwhile. */
import * as Effect from "effect/Effect"
import { type Connection, ConnectionClosed } from "../../services/Transport.ts"

export const whilePeerStays =
  (connection: Connection) =>
  <A, E, R>(decision: Effect.Effect<A, E, R>): Effect.Effect<A, E | ConnectionClosed, R> =>
    Effect.raceFirst(
      decision,
      Effect.andThen(connection.closed, Effect.fail(new ConnectionClosed({ reason: "peer closed" })))
    )
