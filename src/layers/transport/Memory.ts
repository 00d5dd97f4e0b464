/** Connections in memory: for tests in virtual time, and for servers that live inside another program. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type Connection,
  ConnectionClosed,
  type DrainListener,
  type Endpoint,
  type Reader,
  Transport,
  TransportFailed
} from "../../services/Transport.ts"
import { acceptIn } from "./acceptIn.ts"
import { Inbox } from "./Inbox.ts"

/** How the network between two ends behaves. */
export interface MemoryNetwork {
  /** What one write becomes at the other end: whole by default; byte by byte, or split at random, in tests. */
  readonly split?: (bytes: Uint8Array) => ReadonlyArray<Uint8Array>
  /** Where clients come from, as a peer without port: 127.0.0.1 by default. */
  readonly clientAddress?: () => string
  /** Told of merged reads that are asked for; nothing is collected here. */
  readonly mergedRead?: (millis: number) => void
}

/** One end. What it writes arrives at the other end in the same call, unless that one has stopped to take it. */
export class MemoryConnection implements Connection {
  readonly peer: string
  readonly localPort: number
  readonly encrypted = false
  readonly socket = undefined
  readonly #network: MemoryNetwork
  readonly #inbox: Inbox
  #other: MemoryConnection | undefined
  #queue: Array<Uint8Array> = []
  #queued = 0
  #bytesOut = 0
  #drainListener: DrainListener | undefined
  readonly #waiting = new Set<() => void>()
  #accepts = true
  #closed = false
  #unread = false

  constructor(peer: string, localPort: number, network: MemoryNetwork) {
    this.peer = peer
    this.localPort = localPort
    this.#network = network
    this.#inbox = new Inbox({
      flow: (open) => {
        this.#unread = !open
        if (open) this.#other?.pump()
      }
    })
  }

  static pair(
    network: MemoryNetwork,
    port: number,
    clientAddress: string
  ): readonly [MemoryConnection, MemoryConnection] {
    const client = new MemoryConnection(`127.0.0.1:${port}`, 0, network)
    const server = new MemoryConnection(clientAddress, port, network)
    client.#other = server
    server.#other = client
    return [client, server]
  }

  /** A fault: this end takes nothing from the network until it is switched back. */
  stall(stalled: boolean): void {
    this.#accepts = !stalled
    if (!stalled) this.#other?.pump()
  }

  get read() {
    return this.#inbox.read
  }

  get closed() {
    return this.#inbox.closed
  }

  get isClosed() {
    return this.#closed
  }

  readonly stopReading = (reason: string): void => this.#inbox.close(reason)

  readonly unread = (bytes: Uint8Array): void => this.#inbox.unread(bytes)

  readonly readWhile = (onBytes: (bytes: Uint8Array) => boolean) => this.#inbox.readWhile(onBytes)

  readonly readBy = (reader: Reader): void => this.#inbox.readBy(reader)

  readonly write = (bytes: Uint8Array): void => {
    if (this.#closed) return
    this.#bytesOut += bytes.length
    this.#queue.push(bytes)
    this.#queued += bytes.length
    this.pump()
  }

  /** Hands over what the other end takes now. */
  pump(): void {
    const other = this.#other
    if (other === undefined) return
    const hadQueue = this.#queue.length > 0
    while (other.#accepts && !other.#unread && this.#queue.length > 0) {
      const bytes = this.#queue.shift() as Uint8Array
      this.#queued -= bytes.length
      for (const part of this.#network.split?.(bytes) ?? [bytes]) other.#inbox.arrived(part)
    }
    if (!hadQueue || this.#queue.length > 0) return
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
    this.#drainListener?.drained()
  }

  readonly queuedBytes = (): number => this.#queued

  readonly drained: Effect.Effect<void, ConnectionClosed> = Effect.callback((resume) => {
    const done = () => resume(this.#closed ? Effect.fail(new ConnectionClosed({ reason: "closed here" })) : Effect.void)
    if (this.#closed || this.#queued === 0) return done()
    this.#waiting.add(done)
    return Effect.sync(() => this.#waiting.delete(done))
  })

  readonly onDrain = (listener: DrainListener): void => {
    this.#drainListener = listener
  }

  readonly mergedRead = (millis: number): void => this.#network.mergedRead?.(millis)

  readonly end: Effect.Effect<void> = Effect.sync(() => this.close("peer closed"))

  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox.close(reason)
    this.#other?.close(reason)
    this.#queue = []
    this.#queued = 0
    for (const resume of this.#waiting) resume()
  }

  readonly bytesIn = (): number => this.#inbox.bytesIn

  readonly bytesOut = (): number => this.#bytesOut
}

/** A network of its own: what listens in it is reached by port, whatever the host. */
export const make = (network: MemoryNetwork = {}): Transport["Service"] => {
  const listeners = new Map<number, (connection: Connection) => void>()
  let clients = 0
  let systemPort = 50_000
  return {
    listen: ({ host, port }, options, serve) =>
      Effect.gen(function* () {
        const bound = port === 0 ? systemPort++ : port
        const accept = yield* acceptIn(options.connections ?? (yield* Effect.scope), serve)
        yield* Effect.acquireRelease(
          Effect.suspend(() => {
            if (listeners.has(bound)) {
              const endpoint = `${host}:${bound}`
              return Effect.fail(new TransportFailed({ action: "listen", endpoint, reason: "address in use" }))
            }
            listeners.set(bound, accept)
            return Effect.void
          }),
          () => Effect.sync(() => listeners.delete(bound))
        )
        return bound
      }),
    connect: ({ host, port }: Endpoint) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          const accept = listeners.get(port)
          if (accept === undefined) {
            const endpoint = `${host}:${port}`
            return Effect.fail(new TransportFailed({ action: "connect", endpoint, reason: "connection refused" }))
          }
          const address = network.clientAddress?.() ?? "127.0.0.1"
          const [client, server] = MemoryConnection.pair(network, port, `${address}:${20_000 + clients++}`)
          accept(server)
          return Effect.succeed<Connection>(client)
        }),
        (connection) => connection.end
      )
  }
}

export const layerMemory = Layer.sync(Transport, () => make())
