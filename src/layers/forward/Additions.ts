/** Destinations that were added while running, and not by the configuration. */
import * as Result from "effect/Result"
import { maxDestinations } from "../../domain/forward/backend.ts"
import { checkedDestination } from "../../domain/forward/destination.ts"
import { streamKey, type StreamName } from "../../domain/media/StreamName.ts"
import { ForwardRefused } from "../../services/Forwarder.ts"
import type { ForwardCounters } from "./ForwardCounters.ts"

/** Destinations that were added, of all streams. */
export const maxAdded = 1000

export interface Addition {
  readonly counters: ForwardCounters
  /** With password and variables. */
  readonly destination: string
}

export class Additions {
  readonly #byId = new Map<string, Addition>()

  /** Those of a stream, by its key. */
  of(stream: string): ReadonlyArray<Addition> {
    return [...this.#byId.values()].filter(({ counters }) => counters.stream === stream)
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  delete(id: string): boolean {
    return this.#byId.delete(id)
  }

  /** `made` is called for a destination that is admitted. */
  add(
    name: StreamName,
    destination: string,
    made: () => ForwardCounters
  ): Result.Result<ForwardCounters, ForwardRefused> {
    const refuse = (reason: string) => Result.fail(new ForwardRefused({ reason }))
    const checked = checkedDestination(destination, name)
    if (Result.isFailure(checked)) return refuse(checked.failure.message)
    const known = this.of(streamKey(name))
    if (known.some((addition) => addition.destination === destination)) return refuse("it is forwarded there already")
    if (known.length >= maxDestinations) return refuse(`more than ${maxDestinations} destinations of one stream`)
    if (this.#byId.size >= maxAdded) return refuse(`more than ${maxAdded} destinations`)
    const counters = made()
    this.#byId.set(counters.id, { counters, destination })
    return Result.succeed(counters)
  }
}
