/** A plain list, told in the log as it grows. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Listener, Listeners, type PlayUrls } from "../../services/Listeners.ts"

/** Adds an item until the scope closes. */
const keep = <A>(items: Array<A>, item: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => items.push(item)),
      () => Effect.sync(() => items.splice(items.indexOf(item), 1))
    )
  )

export const layer = Layer.sync(Listeners, () => {
  const listeners: Array<Listener> = []
  const contributions: Array<PlayUrls> = []
  return {
    add: (listener) =>
      Effect.logInfo("listening").pipe(
        Effect.annotateLogs({ listener: listener.name, "server.address": listener.host, "server.port": listener.port }),
        Effect.andThen(keep(listeners, listener))
      ),
    all: () => listeners,
    playable: (urls) => keep(contributions, urls),
    playUrls: (stream) => contributions.flatMap((urls) => urls(stream))
  }
})
