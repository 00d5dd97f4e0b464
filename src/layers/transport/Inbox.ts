/** What has arrived and waits to be read: the reading half of every connection, over sockets and in memory. */
import * as Effect from "effect/Effect"
import { concat } from "../../domain/bytes/bytes.ts"
import { ConnectionClosed, maxUnreadBytes } from "../../services/Transport.ts"

/** Who waits: takes what arrives, or learns that nothing will. */
interface Reader {
  readonly take: (bytes: Uint8Array) => unknown
  /** Keeps nothing of what it takes. */
  readonly borrows: boolean
  readonly closed: (error: ConnectionClosed) => void
}

export class Inbox {
  readonly #flow: (open: boolean) => void
  #chunks: Array<Uint8Array> = []
  #bytes = 0
  #blocked = false
  #closed: ConnectionClosed | undefined
  #reader: Reader | undefined
  #watchers: Array<() => void> | undefined
  bytesIn = 0

  /** `flow` stops and restarts the sender when more than `maxUnreadBytes` wait. */
  constructor(flow: (open: boolean) => void) {
    this.#flow = flow
  }

  /** Calls the waiting reader on the caller's stack. Bytes that are `lent` may change after the call. */
  arrived(bytes: Uint8Array, lent = false): void {
    this.bytesIn += bytes.length
    if (this.#reader !== undefined) {
      this.#reader.take(lent && !this.#reader.borrows ? bytes.slice() : bytes)
      return
    }
    this.#chunks.push(lent ? bytes.slice() : bytes)
    this.#bytes += bytes.length
    if (this.#bytes > maxUnreadBytes && !this.#blocked) {
      this.#blocked = true
      this.#flow(false)
    }
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = new ConnectionClosed({ reason })
    for (const watcher of this.#watchers ?? []) watcher()
    this.#watchers = undefined
    const reader = this.#reader
    this.#reader = undefined
    reader?.closed(this.#closed)
  }

  /** The sender is stopped until somebody reads. */
  get isBlocked(): boolean {
    return this.#blocked
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.unshift(bytes)
    this.#bytes += bytes.length
  }

  /** What came before the close is still read, then the close. */
  get read(): Effect.Effect<Uint8Array, ConnectionClosed> {
    return Effect.callback((resume) => {
      if (this.#chunks.length > 0) return resume(Effect.succeed(this.#take()))
      return this.#wait({
        take: (bytes) => {
          // Free before the fiber goes on, and perhaps reads again, inside this very call.
          this.#reader = undefined
          resume(Effect.succeed(bytes))
        },
        borrows: false,
        closed: (error) => resume(Effect.fail(error))
      })
    })
  }

  /** Calls `onBytes` with what waits and with all that arrives, until it returns false. What it throws is a defect. */
  readWhile(onBytes: (bytes: Uint8Array) => boolean): Effect.Effect<void, ConnectionClosed> {
    return Effect.callback((resume) => {
      /** Whether it goes on. */
      const take = (bytes: Uint8Array): boolean => {
        const goesOn = guarded(onBytes, bytes)
        if (goesOn === true) return true
        this.#reader = undefined
        resume(goesOn === false ? Effect.void : Effect.die(goesOn.defect))
        return false
      }
      // Before it is the reader: the sender may go on while this empties the inbox, and its bytes come after these.
      while (this.#chunks.length > 0) if (!take(this.#take())) return undefined
      return this.#wait({ take, borrows: true, closed: (error) => resume(Effect.fail(error)) })
    })
  }

  get closed(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.#closed !== undefined) return resume(Effect.void)
      const watcher = () => resume(Effect.void)
      this.#watchers = [...(this.#watchers ?? []), watcher]
      return Effect.sync(() => {
        this.#watchers = this.#watchers?.filter((other) => other !== watcher)
      })
    })
  }

  /** Makes it the reader, or tells it of the close; returns what takes that back. */
  #wait(reader: Reader): Effect.Effect<void> | undefined {
    if (this.#closed !== undefined && this.#chunks.length === 0) {
      reader.closed(this.#closed)
      return undefined
    }
    this.#reader = reader
    return Effect.sync(() => {
      if (this.#reader === reader) this.#reader = undefined
    })
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
}

/** A throw on the socket's stack would end the process: here it becomes a value. */
const guarded = (
  onBytes: (bytes: Uint8Array) => boolean,
  bytes: Uint8Array
): boolean | { readonly defect: unknown } => {
  try {
    return onBytes(bytes)
  } catch (defect) {
    return { defect }
  }
}
