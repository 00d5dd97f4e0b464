/**
 * A Connection over Bun's own TCP and TLS sockets: a third of the CPU of `node:net` at reading small pieces, and 2 KB
 * instead of 10 KB a connection (Bun 1.4). They write what the kernel takes now and say how much that was; the rest
 * waits here. On Linux, bytes in the clear go straight to the kernel, and merged reads are those of `PolledReads`.
 */
import type * as BunModule from "bun"
import * as Effect from "effect/Effect"
import { type Connection, ConnectionClosed, type DrainListener, type Reader } from "../../services/Transport.ts"
import { Inbox, type Sender } from "./Inbox.ts"
import { type LinuxSockets, linuxSockets } from "./linuxSockets.ts"
import { type PolledSocket, readPolled } from "./PolledReads.ts"

/** How long a closing connection may take to hand over what is queued. */
const endTimeoutMillis = 3000
/** A read shorter than this has emptied the kernel's buffer: a merged read may pause now. */
const fullReadBytes = 65_536

/** What is missing in Bun's types. */
export type BunSocket = BunModule.Socket<BunConnection> & {
  readonly fd: number
  readonly pause: () => void
  readonly resume: () => void
}

/** Empty if the peer has left already. */
export const peerOf = ({ remoteAddress, remotePort }: Pick<BunSocket, "remoteAddress" | "remotePort">): string => {
  if (!remoteAddress) return ""
  // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
  const address = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress
  return address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`
}

export class BunConnection implements Connection, PolledSocket, Sender {
  readonly peer: string
  readonly localPort: number
  readonly encrypted: boolean
  readonly socket: undefined
  readonly descriptor: number
  readonly #socket: BunSocket
  /** For what is not encrypted. */
  readonly #kernel: LinuxSockets | undefined
  readonly #inbox: Inbox
  /** What the kernel has not taken yet, oldest first; most connections have nothing. */
  #queue: Array<Uint8Array> | undefined
  #queued = 0
  #bytesOut = 0
  #closed = false
  #mergeMillis = 0
  #mergeTimer: ReturnType<typeof setTimeout> | undefined
  #stopPolling: (() => void) | undefined
  #drainListener: DrainListener | undefined
  #waiting: Array<() => void> | undefined

  constructor(socket: BunSocket, encrypted: boolean) {
    this.#socket = socket
    this.encrypted = encrypted
    this.peer = peerOf(socket)
    this.localPort = socket.localPort
    this.descriptor = socket.fd
    this.#kernel = encrypted ? undefined : linuxSockets()
    this.#inbox = new Inbox(this)
  }

  /** Of the inbox. */
  flow(open: boolean): void {
    if (open) this.#goOn()
    else this.#pause()
  }

  /** Of the socket's data handler. */
  arrived(bytes: Uint8Array): void {
    if (this.#mergeMillis > 0 && bytes.length < fullReadBytes) queueMicrotask(() => this.#merge())
    this.#inbox.arrived(bytes)
  }

  /** Of a merged read past Bun. */
  polled(bytes: Uint8Array): void {
    this.#inbox.arrived(bytes, true)
  }

  /** Nothing more comes by merged reads: Bun shall see why. */
  pollEnded(): void {
    this.#mergeMillis = 0
    this.#goOn()
  }

  /** Of the socket's drain handler: the kernel takes bytes again. */
  drain(): void {
    const queue = this.#queue
    if (queue === undefined) return
    while (queue.length > 0) {
      const bytes = queue[0]
      const taken = Math.max(0, this.#socket.write(bytes))
      this.#queued -= taken
      if (taken < bytes.length) {
        queue[0] = bytes.subarray(taken)
        return
      }
      queue.shift()
    }
    this.#queue = undefined
    this.#settle()
    this.#drainListener?.drained()
  }

  /** Of the socket's close and error handlers. */
  ended(reason: string): void {
    this.#closed = true
    clearTimeout(this.#mergeTimer)
    this.#stopPolling?.()
    this.#queue = undefined
    this.#queued = 0
    this.#inbox.close(reason)
    this.#settle()
  }

  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const resume of waiting ?? []) resume()
  }

  #pause(): void {
    this.#stopPolling?.()
    this.#stopPolling = undefined
    this.#socket.pause()
  }

  /** Reads on, in the way that is asked for now. */
  #goOn(): void {
    clearTimeout(this.#mergeTimer)
    this.#mergeTimer = undefined
    this.#stopPolling?.()
    this.#stopPolling = undefined
    if (this.#closed || this.#inbox.isBlocked) return
    if (this.#mergeMillis > 0 && this.#kernel !== undefined) {
      this.#socket.pause()
      this.#stopPolling = readPolled(this.#kernel, this.#mergeMillis, this)
    } else this.#socket.resume()
  }

  /** After the data handler: a pause inside of it starves the publisher. */
  #merge(): void {
    if (this.#mergeTimer !== undefined || this.#stopPolling !== undefined || this.#inbox.isClosed) return
    if (this.#kernel !== undefined) return this.#goOn()
    this.#socket.pause()
    this.#mergeTimer = setTimeout(() => this.#goOn(), this.#mergeMillis)
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
    if (this.#closed || bytes.length === 0) return
    this.#bytesOut += bytes.length
    const taken = this.#queue === undefined ? this.#send(bytes) : 0
    if (taken === bytes.length) return
    ;(this.#queue ??= []).push(taken === 0 ? bytes : bytes.subarray(taken))
    this.#queued += bytes.length - taken
  }

  /** Bun waits for room, so it gets what the kernel has not taken at once. */
  #send(bytes: Uint8Array): number {
    const taken = this.#kernel === undefined ? 0 : this.#kernel.send(this.descriptor, bytes)
    if (taken === bytes.length) return taken
    return taken + Math.max(0, this.#socket.write(taken === 0 ? bytes : bytes.subarray(taken)))
  }

  queuedBytes(): number {
    return this.#queued
  }

  get drained(): Effect.Effect<void, ConnectionClosed> {
    return Effect.callback((resume) => {
      const done = () =>
        resume(this.#closed ? Effect.fail(new ConnectionClosed({ reason: "closed here" })) : Effect.void)
      if (this.#closed || this.#queued === 0) return done()
      this.#waiting = [...(this.#waiting ?? []), done]
      return Effect.sync(() => {
        this.#waiting = this.#waiting?.filter((other) => other !== done)
      })
    })
  }

  onDrain(listener: DrainListener): void {
    this.#drainListener = listener
  }

  mergedRead(millis: number, ifCheap = false): void {
    this.#mergeMillis = ifCheap && this.#kernel === undefined ? 0 : millis
    if (this.#stopPolling !== undefined || this.#mergeTimer !== undefined) this.#goOn()
  }

  get end(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#closed) return Effect.void
      return this.drained.pipe(
        Effect.timeoutOption(endTimeoutMillis),
        Effect.ignore,
        Effect.andThen(
          Effect.sync(() => {
            this.pollEnded()
            // Its descriptor may be another connection's soon.
            this.#closed = true
            if (this.#queued > 0) this.#socket.terminate()
            else this.#socket.end()
          })
        )
      )
    })
  }

  bytesIn(): number {
    return this.#inbox.bytesIn
  }

  bytesOut(): number {
    return this.#bytesOut
  }
}
