/**
 * Delivers what only informs: in order within a lane, with retries, from a bounded queue. A lane is what must stay in
 * order (a stream's publishes, a player) and one URL, so that a server which hangs holds up nothing else, but for
 * `on_close`, the last word about a client, which waits a while for the words before it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import type { TellingEvent } from "../../domain/hooks/body.ts"
import type { DeadLetter } from "../../services/Hooks.ts"
import type { Call, Callers } from "./Callers.ts"

/** Letters that wait; further ones are dead at once. */
export const maxLetters = 10_000
/** Letters that were given up: the newest are kept. */
export const maxDeadLetters = 1000
/** Calls under way at a time. */
export const maxDeliveries = 64
/** To deliver one letter. */
export const maxAttempts = 8
/** Wait before the second attempt; each further one doubles it. */
export const retryMillis = 1000
export const maxRetryMillis = 60_000

/** What must come after letters to other URLs waits for them so long at most. */
export const orderMillis = 3000

export interface Letter extends Call {
  readonly event: TellingEvent
  readonly lane: string
}

interface Posted {
  readonly letter: Letter
  readonly done: Latch.Latch
  /** What was told before it, to whatever URL, and must be delivered first. */
  readonly after: ReadonlyArray<Posted>
}

const allDone = (letters: Iterable<Posted>): Effect.Effect<void> =>
  Effect.forEach(letters, ({ done }) => done.await, { discard: true })

export class Courier {
  readonly #callers: Callers
  readonly #fork: (lane: Effect.Effect<void>) => void
  readonly #lanes = new Map<string, Array<Posted>>()
  readonly #places = Semaphore.makeUnsafe(maxDeliveries)
  /** Letters by lane, of all URLs. */
  readonly #open = new Map<string, Set<Posted>>()
  #letters = 0
  #dead: Array<{ readonly letter: Letter; readonly reason: string; readonly diedAt: number }> = []

  /** `fork` runs a lane for as long as the server lives. */
  constructor(callers: Callers, fork: (lane: Effect.Effect<void>) => void) {
    this.#callers = callers
    this.#fork = fork
  }

  post(letter: Letter): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#letters >= maxLetters) return this.#bury(letter, `more than ${maxLetters} callbacks wait`)
      this.#letters++
      const open = this.#open.get(letter.lane) ?? new Set()
      const after = letter.event === "on_close" ? [...open] : []
      const posted: Posted = { letter, done: Latch.makeUnsafe(false), after }
      this.#open.set(letter.lane, open.add(posted))
      const key = `${letter.lane} ${letter.url}`
      const lane = this.#lanes.get(key)
      if (lane !== undefined) return Effect.sync(() => void lane.push(posted))
      const letters = [posted]
      this.#lanes.set(key, letters)
      this.#fork(this.#run(key, letters))
      return Effect.void
    })
  }

  /** Waits until nothing of the lane is under way. */
  idle(lane: string): Effect.Effect<void> {
    return Effect.suspend(() => allDone([...(this.#open.get(lane) ?? [])]))
  }

  #run(key: string, letters: Array<Posted>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      while (letters.length > 0) {
        const { after, letter } = letters[0]
        yield* Effect.timeoutOption(allDone(after), orderMillis)
        yield* this.#deliver(letter)
        const [posted] = letters.splice(0, 1)
        this.#letters--
        this.#close(posted)
      }
      this.#lanes.delete(key)
    })
  }

  #close(posted: Posted): void {
    const { lane } = posted.letter
    const open = this.#open.get(lane)
    open?.delete(posted)
    if (open?.size === 0) this.#open.delete(lane)
    posted.done.openUnsafe()
  }

  #deliver(letter: Letter): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      let wait = retryMillis
      for (let attempt = 1; ; attempt++) {
        const outcome = yield* this.#places.withPermits(1)(this.#callers.call(letter))
        if (outcome.kind === "accepted") return
        yield* tellFailure(letter, attempt, outcome.reason)
        if (outcome.kind === "rejected" || letter.isNotice === true) return
        if (attempt === maxAttempts) return yield* this.#bury(letter, outcome.reason)
        yield* Effect.sleep(Math.max(wait, outcome.waitMillis))
        wait = Math.min(wait * 2, maxRetryMillis)
      }
    })
  }

  #bury(letter: Letter, reason: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.#dead.push({ letter, reason, diedAt: yield* Clock.currentTimeMillis })
      if (this.#dead.length > maxDeadLetters) this.#dead.shift()
      yield* Effect.logError("callback given up").pipe(
        Effect.annotateLogs({ ...factsOf(letter), "hook.reason": reason })
      )
    })
  }

  /** Letters that are not delivered yet. */
  readonly waiting = (): number => this.#letters

  readonly deadLetters = (): ReadonlyArray<DeadLetter> =>
    this.#dead.map(({ diedAt, letter: { body, event, idempotencyKey, url }, reason }) => ({
      event,
      url,
      body,
      idempotencyKey,
      reason,
      diedAt
    }))

  readonly replay: Effect.Effect<number> = Effect.suspend(() => {
    const dead = this.#dead
    this.#dead = []
    return Effect.as(
      Effect.forEach(dead, ({ letter }) => this.post(letter), { discard: true }),
      dead.length
    )
  })
}

const factsOf = ({ event, url }: Letter) => ({ "hook.event": event, "hook.url": url })

const tellFailure = (letter: Letter, attempt: number, reason: string): Effect.Effect<void> =>
  Effect.logWarning("callback failed").pipe(
    Effect.annotateLogs({ ...factsOf(letter), "hook.attempt": attempt, "hook.reason": reason })
  )
