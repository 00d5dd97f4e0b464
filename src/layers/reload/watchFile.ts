/** Reloads when the file of the configuration has changed (`inotify_auto_reload`). */
import * as Fs from "node:fs"
import * as NodePath from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { Reload } from "../../services/Reload.ts"
import { Settings } from "../../services/Settings.ts"
import { background } from "../telemetry/background.ts"

/** An editor may write in several steps; Kubernetes swaps a link (SRS). */
export const quietMillis = 3000
/** What Kubernetes renames when it replaces a mounted ConfigMap. */
const kubernetesLink = "..data"

/** A directory that cannot be watched is told of. */
const watchDirectory = (path: string, onChange: () => void) => {
  const directory = NodePath.dirname(path)
  const name = NodePath.basename(path)
  const failed = (error: unknown) =>
    Effect.logWarning("the configuration cannot be watched").pipe(
      Effect.annotateLogs({ directory, reason: String(error) })
    )
  const open = Effect.try({
    try: () => {
      const watcher = Fs.watch(directory, { persistent: false }, (_event, file) => {
        if (file === name || file === kubernetesLink) onChange()
      })
      // Of a directory that goes away: there is nothing to watch any more.
      return watcher.on("error", () => watcher.close())
    },
    catch: (error) => error
  })
  return Effect.catch(
    Effect.asVoid(Effect.acquireRelease(open, (watcher) => Effect.sync(() => watcher.close()))),
    failed
  )
}

/** Until the scope closes. Only the main file is looked at, not what it includes. */
const watchFile = Effect.fnUntraced(function* (path: string) {
  const reload = yield* Reload
  const changes = yield* Queue.sliding<void>(1)
  yield* watchDirectory(path, () => void Queue.offerUnsafe(changes, undefined))
  yield* Effect.gen(function* () {
    yield* Queue.take(changes)
    yield* Effect.sleep(quietMillis)
    yield* Queue.clear(changes)
    yield* reload.run
  }).pipe(Effect.forever, background("configuration watch", { fatal: false }))
})

/** Watches as long as the settings ask for it, until the scope closes. */
export const followFile = Effect.fnUntraced(function* (path: string, isWanted: () => boolean) {
  const settings = yield* Settings
  const parent = yield* Effect.scope
  let watching: Scope.Closeable | undefined
  const look = Effect.gen(function* () {
    if (isWanted() === (watching !== undefined)) return
    if (watching !== undefined) {
      // Not awaited: it may be the watch itself that runs this reload.
      yield* Effect.forkDetach(Scope.close(watching, Exit.void))
      watching = undefined
      return
    }
    watching = yield* Scope.fork(parent)
    yield* Scope.provide(watchFile(path), watching)
  })
  const reload = yield* Reload
  yield* Effect.provideService(look, Reload, reload)
  yield* settings.onChange(() => Effect.provideService(look, Reload, reload))
})
