/** What has arrived and waits to be read: the reading half of every connection, over sockets and in memory. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { concat } from "../../domain/bytes/bytes.ts"
import { ConnectionClosed, maxUnreadBytes, type Reader } from "../../services/Transport.ts"

/** Who waits: takes what arrives, or learns that nothing will. */
interface Waiting extends Reader {
  /** Keeps what it takes. */
  readonly keeps?: boolean
}

const noBytes = new Uint8Array(0)

/** What fills an inbox. */
export interface Sender {
  /** Stops and restarts it: it is stopped while more than `maxUnreadBytes` wait. */
  readonly flow: (open: boolean) => void
}

/** How nearly all connections end. One for all: its trace says nothing, and takes 20 µs. */
const peerClosed = new ConnectionClosed({ reason: "peer closed" })

export class Inbox {
  readonly #sender: Sender
  /** Most connections wait for their peer: nobody has an empty list. */
  #chunks: Array<Uint8Array> | undefined
  #bytes = 0
  #blocked = false
  #closed: ConnectionClosed | undefined
  #reader: Waiting | undefined
  #watchers: Array<() => void> | undefined
  bytesIn = 0

  constructor(sender: Sender) {
    this.#sender = sender
  }

  /** Calls the waiting reader on the caller's stack. Bytes that are `lent` may change after the call. */
  arrived(bytes: Uint8Array, lent = false): void {
    this.bytesIn += bytes.length
    const reader = this.#reader
    if (reader !== undefined) {
      const end = endAfter(reader, lent && reader.keeps ? bytes.slice() : bytes)
      if (end === undefined) return
      // Free before somebody else reads inside the next call.
      this.#release(reader)
      return reader.ended(end)
    }
    ;(this.#chunks ??= []).push(lent ? bytes.slice() : bytes)
    this.#bytes += bytes.length
    if (this.#bytes > maxUnreadBytes && !this.#blocked) {
      this.#blocked = true
      this.#sender.flow(false)
    }
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = reason === peerClosed.reason ? peerClosed : new ConnectionClosed({ reason })
    for (const watcher of this.#watchers ?? []) watcher()
    this.#watchers = undefined
    const reader = this.#reader
    this.#reader = undefined
    reader?.ended(Exit.fail(this.#closed))
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
    this.#chunks = [bytes, ...(this.#chunks ?? [])]
    this.#bytes += bytes.length
  }

  /** What came before the close is still read, then the close. */
  get read(): Effect.Effect<Uint8Array, ConnectionClosed> {
    return Effect.callback((resume) => {
      let bytes = this.#take()
      if (bytes !== undefined) return resume(Effect.succeed(bytes))
      return this.#wait({
        take: (arrived) => {
          bytes = arrived
          return false
        },
        keeps: true,
        ended: (exit) => resume(Exit.map(exit, () => bytes ?? noBytes))
      })
    })
  }

  /** Gives `reader` what waits and all that arrives, until it has enough. */
  readBy(reader: Reader): void {
    // Before it waits: the sender may go on while this empties the inbox, and its bytes come after these.
    for (let bytes = this.#take(); bytes !== undefined; bytes = this.#take()) {
      const end = endAfter(reader, bytes)
      if (end !== undefined) return reader.ended(end)
    }
    this.#wait(reader)
  }

  /** Calls `onBytes` with what waits and with all that arrives, until it returns false. What it throws is a defect. */
  readWhile(onBytes: (bytes: Uint8Array) => boolean): Effect.Effect<void, ConnectionClosed> {
    return Effect.callback((resume) => {
      this.readBy({ take: onBytes, ended: resume })
      const waiting = this.#reader
      return waiting === undefined ? undefined : Effect.sync(() => this.#release(waiting))
    })
  }

  /** Unless another one waits meanwhile. */
  #release(waiting: Waiting): void {
    if (this.#reader === waiting) this.#reader = undefined
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
  #wait(reader: Waiting): Effect.Effect<void> | undefined {
    if (this.#closed !== undefined) {
      reader.ended(Exit.fail(this.#closed))
      return undefined
    }
    this.#reader = reader
    return Effect.sync(() => this.#release(reader))
  }

  #take(): Uint8Array | undefined {
    const chunks = this.#chunks
    if (chunks === undefined) return undefined
    this.#chunks = undefined
    this.#bytes = 0
    if (this.#blocked) {
      this.#blocked = false
      this.#sender.flow(true)
    }
    return chunks.length === 1 ? chunks[0] : concat(chunks)
  }
}

/** How its reading ends with these bytes; `undefined` if it goes on. A throw on the socket's stack would end the process. */
const endAfter = (reader: Reader, bytes: Uint8Array): Exit.Exit<void> | undefined => {
  try {
    return reader.take(bytes) ? undefined : Exit.void
  } catch (defect) {
    return Exit.die(defect)
  }
}
