/** Requests that wait for what is not written yet (low-latency HLS): a bounded number, each for a bounded time. */
import * as Effect from "effect/Effect"

/** Of one stream. Who comes then is told to come again. */
export const maxWaiting = 10_000

export type Waited = "ready" | "late" | "crowded"

interface Waiter {
  readonly isReady: () => boolean
  readonly resume: (waited: Waited) => void
}

export class Waiters {
  readonly #waiting = new Set<Waiter>()

  /** Until `isReady`, which is asked at each change; `late` after so long, or when nothing more comes. */
  wait(isReady: () => boolean, limitMillis: number): Effect.Effect<Waited> {
    const waiting = Effect.callback<Waited>((resume) => {
      if (isReady()) return resume(Effect.succeed("ready"))
      if (this.#waiting.size >= maxWaiting) return resume(Effect.succeed("crowded"))
      const waiter: Waiter = { isReady, resume: (waited) => resume(Effect.succeed(waited)) }
      this.#waiting.add(waiter)
      return Effect.sync(() => this.#waiting.delete(waiter))
    })
    return Effect.timeoutOrElse(waiting, { duration: limitMillis, orElse: () => Effect.succeed("late") })
  }

  /** Something has changed. They go on within this call. */
  check(): void {
    for (const waiter of this.#waiting) if (waiter.isReady()) this.#release(waiter, "ready")
  }

  /** Nothing more will come. */
  releaseAll(): void {
    for (const waiter of this.#waiting) this.#release(waiter, waiter.isReady() ? "ready" : "late")
  }

  #release(waiter: Waiter, waited: Waited): void {
    this.#waiting.delete(waiter)
    waiter.resume(waited)
  }
}
