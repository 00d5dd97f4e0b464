/** TLS over a Connection on which something was said in the clear before, such as the header of a proxy. */
import { Duplex } from "node:stream"
import * as Tls from "node:tls"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Connection, ConnectionClosed, type DrainListener } from "../../services/Transport.ts"
import { endTimeoutMillis, SocketConnection } from "./SocketConnection.ts"

/** The text of PEM files. */
export interface TlsText {
  readonly key: Buffer
  readonly cert: Buffer
}

/**
 * What TLS writes and reads. It hands everything on at once, and the connection counts what waits: Bun's TLS ignores how
 * full a stream under it is, and Deno's fails when one is.
 */
class Ciphertext extends Duplex {
  readonly #connection: Connection
  #isWanted = true
  #wake: (() => void) | undefined

  constructor(connection: Connection) {
    super()
    this.#connection = connection
    this.on("error", () => undefined)
  }

  override _read(): void {
    this.#isWanted = true
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  override _write(bytes: Uint8Array, _encoding: string, callback: () => void): void {
    this.#connection.write(bytes)
    callback()
  }

  /** Waits until TLS reads on. */
  readonly wanted: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#isWanted) resume(Effect.void)
    else this.#wake = () => resume(Effect.void)
  })

  /** Moves what arrives into the stream, as fast as it is read, until the peer has left. */
  readonly pump: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (!this.destroyed) {
      yield* this.wanted
      const bytes = yield* this.#connection.read
      this.#isWanted = false
      if (this.push(bytes)) this.#isWanted = true
    }
  }).pipe(Effect.catchTag("ConnectionClosed", () => Effect.sync(() => void this.push(null))))
}

/** Until what was written is looked for below TLS again, where it is not yet. */
const encryptMillis = 1

/** What waits is below TLS. */
class SecureConnection extends SocketConnection {
  readonly #under: Connection

  constructor(socket: Tls.TLSSocket, under: Connection) {
    super(socket, true, under)
    this.#under = under
  }

  override queuedBytes(): number {
    return super.queuedBytes() + this.#under.queuedBytes()
  }

  /** Not by a write of nothing, as other sockets are asked: Deno's TLS fails at one. */
  override get drained(): Effect.Effect<void, ConnectionClosed> {
    return Effect.gen({ self: this }, function* () {
      while (true) {
        if (this.socket.destroyed) return yield* new ConnectionClosed({ reason: "closed here" })
        yield* this.#under.drained
        if (this.socket.writableLength === 0) return
        yield* Effect.sleep(encryptMillis)
      }
    })
  }

  override onDrain(listener: DrainListener): void {
    const both: DrainListener = {
      drained: () => {
        if (this.queuedBytes() === 0) listener.drained()
      }
    }
    super.onDrain(both)
    this.#under.onDrain(both)
  }

  override get end(): Effect.Effect<void> {
    return this.drained.pipe(Effect.timeoutOption(endTimeoutMillis), Effect.ignore, Effect.andThen(super.end))
  }
}

/** Takes the connection over until the scope closes. */
export const tlsOver = (text: TlsText) => {
  const secureContext = Tls.createSecureContext(text)
  return Effect.fnUntraced(function* (connection: Connection): Effect.fn.Return<Connection, never, Scope.Scope> {
    const ciphertext = new Ciphertext(connection)
    const socket = new Tls.TLSSocket(ciphertext, { isServer: true, secureContext })
    yield* Effect.forkScoped(ciphertext.pump)
    return yield* Effect.acquireRelease(
      Effect.sync((): Connection => new SecureConnection(socket, connection)),
      (secured) => secured.end
    )
  })
}
