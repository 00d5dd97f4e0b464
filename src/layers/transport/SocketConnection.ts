/** A Connection over a `node:net` or `node:tls` socket. */
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import { type Connection, ConnectionClosed } from "../../services/Transport.ts"
import { Inbox } from "./Inbox.ts"

/** How long a closing connection may take to hand over what is queued. */
export const endTimeoutMillis = 3000
/** A read shorter than this has emptied the kernel's buffer: a merged read may pause now. */
const fullReadBytes = 65_536

export const peerOf = (socket: Net.Socket): string => {
  const { remoteAddress = "", remotePort } = socket
  // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
  const address = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress
  return address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`
}

export class SocketConnection implements Connection {
  readonly peer: string
  readonly localPort: number
  readonly encrypted: boolean
  readonly socket: Net.Socket
  readonly #inbox: Inbox
  #bytesOut = 0
  #mergeMillis = 0
  #mergeTimer: ReturnType<typeof setTimeout> | undefined
  #drainListener: (() => void) | undefined

  constructor(socket: Net.Socket, encrypted: boolean) {
    this.socket = socket
    this.encrypted = encrypted
    this.peer = peerOf(socket)
    this.localPort = socket.localPort ?? 0
    this.#inbox = new Inbox((open) => (open ? socket.resume() : socket.pause()))
    socket.on("data", this.#onData)
    socket.on("drain", this.#onDrain)
    socket.on("error", (error) => this.#inbox.close(error.message))
    socket.on("end", () => this.#inbox.close("peer closed"))
    socket.on("close", () => {
      clearTimeout(this.#mergeTimer)
      this.#inbox.close("peer closed")
    })
  }

  readonly #onData = (bytes: Uint8Array): void => {
    if (this.#mergeMillis > 0 && bytes.length < fullReadBytes) queueMicrotask(this.#pauseToMerge)
    this.#inbox.arrived(bytes)
  }

  /** After the data handler has returned: a pause inside it starves the publisher on Bun. */
  readonly #pauseToMerge = (): void => {
    if (this.#mergeTimer !== undefined || this.#inbox.isClosed) return
    this.socket.pause()
    this.#mergeTimer = setTimeout(this.#endMerge, this.#mergeMillis)
  }

  readonly #endMerge = (): void => {
    this.#mergeTimer = undefined
    this.socket.resume()
  }

  readonly #onDrain = (): void => this.#drainListener?.()

  get read() {
    return this.#inbox.read
  }

  get closed() {
    return this.#inbox.closed
  }

  readonly stopReading = (reason: string): void => {
    this.#inbox.close(reason)
  }

  readonly unread = (bytes: Uint8Array): void => this.#inbox.unread(bytes)

  readonly write = (bytes: Uint8Array): void => {
    if (this.socket.destroyed) return
    this.#bytesOut += bytes.length
    this.socket.write(bytes)
  }

  readonly queuedBytes = (): number => this.socket.writableLength

  readonly drained: Effect.Effect<void, ConnectionClosed> = Effect.callback((resume) => {
    if (this.socket.destroyed) return resume(Effect.fail(new ConnectionClosed({ reason: "closed here" })))
    if (this.socket.writableLength === 0) return resume(Effect.void)
    // Called when everything written before has been taken; `drain` comes only after writes that said false.
    this.socket.write(new Uint8Array(0), (error) =>
      resume(error ? Effect.fail(new ConnectionClosed({ reason: error.message })) : Effect.void)
    )
  })

  readonly onDrain = (listener: () => void): void => {
    this.#drainListener = listener
  }

  readonly mergedRead = (millis: number): void => {
    this.#mergeMillis = millis
    if (millis > 0 || this.#mergeTimer === undefined) return
    clearTimeout(this.#mergeTimer)
    this.#endMerge()
  }

  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    const { socket } = this
    if (socket.destroyed) return Effect.void
    const flushed = Effect.callback<void>((resume) => {
      socket.once("close", () => resume(Effect.void))
      socket.end(() => {
        // The peer may never answer our FIN; what it had to get, it has.
        socket.destroy()
        resume(Effect.void)
      })
    })
    return flushed.pipe(Effect.timeoutOption(endTimeoutMillis), Effect.andThen(Effect.sync(() => socket.destroy())))
  })

  readonly bytesIn = (): number => this.#inbox.bytesIn

  readonly bytesOut = (): number => this.#bytesOut
}
