/** What every listener does with its connections. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import type { Connection, Detached, Serve } from "../../services/Transport.ts"
import { interruptDetached } from "../telemetry/phases.ts"

/** What a session adds to its context: more at a time, and all of the context is copied with each. */
const additions = 24

const withRoom = (context: Context.Context<never>): Context.Context<never> =>
  Context.makeUnsafe(context.mapUnsafe, { maxDepth: additions })

/** Serves each connection in a fiber of this scope, and ends it after that. What goes on without a fiber ends with the scope too. */
export const acceptIn = Effect.fnUntraced(function* (scope: Scope.Scope, serve: Serve) {
  const makeFork = Scope.provide(FiberSet.makeRuntime<never, unknown, never>(), scope)
  const fork = yield* Effect.updateContext(makeFork, withRoom)
  const detached = new Map<Detached, Connection>()

  /** One for all. */
  const ended = (serving: Detached): void => {
    const connection = detached.get(serving)
    if (connection === undefined) return
    detached.delete(serving)
    fork(connection.end)
  }

  const whenEnded = (connection: Connection, serving: void | Detached): Effect.Effect<void> => {
    if (serving === undefined) return connection.end
    detached.set(serving, connection)
    serving.onEnd(ended)
    return Effect.void
  }

  yield* Scope.addFinalizer(
    scope,
    Effect.suspend(() =>
      Effect.forEach(
        [...detached],
        ([serving, connection]) => Effect.andThen(interruptDetached(serving), connection.end),
        { concurrency: "unbounded", discard: true }
      )
    )
  )

  return (connection: Connection): void => {
    // A client without address has left already (`empty_ip_ok`).
    const serving = connection.peer === "" ? connection.end : serve(connection)
    fork(Effect.onExit(serving, (exit) => whenEnded(connection, Exit.isSuccess(exit) ? exit.value : undefined)))
  }
})
