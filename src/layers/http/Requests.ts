/**
 * The requests of one connection, read on the socket's own stack. A request whose answer is there already is answered
 * there; the others wake the connection's fiber.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { type RequestHead, RequestHeadReader } from "../../domain/http/RequestHead.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import { maxQueuedBytes } from "./ConnectionStream.ts"
import { answerTimeoutMillis } from "./plainAnswer.ts"

/** From the connection, or the last answer, to the end of the next request's head. */
export const headTimeoutMillis = 30_000

const noBytes = new Uint8Array(0)

export interface RequestsOptions {
  readonly connection: Connection
  readonly clock: Clock.Clock
  /** Answers at once if it can. A plain call. */
  readonly ready: (head: RequestHead) => boolean
}

export class Requests {
  readonly #options: RequestsOptions
  readonly #reader = new RequestHeadReader()
  #found: RequestHead | BadRequest | undefined
  #activeAt: number

  constructor(options: RequestsOptions) {
    this.#options = options
    this.#activeAt = options.clock.currentTimeMillisUnsafe()
  }

  /** All that was read and not answered: the head that was given last, and what came behind it. */
  get unanswered(): Uint8Array {
    return this.#reader.bytes
  }

  /** The next request that is not answered yet; `undefined` when none came in time. The one before has been answered. */
  get next(): Effect.Effect<RequestHead | undefined, BadRequest | ConnectionClosed> {
    return Effect.gen({ self: this }, function* () {
      this.#activeAt = this.#options.clock.currentTimeMillisUnsafe()
      this.#reader.take()
      if (this.#push(noBytes)) {
        yield* Effect.raceFirst(this.#options.connection.readWhile(this.#push), this.#untilIdle)
      }
      const found = this.#found
      this.#found = undefined
      if (found instanceof BadRequest) return yield* found
      if (found === undefined && this.#reader.bytes.length > 0) {
        return yield* new BadRequest({ status: 408, reason: "no request" })
      }
      return found
    })
  }

  /** Whether it goes on reading. */
  readonly #push = (bytes: Uint8Array): boolean => {
    const { clock, connection, ready } = this.#options
    for (let input = bytes; ; input = noBytes) {
      const read = this.#reader.push(input)
      if (Result.isFailure(read)) {
        this.#found = read.failure
        return false
      }
      const head = read.success
      if (head === undefined) return true
      // Who asks on and on without taking what it gets has to wait.
      if (connection.queuedBytes() > maxQueuedBytes || !ready(head)) {
        this.#found = head
        return false
      }
      this.#reader.take()
      this.#activeAt = clock.currentTimeMillisUnsafe()
    }
  }

  /** No request for too long; or answers that are not taken, of which nothing moves. */
  readonly #untilIdle: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { clock, connection } = this.#options
    let queued = 0
    while (true) {
      const now = clock.currentTimeMillisUnsafe()
      if (connection.queuedBytes() !== queued) this.#activeAt = now
      queued = connection.queuedBytes()
      const left = this.#activeAt + (queued > 0 ? answerTimeoutMillis : headTimeoutMillis) - now
      if (left <= 0) return
      yield* Effect.sleep(left)
    }
  })
}
