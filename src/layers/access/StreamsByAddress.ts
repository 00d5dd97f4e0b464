/** How many streams each address publishes and plays now. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export class StreamsByAddress {
  readonly #counts = new Map<string, number>()

  /** One more, for as long as the scope lives; false where there are as many as may be. 0 is no limit. */
  readonly enter = (address: string, limit: number): Effect.Effect<boolean, never, Scope.Scope> =>
    Effect.suspend(() => {
      const count = this.#counts.get(address) ?? 0
      if (limit > 0 && count >= limit) return Effect.succeed(false)
      this.#counts.set(address, count + 1)
      return Effect.as(
        Effect.addFinalizer(() => Effect.sync(() => this.#leave(address))),
        true
      )
    })

  #leave(address: string): void {
    const left = (this.#counts.get(address) ?? 1) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
