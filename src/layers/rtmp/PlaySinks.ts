/** One connection as the sink of each play on it: all of them hear when it has drained. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Sink } from "../../services/Playback.ts"
import type { Connection } from "../../services/Transport.ts"

class PlaySink implements Sink {
  readonly #connection: Connection
  drained: () => void = () => undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  write(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  queuedBytes(): number {
    return this.#connection.queuedBytes()
  }

  onDrain(listener: () => void): void {
    this.drained = listener
  }
}

export class PlaySinks {
  readonly #connection: Connection
  #sinks: ReadonlyArray<PlaySink> = []

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onDrain(() => {
      for (const sink of this.#sinks) sink.drained()
    })
  }

  /** For one play, until its scope closes. */
  get open(): Effect.Effect<Sink, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        const sink = new PlaySink(this.#connection)
        this.#sinks = [...this.#sinks, sink]
        return sink
      }),
      (sink) =>
        Effect.sync(() => {
          this.#sinks = this.#sinks.filter((other) => other !== sink)
        })
    )
  }
}
