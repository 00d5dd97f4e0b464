/** One connection as the sink of each play on it: all of them hear when it has drained. */
import type { Sink } from "../../services/Playback.ts"
import type { Connection, DrainListener } from "../../services/Transport.ts"

class PlaySink implements Sink {
  readonly #connection: Connection
  #listener: DrainListener | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  write(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  queuedBytes(): number {
    return this.#connection.queuedBytes()
  }

  onDrain(listener: DrainListener): void {
    this.#listener = listener
  }

  drained(): void {
    this.#listener?.drained()
  }
}

export class PlaySinks implements DrainListener {
  readonly #connection: Connection
  #sinks: ReadonlyArray<PlaySink> = []

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onDrain(this)
  }

  /** Of the connection. */
  drained(): void {
    for (const sink of this.#sinks) sink.drained()
  }

  /** For the play that has this place now: whoever had it before has left. */
  open(place: number): Sink {
    const sink = new PlaySink(this.#connection)
    this.#sinks = [...this.#sinks.slice(0, place), sink, ...this.#sinks.slice(place + 1)]
    return sink
  }
}
