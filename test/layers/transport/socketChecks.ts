/**
 * What every runtime's sockets must do for `Transport`, run on real sockets of the loopback: by `Tcp.test.ts` inside
 * Bun, and as a program on Deno and Node, which prints a line for each check and fails at the first that does not hold.
 */
import assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Tcp from "../../../src/layers/transport/Tcp.ts"
import { type Connection, maxUnreadBytes, Transport } from "../../../src/services/Transport.ts"

const host = "127.0.0.1"

type Check = Effect.Effect<void, unknown, Transport | Scope.Scope>

/** Bytes that tell where they belong. */
const pattern = (length: number, from = 0): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 255
  return bytes
}

/** A server's end and a client's end of one connection; both live until the check is over. */
const pair = Effect.fnUntraced(function* () {
  const transport = yield* Transport
  const accepted = Deferred.makeUnsafe<Connection>()
  const over = Deferred.makeUnsafe<void>()
  const port = yield* transport.listen({ host, port: 0 }, {}, (connection) =>
    Effect.andThen(Deferred.succeed(accepted, connection), Deferred.await(over))
  )
  const client = yield* transport.connect({ host, port }, { timeoutMillis: 2000 })
  const server = yield* Deferred.await(accepted)
  return { client, server, port, letServerGo: Deferred.succeed(over, undefined) }
})

/** Reads so many bytes and checks that they are the pattern. */
const readPattern = Effect.fnUntraced(function* (connection: Connection, length: number) {
  let at = 0
  while (at < length) {
    const bytes = yield* connection.read
    assert.deepEqual(Buffer.from(bytes), Buffer.from(pattern(bytes.length, at)), `bytes from ${at} on`)
    at += bytes.length
  }
  assert.equal(at, length)
})

/** Looks again until it holds. */
const eventually = (what: string, holds: () => boolean) =>
  Effect.gen(function* () {
    while (!holds()) yield* Effect.sleep(2)
  }).pipe(Effect.timeoutOrElse({ duration: 4000, orElse: () => Effect.fail(new Error(`never: ${what}`)) }))

const flood = (mergeMillis: number): Check =>
  Effect.gen(function* () {
    const { client, server } = yield* pair()
    server.mergedRead(mergeMillis)
    const total = 24 * 1024 * 1024
    for (let at = 0; at < total; at += 131_072) client.write(pattern(131_072, at))
    yield* eventually("a full inbox", () => server.bytesIn() > maxUnreadBytes)
    yield* Effect.sleep(100)
    assert.ok(server.bytesIn() < maxUnreadBytes + 1_200_000, `${server.bytesIn()} taken`)
    server.mergedRead(0)
    yield* readPattern(server, total)
  })

