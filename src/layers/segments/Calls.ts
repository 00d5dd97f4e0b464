/** Calls that must answer within a time: one timer watches them all, where each would have one of its own. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { DiskError } from "./Disk.ts"

/** Runs an effect in a scope that outlives its caller. */
export type Run = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

/** Begins a call. `isOpen` tells whether anybody still waits for it. */
export type Begin<A> = (done: (error: DiskError | null, value: A) => void, isOpen: () => boolean) => void

interface Call {
  readonly startedAt: number
  /** Gives it up. */
  readonly late: () => void
}

export class Calls {
  readonly #run: Run
  readonly #clock: Clock.Clock
  readonly #limitMillis: number
  /** Oldest first. */
  readonly #open = new Set<Call>()
  #watched = false

  constructor(run: Run, clock: Clock.Clock, limitMillis: number) {
    this.#run = run
    this.#clock = clock
    this.#limitMillis = limitMillis
  }

  /** The call's answer, or the failure if there is none in time. Nobody waits for a call that was given up. */
  within<A, E>(begin: Begin<A>, failed: (reason: string) => E): Effect.Effect<A, E> {
    return Effect.callback((resume) => {
      const call: Call = {
        startedAt: this.#clock.currentTimeMillisUnsafe(),
        late: () => resume(Effect.fail(failed(`no answer in ${this.#limitMillis} ms`)))
      }
      this.#open.add(call)
      begin(
        (error, value) => {
          if (!this.#open.delete(call)) return
          resume(error === null ? Effect.succeed(value) : Effect.fail(failed(error.message)))
        },
        () => this.#open.has(call)
      )
      if (!this.#watched && this.#open.size > 0) this.#watch()
      return Effect.sync(() => this.#open.delete(call))
    })
  }

  #watch(): void {
    this.#watched = true
    this.#run(
      Effect.gen({ self: this }, function* () {
        while (true) {
          const [oldest] = this.#open
          if (oldest === undefined) break
          const left = oldest.startedAt + this.#limitMillis - this.#clock.currentTimeMillisUnsafe()
          if (left > 0) yield* Effect.sleep(left)
          else if (this.#open.delete(oldest)) oldest.late()
        }
        this.#watched = false
      })
    )
  }
}
