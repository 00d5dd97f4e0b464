/** A Connection over a `node:net` or `node:tls` socket. */
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import { type Connection, ConnectionClosed, type DrainListener, type Reader } from "../../services/Transport.ts"
import { Inbox } from "./Inbox.ts"

/** How long a closing connection may take to hand over what is queued. */
export const endTimeoutMillis = 3000
/** A read shorter than this has emptied the kernel's buffer: a merged read may pause now. */
const fullReadBytes = 65_536

/** Empty if the peer has left already. */
export const peerOf = (socket: Net.Socket): string => {
  const { remoteAddress = "", remotePort } = socket
  if (remoteAddress === "") return ""
  // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
  const address = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress
  return address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`
}

/** Makes a pause reach the kernel: else the stream goes on reading into its buffer. Deno has no option for it. */
const stopReadingAhead = (socket: object): void => {
  if ("_readableState" in socket) Object.assign(socket._readableState as object, { highWaterMark: 1 })
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
  #drainListener: DrainListener | undefined

  /** `under` is the connection that carries a socket without addresses of its own. */
  constructor(socket: Net.Socket, encrypted: boolean, under?: Pick<Connection, "peer" | "localPort">) {
    this.socket = socket
    this.encrypted = encrypted
    this.peer = under?.peer ?? peerOf(socket)
    this.localPort = under?.localPort ?? socket.localPort ?? 0
    this.#inbox = new Inbox({ flow: (open) => (open ? socket.resume() : socket.pause()) })
    const onClose = (): void => this.#onClose("peer closed")
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes))
    socket.on("drain", () => this.#drainListener?.drained())
    socket.on("error", (error) => this.#onClose(error.message))
    socket.on("end", onClose)
    socket.on("close", onClose)
  }

  #onData(bytes: Uint8Array): void {
    if (this.#mergeMillis > 0 && bytes.length < fullReadBytes) queueMicrotask(() => this.#pauseToMerge())
    this.#inbox.arrived(bytes)
  }

  #onClose(reason: string): void {
    clearTimeout(this.#mergeTimer)
    this.#inbox.close(reason)
  }

  /** After the data handler has returned: a pause inside it starves the publisher on Bun. */
  #pauseToMerge(): void {
    if (this.#mergeTimer !== undefined || this.#inbox.isClosed) return
    this.socket.pause()
    this.#mergeTimer = setTimeout(() => this.#endMerge(), this.#mergeMillis)
  }

  #endMerge(): void {
    this.#mergeTimer = undefined
    if (!this.#inbox.isBlocked) this.socket.resume()
  }

  get read(): Effect.Effect<Uint8Array, ConnectionClosed> {
    return this.#inbox.read
  }

  get closed(): Effect.Effect<void> {
    return this.#inbox.closed
  }

  readWhile(onBytes: (bytes: Uint8Array) => boolean): Effect.Effect<void, ConnectionClosed> {
    return this.#inbox.readWhile(onBytes)
  }

  readBy(reader: Reader): void {
    this.#inbox.readBy(reader)
  }

  stopReading(reason: string): void {
    this.#inbox.close(reason)
  }

  unread(bytes: Uint8Array): void {
    this.#inbox.unread(bytes)
  }

  write(bytes: Uint8Array): void {
    if (this.socket.destroyed) return
    this.#bytesOut += bytes.length
    this.socket.write(bytes)
  }

  queuedBytes(): number {
    return this.socket.writableLength
  }

  get drained(): Effect.Effect<void, ConnectionClosed> {
    return Effect.callback((resume) => {
      if (this.socket.destroyed) return resume(Effect.fail(new ConnectionClosed({ reason: "closed here" })))
      if (this.socket.writableLength === 0) return resume(Effect.void)
      // Called when everything written before has been taken; `drain` comes only after writes that said false.
      this.socket.write(new Uint8Array(0), (error) =>
        resume(error ? Effect.fail(new ConnectionClosed({ reason: error.message })) : Effect.void)
      )
    })
  }

  onDrain(listener: DrainListener): void {
    this.#drainListener = listener
  }

  mergedRead(millis: number, ifCheap = false): void {
    // A timer and two calls of the runtime for each connection.
    this.#mergeMillis = ifCheap ? 0 : millis
    if (this.#mergeMillis > 0) stopReadingAhead(this.socket)
    if (this.#mergeMillis > 0 || this.#mergeTimer === undefined) return
    clearTimeout(this.#mergeTimer)
    this.#endMerge()
  }

  get end(): Effect.Effect<void> {
    const { socket } = this
    const flushed = Effect.callback<void>((resume) => {
      if (socket.destroyed) return resume(Effect.void)
      socket.once("close", () => resume(Effect.void))
      // The peer may never answer our FIN; what it had to get, it has.
      socket.end(() => resume(Effect.void))
    })
    return flushed.pipe(Effect.timeoutOption(endTimeoutMillis), Effect.andThen(Effect.sync(() => socket.destroy())))
  }

  bytesIn(): number {
    return this.#inbox.bytesIn
  }

  bytesOut(): number {
    return this.#bytesOut
  }
}
