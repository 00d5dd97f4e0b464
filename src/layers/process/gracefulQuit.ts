/** SIGQUIT, and SIGTERM with `force_grace_quit`: the end that waits for the clients to go (config.md 10). */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Listeners } from "../../services/Listeners.ts"
import { ProcessControl } from "../../services/ProcessControl.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { background } from "../telemetry/background.ts"
import { onSignal } from "./signals.ts"

export const pollMillis = 1000

/** Takes no new client, waits for those there are, and quits. SIGINT and SIGTERM end the waiting at any time. */
export const quitGracefully = Effect.gen(function* () {
  const control = yield* ProcessControl
  const listeners = yield* Listeners
  const sessions = yield* Sessions
  const settings = yield* Settings
  const connections = (): number => {
    let count = 0
    for (const { connected } of sessions.all().values()) if (connected) count++
    return count
  }
  yield* Effect.logInfo("sig=3, user start gracefully quit")
  yield* Effect.sleep(settings.current().graceStartWaitMillis)
  yield* listeners.close
  for (let left = connections(); left > 0; left = connections()) {
    yield* Effect.logInfo(`wait for ${left} conns to quit`)
    yield* Effect.sleep(pollMillis)
  }
  yield* Effect.sleep(settings.current().graceFinalWaitMillis)
  yield* control.quit
})

/** Quits so when it is asked to, as long as the scope lives. */
export const followQuit = Effect.gen(function* () {
  const control = yield* ProcessControl
  const settings = yield* Settings
  const asked = Deferred.makeUnsafe<void>()
  yield* Effect.andThen(Deferred.await(asked), quitGracefully).pipe(background("graceful quit", { fatal: true }))
  yield* onSignal("SIGQUIT", Effect.asVoid(Deferred.succeed(asked, undefined)))
  yield* control.onTerminate(() => {
    // The second one is meant.
    if (Deferred.isDoneUnsafe(asked) || !settings.current().forceGraceQuit) return false
    Deferred.doneUnsafe(asked, Effect.void)
    return true
  })
})

/** The last words, as SRS has them. */
export const tellQuit = Effect.addFinalizer(() =>
  Effect.gen(function* () {
    const signal = (yield* ProcessControl).endedBy()
    if (signal !== undefined) yield* Effect.logInfo(`sig=${signal}, user terminate program, fast quit`)
    const [fast, grace] = signal === undefined ? [0, 1] : [1, 0]
    yield* Effect.logInfo(`cleanup for quit signal fast=${fast}, grace=${grace}`)
  })
)
