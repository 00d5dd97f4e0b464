/** What a connection does on one of its streams: a publish, or a play, which is its viewer's sink too. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Sink, Viewer } from "../../services/Playback.ts"
import type { Connection, DrainListener } from "../../services/Transport.ts"
import { spanSince } from "../telemetry/held.ts"

export class Activity implements Sink, DrainListener {
  readonly streamId: number
  /** Tells the plays of one connection apart; `undefined` of a publish. */
  readonly place: number | undefined
  /** Ends with it. */
  readonly scope = Scope.makeUnsafe()
  viewer: Viewer | undefined
  readonly #connection: Connection
  #drainListener: DrainListener | undefined
  /** Nanoseconds: the beginning of its span. A number, which takes no memory of its own. */
  #permittedAt: number | undefined

  constructor(connection: Connection, streamId: number, place?: number) {
    this.#connection = connection
    this.streamId = streamId
    this.place = place
  }

  /** The Clock's time. */
  permitted(atNanos: bigint): void {
    this.#permittedAt = Number(atNanos)
  }

  write(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  queuedBytes(): number {
    return this.#connection.queuedBytes()
  }

  onDrain(listener: DrainListener): void {
    this.#drainListener = listener
  }

  /** The connection, which all plays on it share, has drained. */
  drained(): void {
    this.#drainListener?.drained()
  }

  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const released = Scope.close(this.scope, exit)
    if (this.#permittedAt === undefined) return released
    const name = this.place === undefined ? "rtmp.publish" : "rtmp.play"
    return Effect.ensuring(released, spanSince(name, BigInt(this.#permittedAt), exit))
  }
}
