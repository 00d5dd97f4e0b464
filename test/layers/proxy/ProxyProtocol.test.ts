import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as ProxyProtocol from "../../../src/layers/proxy/ProxyProtocol.ts"
import * as Memory from "../../../src/layers/transport/Memory.ts"
import { type Connection, Transport } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"

const line = "PROXY TCP4 203.0.113.7 192.0.2.1 5000 1935\r\n"
/** Clients in memory come from 127.0.0.1. */
const trusting = "trusted_proxies { addresses 127.0.0.0/8; proxy_protocol 1935; }"

const harness = Effect.fnUntraced(function* (settings: string, network: Memory.MemoryNetwork = {}) {
  const seen: Array<string> = []
  const logged: Array<string> = []
  const log = Logger.layer([Logger.make<unknown, void>(({ message }) => void logged.push(String(message)))])
  const below = Layer.merge(
    Layer.sync(Transport, () => Memory.make(network)),
    layerText(settings)
  )
  const context = yield* Layer.build(ProxyProtocol.layer.pipe(Layer.provide(below)))
  const transport = Context.get(context, Transport)
  for (const port of [1935, 8080]) {
    const record = ({ closed, peer, read }: Connection) =>
      Effect.gen(function* () {
        const bytes = yield* read
        seen.push(`${peer} ${Buffer.from(bytes).toString()}`)
        yield* closed
      }).pipe(Effect.ignore)
    yield* Effect.provide(transport.listen({ host: "", port }, {}, record), log)
  }
  const connect = (port: number) => transport.connect({ host: "", port }, { timeoutMillis: 1000 })
  const say = Effect.fnUntraced(function* (port: number, text: string) {
    const connection = yield* connect(port)
    connection.write(Buffer.from(text, "latin1"))
    yield* TestClock.adjust(0)
    return connection
  })
  return { seen, logged, say }
})

effect("the client is the one that a trusted proxy names, and reads what follows the header", () =>
  Effect.gen(function* () {
    const { seen, say } = yield* harness(trusting)
    yield* say(1935, `${line}hello`)
    expect(seen).toEqual(["203.0.113.7:5000 hello"])
  })
)

effect("a header may come byte by byte", () =>
  Effect.gen(function* () {
    const split = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))
    const { seen, say } = yield* harness(trusting, { split })
    yield* say(1935, `${line}h`)
    expect(seen).toEqual(["203.0.113.7:5000 h"])
  })
)

effect("a connection of the proxy's own keeps its address", () =>
  Effect.gen(function* () {
    const { seen, say } = yield* harness(trusting)
    yield* say(1935, "PROXY UNKNOWN\r\nhello")
    expect(seen).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+ hello$/)])
  })
)

for (const [name, settings, port] of [
  ["of others", "trusted_proxies { addresses 10.0.0.0/8; proxy_protocol 1935; }", 1935],
  ["at other ports", trusting, 8080],
  ["where nothing is configured", "", 1935]
] as const) {
  effect(`no header is read ${name}`, () =>
    Effect.gen(function* () {
      const { seen, say } = yield* harness(settings)
      yield* say(port, `${line}hello`)
      expect(seen).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+ PROXY TCP4 [^]*hello$/)])
    })
  )
}

effect("a trusted proxy that sends no header, a wrong one or half of one is refused, and the log says so", () =>
  Effect.gen(function* () {
    const { logged, say, seen } = yield* harness(trusting)
    const wrong = yield* say(1935, "\x03hello")
    yield* wrong.closed
    const half = yield* say(1935, line.slice(0, 20))
    yield* TestClock.adjust(ProxyProtocol.headerTimeoutMillis - 1)
    expect(logged.length).toBe(1)
    yield* TestClock.adjust(1)
    yield* half.closed
    expect(logged.map((text) => text.split(",")[0])).toEqual([
      "connection of a trusted proxy refused",
      "connection of a trusted proxy refused"
    ])
    expect(seen).toEqual([])
  })
)

effect("a look at the port, without a word, is none worth telling", () =>
  Effect.gen(function* () {
    const { logged, say, seen } = yield* harness(trusting)
    const connection = yield* say(1935, "")
    yield* connection.end
    yield* TestClock.adjust(10_000)
    expect([...seen, ...logged]).toEqual([])
  })
)
