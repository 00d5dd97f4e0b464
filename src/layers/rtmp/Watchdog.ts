/** Ends a session when its peer is silent: one timer per period of silence, not one per read. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { SessionTimeout } from "./errors.ts"

/** What the peer does, counted. */
interface Activity {
  readonly messages: number
}

export class Watchdog {
  readonly #activity: Activity
  readonly #fail: (error: SessionTimeout) => void
  readonly #scope: Scope.Scope
  #fiber: Fiber.Fiber<void> | undefined

  /** The timer runs in `scope`. */
  constructor(activity: Activity, fail: (error: SessionTimeout) => void, scope: Scope.Scope) {
    this.#activity = activity
    this.#fail = fail
    this.#scope = scope
  }

  /**
   * From now on fails the session if nothing happens for `firstMillis`, and after that for `thenMillis`, asked anew each
   * time. SRS samples alike: silence is noticed after one to two periods. `Infinity` watches nothing.
   */
  expect(waitingFor: string, firstMillis: number, thenMillis = () => firstMillis): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const running = this.#fiber
      this.#fiber = undefined
      if (running !== undefined) yield* Fiber.interrupt(running)
      if (firstMillis === Infinity) return
      this.#fiber = yield* Effect.forkIn(this.#watch(waitingFor, firstMillis, thenMillis), this.#scope)
    })
  }

  #watch(waitingFor: string, first: number, then: () => number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      let millis = first
      let seen = this.#activity.messages
      while (true) {
        yield* Effect.sleep(millis)
        if (this.#activity.messages === seen) break
        seen = this.#activity.messages
        millis = then()
      }
      this.#fail(new SessionTimeout({ waitingFor, millis }))
    })
  }
}
