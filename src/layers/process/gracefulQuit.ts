/** SIGQUIT: the end that waits for the clients to go (config.md 10). */
import * as Effect from "effect/Effect"
import { ProcessControl } from "../../services/ProcessControl.ts"

export interface GracefulQuitOptions {
  /** `grace_start_wait`, before the listeners close. */
  readonly startWaitMillis: number
  /** `grace_final_wait`, after the last client has gone. */
  readonly finalWaitMillis: number
  readonly closeListeners: Effect.Effect<void>
  /** Connections over TCP, of any protocol. */
  readonly connections: () => number
}

export const pollMillis = 1000

/** Takes no new client, waits for those there are, and quits. SIGINT and SIGTERM end the waiting at any time. */
export const gracefulQuit = Effect.fnUntraced(function* (options: GracefulQuitOptions) {
  const control = yield* ProcessControl
  yield* Effect.logInfo("graceful quit started")
  yield* Effect.sleep(options.startWaitMillis)
  yield* options.closeListeners
  for (let left = options.connections(); left > 0; left = options.connections()) {
    yield* Effect.logInfo(`wait for ${left} conns to quit`)
    yield* Effect.sleep(pollMillis)
  }
  yield* Effect.sleep(options.finalWaitMillis)
  yield* control.quit
})
