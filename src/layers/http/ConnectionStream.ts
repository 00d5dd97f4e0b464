/**
 * A Connection as a stream of `node:stream`, for `node:http` and `ws` to serve: the same on all runtimes, over TCP, TLS
 * and in memory. It can be detached, which gives the connection back.
 */
import { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import { type Connection, ConnectionClosed, type DrainListener } from "../../services/Transport.ts"

/** More than any socket's high-water mark, below which nobody tells of a drain. */
export const maxQueuedBytes = 65_536
/** Requests of one connection that wait for their turn. */
export const maxPipelined = 16

const endEvents = ["finish", "close", "stop"] as const
const noBytes = new Uint8Array(0)

export class ConnectionStream extends Duplex implements DrainListener {
  readonly connection: Connection
  #detached = false
  #stopped = false
  #peerLeft = false
  #bytesSinceLeft = 0
  #pending: (() => void) | undefined
  #readable = true
  #requests = 0
  #wake: (() => void) | undefined
  #drainListener: DrainListener | undefined

  constructor(connection: Connection) {
    super({ allowHalfOpen: true })
    this.connection = connection
    connection.onDrain(this)
    this.on("error", () => undefined)
  }

  /** Moves what arrives into the stream, as fast as it is read, until the peer has left. */
  readonly pump: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (!this.destroyed) {
      yield* this.wanted
      const bytes = yield* this.connection.read
      this.#readable = false
      if (this.push(bytes)) this.#readable = true
    }
  }).pipe(Effect.catchTag("ConnectionClosed", () => Effect.sync(() => this.#left())))

  /** A peer that only says no more may still take a short answer. One that took nothing before it left is gone. */
  #left(): void {
    this.#peerLeft = true
    if (this.#pending !== undefined) this.destroy()
    else if (!this.destroyed) this.push(null)
  }

  /** Waits until more may be read. */
  readonly wanted: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#wantsMore()) return resume(Effect.void)
    this.#wake = () => {
      if (!this.#wantsMore()) return
      this.#wake = undefined
      resume(Effect.void)
    }
  })

  #wantsMore(): boolean {
    return this.destroyed || (this.#readable && this.#requests <= maxPipelined)
  }

  /** Counts the requests that were parsed and not taken up yet: when they are many, no more is read. */
  countRequests(change: 1 | -1): void {
    this.#requests += change
    this.#wake?.()
  }

  /** Waits until the connection has been handed all that was written here. */
  readonly flushed: Effect.Effect<void, ConnectionClosed> = Effect.callback((resume) => {
    const closed = Effect.fail(new ConnectionClosed({ reason: "closed here" }))
    if (this.destroyed) return resume(closed)
    if (this.writableLength === 0) return resume(Effect.void)
    // `drain` comes only after writes that said false.
    this.write(noBytes, (error) => resume(error ? closed : Effect.void))
  })

  /** Waits the same, then writes nothing to the connection any more. `pump` is its owner's to stop. */
  readonly detach: Effect.Effect<void, ConnectionClosed> = Effect.suspend(() =>
    Effect.map(this.flushed, () => {
      this.#detached = true
    })
  )

  /**
   * Waits until whoever writes to the stream has ended it, and all of it was handed over, or until it was destroyed or
   * `stop` was called.
   */
  readonly untilEnded: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.closed || this.writableFinished || this.#stopped) return resume(Effect.void)
    const listener = () => resume(Effect.void)
    for (const event of endEvents) this.once(event, listener)
    return Effect.sync(() => {
      for (const event of endEvents) this.off(event, listener)
    })
  })

  /** Lets whoever waits for the end go on. */
  stop(): void {
    this.#stopped = true
    this.emit("stop")
  }

  /** Bytes written to the stream that the kernel has not taken. */
  queuedBytes(): number {
    return this.writableLength + this.connection.queuedBytes()
  }

  /** One listener, told when `queuedBytes` has fallen to 0. */
  onDrain(listener: DrainListener): void {
    this.#drainListener = listener
  }

  override _read(): void {
    this.#readable = true
    this.#wake?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#take(chunk, done)
  }

  override _writev(chunks: Array<{ chunk: Uint8Array; encoding: BufferEncoding }>, done: () => void): void {
    this.#take(chunks.length === 1 ? chunks[0].chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: () => void): void {
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wake?.()
    this.#pending?.()
    done(error)
  }

  #take(bytes: Uint8Array, done: () => void): void {
    if (this.#detached || this.destroyed) return done()
    if (bytes.length > 0) this.connection.write(bytes)
    if (this.#peerLeft && (this.#bytesSinceLeft += bytes.length) > maxQueuedBytes) return void this.destroy()
    if (this.connection.queuedBytes() <= maxQueuedBytes) return done()
    this.#pending = done
  }

  /** Of the connection. */
  drained(): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.()
    if (this.queuedBytes() === 0) this.#drainListener?.drained()
  }
}
