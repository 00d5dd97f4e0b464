/** A plain list, told in the log as it grows, and kept as the settings ask for. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Certificates } from "../../services/Certificates.ts"
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

interface Open {
  readonly scope: Scope.Closeable
  /** Of its certificate. */
  readonly contents: string
}

type Contents = (listener: WantedListener) => Effect.Effect<string, TransportFailed>

/** Opens and closes until those are open that are wanted. Fails with the first that cannot be opened, after all others. */
const adjust = Effect.fnUntraced(function* (
  open: Map<string, Open>,
  wanted: ReadonlyArray<WantedListener>,
  parent: Scope.Scope,
  contentsOf: Contents
): Effect.fn.Return<void, TransportFailed> {
  const [usable, unusable] = yield* Effect.partition(wanted, (listener) =>
    Effect.mapBoth(contentsOf(listener), {
      onFailure: (error) => ({ listener, error }),
      onSuccess: (contents) => ({ listener, contents })
    })
  )
  const stays = new Set(unusable.map(({ listener }) => listener.key))
  for (const { contents, listener } of usable)
    if (open.get(listener.key)?.contents === contents) stays.add(listener.key)
  for (const [key, { scope }] of open) {
    if (stays.has(key)) continue
    open.delete(key)
    yield* Scope.close(scope, Exit.void)
  }
  const [, failures] = yield* Effect.partition(
    usable.filter(({ listener }) => !open.has(listener.key)),
    Effect.fnUntraced(function* ({ contents, listener }) {
      const scope = yield* Scope.fork(parent)
      yield* Effect.onError(Scope.provide(listener.open, scope), () => Scope.close(scope, Exit.void))
      open.set(listener.key, { scope, contents })
    })
  )
  const [first] = [...unusable.map(({ error }) => error), ...failures]
  if (first !== undefined) return yield* first
})

export const layer = Layer.effect(
  Listeners,
  Effect.gen(function* () {
    const settings = yield* Settings
    const certificates = yield* Certificates
    /** At ports where proxies speak before TLS, another one listens: who does is settled when it is opened. */
    const contentsOf: Contents = ({ tls }) =>
      tls === undefined
        ? Effect.succeed("")
        : Effect.map(certificates.contents(tls), (text) => `${text} ${settings.current().trustedProxies.proxyProtocol}`)
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
      const open = new Map<string, Open>()
      const look = Effect.suspend(() => adjust(open, closing ? [] : wanted(), scope, contentsOf))
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
