/** Calls that must answer within a time: one timer watches them all, where each would have one of its own. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { IsWanted } from "../../services/SegmentStore.ts"
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

  /** The call's answer, or the failure if there is none in time. */
  within<A, E>(begin: Begin<A>, failed: (reason: string) => E): Effect.Effect<A, E> {
    return Effect.callback((resume) => {
      let isWanted = true
      this.begin<A>(
        begin,
        (reason, value) => resume(reason === undefined ? Effect.succeed(value as A) : Effect.fail(failed(reason))),
        () => isWanted
      )
      return Effect.sync(() => {
        isWanted = false
      })
    })
  }

  /** The same as a plain call: `told` gets the reason of a failure. Nobody waits for a call that is not wanted. */
  begin<A>(begin: Begin<A>, told: (reason: string | undefined, value?: A) => void, isWanted: IsWanted): void {
    const call: Call = {
      startedAt: this.#clock.currentTimeMillisUnsafe(),
      late: () => {
        if (isWanted()) told(`no answer in ${this.#limitMillis} ms`)
      }
    }
    this.#open.add(call)
    begin(
      (error, value) => {
        if (this.#open.delete(call) && isWanted()) told(error?.message, value)
      },
      () => this.#open.has(call) && isWanted()
    )
    if (!this.#watched && this.#open.size > 0) this.#watch()
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
