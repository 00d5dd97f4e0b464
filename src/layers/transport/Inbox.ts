/** What has arrived and waits to be read: the reading half of every connection, over sockets and in memory. */
import * as Effect from "effect/Effect"
import { concat } from "../../domain/bytes/bytes.ts"
import { ConnectionClosed, maxUnreadBytes } from "../../services/Transport.ts"

export class Inbox {
  readonly #flow: (open: boolean) => void
  #chunks: Array<Uint8Array> = []
  #bytes = 0
  #blocked = false
  #closed: ConnectionClosed | undefined
  #reader: ((effect: Effect.Effect<Uint8Array, ConnectionClosed>) => void) | undefined
  readonly #watchers = new Set<() => void>()
  bytesIn = 0

  /** `flow` stops and restarts the sender when more than `maxUnreadBytes` wait. */
  constructor(flow: (open: boolean) => void) {
    this.#flow = flow
  }

  /** Resumes the waiting reader on the caller's stack. */
  readonly arrived = (bytes: Uint8Array): void => {
    this.bytesIn += bytes.length
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      return reader(Effect.succeed(bytes))
    }
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > maxUnreadBytes && !this.#blocked) {
      this.#blocked = true
      this.#flow(false)
    }
  }

  readonly close = (reason: string): void => {
    if (this.#closed !== undefined) return
    this.#closed = new ConnectionClosed({ reason })
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
    const reader = this.#reader
    this.#reader = undefined
    reader?.(Effect.fail(this.#closed))
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.unshift(bytes)
    this.#bytes += bytes.length
  }

  #take(): Uint8Array {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : concat(this.#chunks)
    this.#chunks = []
    this.#bytes = 0
    if (this.#blocked) {
      this.#blocked = false
      this.#flow(true)
    }
    return bytes
  }

  readonly #wait: Effect.Effect<Uint8Array, ConnectionClosed> = Effect.callback((resume) => {
    this.#reader = resume
    return Effect.sync(() => {
      this.#reader = undefined
    })
  })

  /** What came before the close is still read, then the close. */
  readonly read: Effect.Effect<Uint8Array, ConnectionClosed> = Effect.suspend(() =>
    this.#chunks.length > 0
      ? Effect.succeed(this.#take())
      : this.#closed === undefined
        ? this.#wait
        : Effect.fail(this.#closed)
  )

  readonly closed: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#closed !== undefined) return resume(Effect.void)
    const watcher = () => resume(Effect.void)
    this.#watchers.add(watcher)
    return Effect.sync(() => this.#watchers.delete(watcher))
  })
}
