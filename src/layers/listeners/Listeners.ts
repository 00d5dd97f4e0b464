/** A plain list. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Listener, Listeners } from "../../services/Listeners.ts"

export const layer = Layer.sync(Listeners, () => {
  const all: Array<Listener> = []
  return {
    add: (listener) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.logInfo("listening").pipe(
            Effect.annotateLogs({
              listener: listener.name,
              "server.address": listener.host,
              "server.port": listener.port
            }),
            Effect.andThen(Effect.sync(() => all.push(listener)))
          ),
          () => Effect.sync(() => all.splice(all.indexOf(listener), 1))
        )
      ),
    all: () => all
  }
})
