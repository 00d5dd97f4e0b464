/** HTTP callbacks: asking others who may connect, publish and play, and telling them what has ended. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AskingEvent, SegmentFacts, TellingEvent } from "../domain/hooks/body.ts"
import type { AccessRequest } from "./Authorizer.ts"

/** A callback server has refused, or has not given an answer that accepts. */
export class HookRefused extends Schema.TaggedError<HookRefused>()("HookRefused", {
  event: Schema.String,
  url: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.event} at ${this.url}: ${this.reason}`
  }
}

/** A callback that could not be delivered. */
export interface DeadLetter {
  readonly event: TellingEvent
  readonly url: string
  readonly body: string
  /** As sent with each attempt, and again when it is replayed. */
  readonly idempotencyKey: string
  readonly reason: string
  /** When it was given up, milliseconds of the epoch. */
  readonly diedAt: number
}

/** A callback server that was called. */
export interface HookServer {
  /** `http(s)://host:port`. */
  readonly server: string
  /** Calls in a row that had no answer, or one of a server in trouble. */
  readonly failures: number
  /** How long it is not called any more (circuit breaker), milliseconds; 0 while it is. */
  readonly waitMillis: number
}

export class Hooks extends Context.Service<
  Hooks,
  {
    /** Asks each URL of the event, one after another; the first that does not accept refuses. */
    readonly ask: (event: AskingEvent, request: AccessRequest) => Effect.Effect<void, HookRefused>
    /** Returns at once; delivered in order, with retries, from a bounded queue. */
    readonly tell: (event: Exclude<TellingEvent, "on_hls" | "on_dvr">, request: AccessRequest) => Effect.Effect<void>
    /** The same for `on_hls` and `on_hls_notify`; the request is that of the publisher. */
    readonly segment: (request: AccessRequest, segment: SegmentFacts) => Effect.Effect<void>
    /** Callbacks that inform and are not delivered yet. */
    readonly waiting: () => number
    readonly servers: Effect.Effect<ReadonlyArray<HookServer>>
    /** The newest ones, the oldest first. */
    readonly deadLetters: () => ReadonlyArray<DeadLetter>
    /** Puts all dead letters back into the queue; how many there were. */
    readonly replay: Effect.Effect<number>
  }
>()("sluice/services/Hooks") {}
