/** A plain list, told in the log as it grows, and kept as the settings ask for. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type Listener, Listeners, type PlayUrls, type WantedListener } from "../../services/Listeners.ts"
import { Settings } from "../../services/Settings.ts"
import type { TransportFailed } from "../../services/Transport.ts"

/** Adds an item until the scope closes. */
const keep = <A>(items: Array<A>, item: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => items.push(item)),
      () => Effect.sync(() => items.splice(items.indexOf(item), 1))
    )
  )

/** Opens and closes until those are open that are wanted. Fails with the first that cannot be opened, after all others. */
const adjust = Effect.fnUntraced(function* (
  open: Map<string, Scope.Closeable>,
  wanted: ReadonlyArray<WantedListener>,
  parent: Scope.Scope
): Effect.fn.Return<void, TransportFailed> {
  const keys = new Set(wanted.map(({ key }) => key))
  for (const [key, scope] of open) {
    if (keys.has(key)) continue
    open.delete(key)
    yield* Scope.close(scope, Exit.void)
  }
  const missing = wanted.filter(({ key }) => !open.has(key))
  const [, failures] = yield* Effect.partition(
    missing,
    Effect.fnUntraced(function* (listener) {
      const scope = yield* Scope.fork(parent)
      yield* Effect.onError(Scope.provide(listener.open, scope), () => Scope.close(scope, Exit.void))
      open.set(listener.key, scope)
    })
  )
  if (failures.length > 0) return yield* failures[0]
})

export const layer = Layer.effect(
  Listeners,
  Effect.gen(function* () {
    const settings = yield* Settings
    const listeners: Array<Listener> = []
    const contributions: Array<PlayUrls> = []
    const followed = new Set<Effect.Effect<void, TransportFailed>>()
    let closing = false

    const add = Effect.fnUntraced(function* (listener: Listener) {
      const facts = {
        listener: listener.name,
        "server.address": listener.host,
        "server.port": listener.port
      }
      yield* Effect.addFinalizer(() => Effect.annotateLogs(Effect.logInfo("no longer listening"), facts))
      yield* Effect.annotateLogs(Effect.logInfo("listening"), facts)
      yield* keep(listeners, listener)
    })

    const follow = Effect.fnUntraced(function* (wanted: () => ReadonlyArray<WantedListener>) {
      const scope = yield* Effect.scope
      const open = new Map<string, Scope.Closeable>()
      const look = Effect.suspend(() => adjust(open, closing ? [] : wanted(), scope))
      yield* look
      yield* Effect.acquireRelease(
        Effect.sync(() => followed.add(look)),
        () => Effect.sync(() => followed.delete(look))
      )
      yield* settings.onChange(() => look)
    })

    const close = Effect.suspend(() => {
      closing = true
      // Nothing is opened, so nothing can fail.
      return Effect.forEach([...followed], (look) => Effect.ignore(look), { discard: true })
    })

    return Listeners.of({
      add,
      follow,
      close,
      areClosing: () => closing,
      all: () => listeners,
      playable: (urls) => keep(contributions, urls),
      playUrls: (stream) => contributions.flatMap((urls) => urls(stream))
    })
  })
)