export const checks: Readonly<Record<string, Check>> = {
  "bytes go both ways, and what is given back is read first": Effect.gen(function* () {
    const { client, port, server } = yield* pair()
    assert.equal(server.localPort, port)
    assert.match(server.peer, /^127\.0\.0\.1:\d+$/)
    assert.equal(server.encrypted, false)
    client.write(pattern(5))
    yield* eventually("5 bytes", () => server.bytesIn() === 5)
    const first = yield* server.read
    server.unread(first.subarray(2))
    client.write(pattern(3, 5))
    yield* eventually("8 bytes", () => server.bytesIn() === 8)
    assert.deepEqual(Buffer.from(yield* server.read), Buffer.from(pattern(6, 2)))
    server.write(pattern(9))
    yield* readPattern(client, 9)
    assert.deepEqual([client.bytesOut(), client.bytesIn(), server.bytesOut()], [8, 9, 9])
  }),

  "readWhile brings what waits and what comes, until it has enough": Effect.gen(function* () {
    const { client, server } = yield* pair()
    client.write(pattern(1000))
    yield* eventually("1000 bytes", () => server.bytesIn() === 1000)
    let seen = 0
    const reading = yield* Effect.forkChild(server.readWhile((bytes) => (seen += bytes.length) < 300_000))
    for (let at = 0; at < 400_000; at += 1000) client.write(new Uint8Array(1000))
    yield* Fiber.join(reading)
    assert.ok(seen >= 300_000)
    while (seen < 401_000) seen += (yield* server.read).length
    assert.equal(seen, 401_000)
  }),

  "a peer that does not read fills the queue; when it reads, the writer hears that it has drained": Effect.gen(
    function* () {
      const { client, server } = yield* pair()
      let drains = 0
      server.onDrain({ drained: () => drains++ })
      const total = 16 * 1024 * 1024
      for (let at = 0; at < total; at += 131_072) server.write(pattern(131_072, at))
      assert.ok(server.queuedBytes() > 1_000_000, `${server.queuedBytes()} queued`)
      const drained = yield* Effect.forkChild(server.drained)
      yield* Effect.sleep(50)
      assert.ok(server.queuedBytes() > 0)
      assert.equal(drains, 0)
      yield* readPattern(client, total)
      yield* Fiber.join(drained)
      assert.equal(server.queuedBytes(), 0)
      yield* eventually("a drain", () => drains === 1)
      assert.equal(server.bytesOut(), total)
      yield* server.drained
    }
  ),

  "a sender is stopped while nobody reads, and nothing is lost": flood(0),

  "a merged read does not let a stopped sender go on": flood(10),

  "a merged read collects what comes in its time, and loses nothing": Effect.gen(function* () {
    const { client, server } = yield* pair()
    server.mergedRead(80)
    let reads = 0
    let bytes = 0
    const reading = yield* Effect.forkChild(
      server.readWhile((all) => {
        reads++
        bytes += all.length
        return bytes < 60_000
      })
    )
    for (let i = 0; i < 60; i++) {
      client.write(new Uint8Array(1000))
      yield* Effect.sleep(5)
    }
    yield* Fiber.join(reading)
    assert.equal(bytes, 60_000)
    // 60 writes in 300 ms and more.
    assert.ok(reads >= 3 && reads <= 30, `${reads} reads`)
    server.mergedRead(0)
    reads = 0
    client.write(new Uint8Array(10))
    assert.equal((yield* server.read).length, 10)
  }),

  "a peer that leaves during a merged read is noticed, after all that it sent": Effect.gen(function* () {
    const { client, server } = yield* pair()
    server.mergedRead(30)
    let bytes = 0
    const reading = yield* Effect.forkChild(server.readWhile((all) => (bytes += all.length) > 0))
    client.write(new Uint8Array(10))
    yield* eventually("the first bytes", () => bytes === 10)
    client.write(new Uint8Array(200_000))
    yield* client.end
    const closed = yield* Effect.flip(Fiber.join(reading))
    assert.equal(closed._tag, "ConnectionClosed")
    assert.equal(bytes, 200_010)
    yield* server.closed
  }),

  "what a merged read brings to a read stays as it came": Effect.gen(function* () {
    const { client, server } = yield* pair()
    server.mergedRead(30)
    const kept: Array<Uint8Array> = []
    for (let at = 0; at < 5; at++) {
      client.write(pattern(100, at * 100))
      kept.push(yield* server.read)
    }
    assert.deepEqual(Buffer.concat(kept), Buffer.from(pattern(500)))
  }),

  "the end comes after all that was written": Effect.gen(function* () {
    const { client, letServerGo, server } = yield* pair()
    const total = 6 * 1024 * 1024
    for (let at = 0; at < total; at += 131_072) server.write(pattern(131_072, at))
    yield* letServerGo
    yield* readPattern(client, total)
    const closed = yield* Effect.flip(client.read)
    assert.equal(closed._tag, "ConnectionClosed")
  }),

  "a peer that leaves is noticed without reading": Effect.gen(function* () {
    const { client, server } = yield* pair()
    client.write(pattern(10))
    yield* eventually("10 bytes", () => server.bytesIn() === 10)
    yield* client.end
    yield* server.closed
    yield* readPattern(server, 10)
    assert.equal((yield* Effect.flip(server.read))._tag, "ConnectionClosed")
    server.write(pattern(10))
    assert.equal((yield* Effect.exit(server.drained))._tag === "Failure" || server.queuedBytes() === 0, true)
  }),

  "a listener that closes takes its connections with it, and frees its port": Effect.gen(function* () {
    const transport = yield* Transport
    let client: Connection | undefined
    let port = 0
    yield* Effect.scoped(
      Effect.gen(function* () {
        port = yield* transport.listen({ host, port: 0 }, {}, () => Effect.never)
        client = yield* transport.connect({ host, port }, { timeoutMillis: 2000 })
        yield* Effect.sleep(20)
        const taken = yield* Effect.flip(Effect.scoped(transport.listen({ host, port }, {}, () => Effect.void)))
        assert.equal(taken.action, "listen")
      })
    )
    if (client !== undefined) yield* client.closed
    const refused = yield* Effect.flip(Effect.scoped(transport.connect({ host, port }, { timeoutMillis: 2000 })))
    assert.equal(refused.action, "connect")
    yield* transport.listen({ host, port }, {}, () => Effect.void)
  })
}

/** TLS with the certificate of these files. */
export const tlsCheck = (tls: { readonly key: string; readonly cert: string }): Check =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const port = yield* transport.listen({ host, port: 0 }, { tls }, (connection) =>
      Effect.gen(function* () {
        assert.equal(connection.encrypted, true)
        const total = 3_000_000
        yield* readPattern(connection, total)
        for (let at = 0; at < total; at += 100_000) connection.write(pattern(100_000, at))
      }).pipe(Effect.orDie)
    )
    const options = { timeoutMillis: 2000, tls: { serverName: "localhost", verify: false } }
    const client = yield* transport.connect({ host, port }, options)
    for (let at = 0; at < 3_000_000; at += 100_000) client.write(pattern(100_000, at))
    yield* readPattern(client, 3_000_000)
    assert.equal((yield* Effect.flip(client.read))._tag, "ConnectionClosed")
    const strict = { ...options, tls: { serverName: "localhost", verify: true } }
    assert.equal((yield* Effect.flip(Effect.scoped(transport.connect({ host, port }, strict)))).action, "connect")
    const missing = { key: "/nowhere/key.pem", cert: "/nowhere/cert.pem" }
    const refused = yield* Effect.flip(
      Effect.scoped(transport.listen({ host, port: 0 }, { tls: missing }, () => Effect.void))
    )
    assert.equal(refused.action, "tls")
  })

export const runCheck = (check: Check): Promise<void> =>
  Effect.runPromise(check.pipe(Effect.scoped, Effect.timeout(8000), Effect.provide(Tcp.layer)))

/** As a program: `socketChecks.ts KEY CERT`. */
export const main = async (files: ReadonlyArray<string>): Promise<void> => {
  const [key, cert] = files as [string, string]
  for (const [name, check] of [...Object.entries(checks), ["TLS", tlsCheck({ key, cert })] as const]) {
    await runCheck(check)
    console.log(`ok ${name}`)
  }
}

if (process.argv[2]?.endsWith("key.pem") === true) await main(process.argv.slice(2))
