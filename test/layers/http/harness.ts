/** The gateway in memory, and clients that speak to it in plain text. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as Gateway from "../../../src/layers/http/HttpGateway.ts"
import * as ListenersLayer from "../../../src/layers/listeners/Listeners.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import { make, type MemoryConnection, type MemoryNetwork } from "../../../src/layers/transport/Memory.ts"
import { HttpGateway, type LiveExchange, type LiveRoute } from "../../../src/services/HttpGateway.ts"
import type { Sink } from "../../../src/services/Playback.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { type Connection, Transport } from "../../../src/services/Transport.ts"

export const serverPort = 8080
export const apiPort = 1985

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

export class Client {
  readonly connection: MemoryConnection
  received = ""
  closed = false

  constructor(connection: Connection) {
    this.connection = connection as MemoryConnection
  }

  readonly send = (request: string): void => {
    this.connection.write(Buffer.from(request, "latin1"))
  }

  /** All that was received, once it contains the text, or once the server has closed. */
  readonly until = (part: string): Effect.Effect<string> =>
    Effect.gen({ self: this }, function* () {
      while (!this.received.includes(part)) this.received += text(yield* this.connection.read)
      // In memory the bytes come on the stack of the server's write: let that go on first.
      yield* Effect.yieldNow
      return this.received
    }).pipe(
      Effect.catchTag("ConnectionClosed", () =>
        Effect.sync(() => {
          this.closed = true
          return this.received
        })
      )
    )

  /** All that comes before the server closes. */
  get rest(): Effect.Effect<string> {
    return this.until("\0nothing contains this\0")
  }
}

export interface HarnessOptions {
  readonly settings?: string
  readonly network?: MemoryNetwork
}

const sections = (server: number, api: number) =>
  `http_server { enabled on; listen ${server}; } http_api { enabled on; listen ${api}; }`

export const harness = Effect.fnUntraced(function* (options: HarnessOptions = {}) {
  const transport = Layer.succeed(Transport, make(options.network))
  const settings = layerText(options.settings ?? sections(serverPort, apiPort))
  const kept = Layer.merge(ListenersLayer.layer, SessionsLayer.layer)
  const base = Layer.mergeAll(transport, kept.pipe(Layer.provideMerge(settings)))
  const services = yield* Layer.build(Gateway.layer.pipe(Layer.provideMerge(base)))
  const gateway = Context.get(services, HttpGateway)
  const sessions = Context.get(services, Sessions)
  const connect = Effect.fnUntraced(function* (port = serverPort) {
    const endpoint = { host: "127.0.0.1", port }
    return new Client(yield* Context.get(services, Transport).connect(endpoint, { timeoutMillis: 1000 }))
  })
  /** The whole answer to one request that closes the connection. */
  const ask = Effect.fnUntraced(function* (request: string, port = serverPort) {
    const client = yield* connect(port)
    client.send(request)
    return yield* client.rest
  }, Effect.scoped)
  return { gateway, sessions, connect, ask, services }
})

/** A live route at `/live/`, whose bodies the test writes, until the peer leaves or the test ends it. */
export const makeLive = () => {
  const sinks: Array<Sink> = []
  const exchanges: Array<LiveExchange> = []
  const ended = Deferred.makeUnsafe<void>()
  let left = 0
  const serve = Effect.fnUntraced(function* (exchange: LiveExchange) {
    exchanges.push(exchange)
    sinks.push(yield* exchange.open)
    yield* Effect.addFinalizer(() => Effect.sync(() => left++))
    yield* Effect.raceFirst(exchange.closed, Deferred.await(ended))
  })
  const route: LiveRoute = {
    match: (head) => (head.path.startsWith("/live/") ? { contentType: "video/x-toy", serve } : undefined)
  }
  return { route, sinks, exchanges, ended, left: () => left }
}

export const get = (path: string, ...fields: ReadonlyArray<string>): string =>
  `GET ${path} HTTP/1.1\r\n${["Host: h", ...fields].join("\r\n")}\r\n\r\n`
