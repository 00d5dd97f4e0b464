import { describe, expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { make, type MemoryConnection, type MemoryNetwork } from "../../../src/layers/transport/Memory.ts"
import { type Connection, maxUnreadBytes } from "../../../src/services/Transport.ts"
import { effect, mustEndAtZero } from "../../support/effect.ts"

const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)

const harness = Effect.fnUntraced(function* (network: MemoryNetwork = {}) {
  const transport = make(network)
  const accepted: Array<MemoryConnection> = []
  let served = 0
  yield* mustEndAtZero("served connections", () => served)
  const port = yield* transport.listen({ host: "", port: 0 }, {}, (connection) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        served++
        accepted.push(connection as MemoryConnection)
      }),
      () => connection.closed,
      () => Effect.sync(() => served--)
    )
  )
  const connect = Effect.gen(function* () {
    const client = yield* transport.connect({ host: "anything", port }, { timeoutMillis: 1000 })
    yield* TestClock.adjust(0)
    return { client: client as MemoryConnection, server: accepted[accepted.length - 1] }
  })
  return { transport, port, connect }
})

const send = (connection: Connection, ...values: ReadonlyArray<number>) => connection.write(bytes(...values))

describe("a connection in memory", () => {
  effect("brings bytes both ways, and knows its peer", () =>
    Effect.gen(function* () {
      const { connect, port } = yield* harness()
      const { client, server } = yield* connect
      send(client, 1, 2)
      send(client, 3)
      expect(yield* server.read).toEqual(bytes(1, 2, 3))
      send(server, 4)
      expect(yield* client.read).toEqual(bytes(4))
      expect([server.localPort, server.peer, server.bytesIn(), server.bytesOut()]).toEqual([
        port,
        "127.0.0.1:20000",
        3,
        1
      ])
    })
  )

  effect("to an end that is stalled queues, and tells when it has drained", () =>
    Effect.gen(function* () {
      const { connect } = yield* harness()
      const { client, server } = yield* connect
      const events: Array<string> = []
      server.onDrain({ drained: () => events.push("drain") })
      client.stall(true)
      send(server, 1, 2, 3)
      send(server, 4)
      const drained = yield* Effect.forkChild(server.drained)
      yield* TestClock.adjust(0)
      expect([server.queuedBytes(), events]).toEqual([4, []])
      client.stall(false)
      yield* Fiber.join(drained)
      expect([server.queuedBytes(), events]).toEqual([0, ["drain"]])
      expect(yield* client.read).toEqual(bytes(1, 2, 3, 4))
    })
  )

  effect("to an end that does not read stops the writer at the limit, and loses nothing", () =>
    Effect.gen(function* () {
      const { connect } = yield* harness()
      const { client, server } = yield* connect
      for (let i = 0; i < 100; i++) server.write(new Uint8Array(10_000).fill(i))
      expect(client.bytesIn()).toBeLessThan(maxUnreadBytes + 10_001)
      expect(server.queuedBytes()).toBeGreaterThan(700_000)
      const seen: Array<number> = []
      while (seen.length < 1_000_000) seen.push(...(yield* client.read))
      expect(seen.every((value, at) => value === Math.floor(at / 10_000))).toBe(true)
    })
  )

  effect("brings pieces as the network cuts them", () =>
    Effect.gen(function* () {
      const { connect } = yield* harness({ split: (all) => Array.from(all, (byte) => bytes(byte)) })
      const { client, server } = yield* connect
      const pieces: Array<Uint8Array> = []
      const reading = yield* Effect.forkChild(server.readWhile((piece) => pieces.push(piece) < 3))
      yield* TestClock.adjust(0)
      send(client, 7, 8, 9)
      yield* Fiber.join(reading)
      expect(pieces).toEqual([bytes(7), bytes(8), bytes(9)])
    })
  )

  effect("is closed for both when one ends; what had arrived is still read", () =>
    Effect.gen(function* () {
      const { connect } = yield* harness()
      const { client, server } = yield* connect
      send(client, 5)
      yield* client.end
      yield* server.closed
      expect(yield* server.read).toEqual(bytes(5))
      expect((yield* Effect.flip(server.read))._tag).toBe("ConnectionClosed")
      send(server, 6)
      expect(server.queuedBytes()).toBe(0)
      expect((yield* Effect.flip(server.drained))._tag).toBe("ConnectionClosed")
    })
  )

  effect("tells who waits for it to drain that it was closed instead", () =>
    Effect.gen(function* () {
      const { connect } = yield* harness()
      const { client, server } = yield* connect
      client.stall(true)
      send(server, 1)
      const drained = yield* Effect.forkChild(Effect.exit(server.drained))
      yield* TestClock.adjust(0)
      yield* client.end
      expect((yield* Fiber.join(drained))._tag).toBe("Failure")
    })
  )
})

effect("a port is taken while somebody listens, and refuses when nobody does", () =>
  Effect.gen(function* () {
    const transport = make()
    const endpoint = { host: "", port: 99 }
    const serving = Deferred.makeUnsafe<void>()
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* transport.listen(endpoint, {}, () => Deferred.await(serving))
        expect((yield* Effect.flip(transport.listen(endpoint, {}, () => Effect.void))).action).toBe("listen")
        const client = yield* transport.connect(endpoint, { timeoutMillis: 1 })
        yield* TestClock.adjust(0)
        expect((client as MemoryConnection).isClosed).toBe(false)
      })
    )
    expect((yield* Effect.flip(transport.connect(endpoint, { timeoutMillis: 1 }))).action).toBe("connect")
  })
)
