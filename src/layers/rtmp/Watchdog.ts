/** Ends a session when its peer is silent, or does not do in time what it must. One loop looks after all sessions. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { SessionTimeout } from "./errors.ts"

/** A timeout is noticed so much later at most. */
export const lookMillis = 1000

/** All that is watched. */
export class Watch {
  readonly #clock: Clock.Clock
  readonly #watchdogs = new Set<Watchdog>()

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  add(watchdog: Watchdog): void {
    this.#watchdogs.add(watchdog)
  }

  remove(watchdog: Watchdog): void {
    this.#watchdogs.delete(watchdog)
  }

  /** Monotonic milliseconds. */
  now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1_000_000
  }

  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* Effect.sleep(lookMillis)
      const now = this.now()
      for (const watchdog of this.#watchdogs) watchdog.look(now)
    }
  })
}

/** What the peer does, counted. */
interface Activity {
  readonly messages: number
}

interface Owner {
  readonly fail: (error: SessionTimeout) => void
}

export class Watchdog {
  readonly #watch: Watch
  readonly #activity: Activity
  readonly #owner: Owner
  #waitingFor = ""
  #millis = 0
  #endMillis = 0
  #seen = 0
  /** How long the next period of silence may be; `undefined` if no activity puts off the end. */
  #thenMillis: (() => number) | undefined

  constructor(watch: Watch, activity: Activity, owner: Owner) {
    this.#watch = watch
    this.#activity = activity
    this.#owner = owner
  }

  /**
   * From now on fails the session if nothing happens for `firstMillis`, and after that for `thenMillis`, asked anew each
   * time. SRS samples alike: silence is noticed after one to two periods.
   */
  expect(waitingFor: string, firstMillis: number, thenMillis = () => firstMillis): void {
    this.demand(waitingFor, firstMillis)
    this.#thenMillis = thenMillis
  }

  /** From now on fails the session after this time, whatever happens. */
  demand(waitingFor: string, millis: number): void {
    this.#waitingFor = waitingFor
    this.#thenMillis = undefined
    this.#begin(millis, this.#watch.now())
    this.#watch.add(this)
  }

  /** Nothing is expected. */
  rest(): void {
    this.#thenMillis = undefined
    this.#watch.remove(this)
  }

  #begin(millis: number, now: number): void {
    this.#millis = millis
    this.#endMillis = now + millis
    this.#seen = this.#activity.messages
  }

  /** Of the loop. */
  look(now: number): void {
    if (now < this.#endMillis) return
    const hasActed = this.#activity.messages !== this.#seen
    if (hasActed && this.#thenMillis !== undefined) return this.#begin(this.#thenMillis(), now)
    this.rest()
    this.#owner.fail(new SessionTimeout({ waitingFor: this.#waitingFor, millis: this.#millis }))
  }
}
