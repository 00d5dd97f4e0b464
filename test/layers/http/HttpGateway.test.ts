import { describe, expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { PlainRoute } from "../../../src/services/HttpGateway.ts"
import type { Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { apiPort, get, harness, makeLive, serverPort } from "./harness.ts"

const bytes = (text: string) => Buffer.from(text, "latin1")
const close = "Connection: close"
const statusOf = (answer: string) => Number(answer.split(" ", 2)[1])

/** Answers with its own path and what it was asked. */
const echo = (path: string, listener: PlainRoute["listener"] = "any"): PlainRoute => ({
  path,
  listener,
  answer: ({ body, head }) =>
    Effect.map(body, (bytes) => ({
      status: 200,
      headers: [["Content-Type", "text/plain"]],
      body: `${path} got ${head.method} ${head.path}${head.query} ${Buffer.from(bytes).toString()}`
    }))
})

describe("a live body", () => {
  effect("follows status and headers at once, raw, until the peer leaves", () =>
    Effect.gen(function* () {
      const { connect, gateway, sessions } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/live/a?x=1"))
      expect(yield* client.until("\r\n\r\n")).toBe(
        "HTTP/1.1 200 OK\r\nServer: SRS/7.0.18(Hang)\r\nContent-Type: video/x-toy\r\nConnection: close\r\n\r\n"
      )
      live.sinks[0].write(bytes("body"))
      live.sinks[0].write(bytes(" and more"))
      expect(yield* client.until("more")).toEndWith("\r\n\r\nbody and more")
      expect(sessions.all().size).toBe(1)
      yield* client.connection.end
      yield* TestClock.adjust(0)
      expect(live.left()).toBe(1)
      expect(sessions.all().size).toBe(0)
    })
  )

  effect("ends with the connection when its route has ended", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/live/a"))
      yield* client.until("\r\n\r\n")
      yield* Deferred.succeed(live.ended, undefined)
      yield* client.rest
      expect(client.closed).toBe(true)
    })
  )

  effect("is served when the head comes byte by byte", () =>
    Effect.gen(function* () {
      const split = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))
      const { connect, gateway } = yield* harness({ network: { split } })
      yield* gateway.live(makeLive().route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/live/a"))
      expect(statusOf(yield* client.until("\r\n\r\n"))).toBe(200)
    })
  )

  effect("may be the last request of a kept connection", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.plain(echo("/plain"))
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/plain") + get("/live/a"))
      const all = yield* client.until("video/x-toy\r\nConnection: close\r\n\r\n")
      expect(all).toContain("/plain got GET /plain ")
      live.sinks[0].write(bytes("body"))
      expect(yield* client.until("\r\n\r\nbody")).toEndWith("\r\n\r\nbody")
      client.send(get("/plain"))
      yield* client.connection.end
      yield* TestClock.adjust(0)
      expect(live.left()).toBe(1)
    })
  )

  effect("has backpressure: bytes wait where the peer takes none, and the drain is told", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/live/a"))
      yield* client.until("\r\n\r\n")
      let drained = 0
      live.sinks[0].onDrain({ drained: () => drained++ })
      client.connection.stall(true)
      live.sinks[0].write(new Uint8Array(1000))
      expect(live.sinks[0].queuedBytes()).toBe(1000)
      expect(drained).toBe(0)
      client.connection.stall(false)
      expect(live.sinks[0].queuedBytes()).toBe(0)
      expect(drained).toBe(1)
    })
  )

  effect("is not sent for HEAD, only on the server's listener, and not for POST", () =>
    Effect.gen(function* () {
      const { ask, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const head = yield* ask("HEAD /live/a HTTP/1.1\r\nHost: h\r\n\r\n")
      expect(head).toStartWith("HTTP/1.1 200 OK\r\n")
      expect(head).toEndWith("Connection: close\r\n\r\n")
      expect(statusOf(yield* ask(get("/live/a", close), apiPort))).toBe(404)
      const post = yield* ask(`POST /live/a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n${close}\r\n\r\n`)
      expect(post).toStartWith("HTTP/1.1 405 Method Not Allowed\r\n")
      expect(post).toContain("Allow: GET, HEAD, OPTIONS")
      expect(live.exchanges).toEqual([])
    })
  )
})

describe("a WebSocket", () => {
  const upgrade = get(
    "/live/a",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  )

  /** Key and accept are those of RFC 6455 §1.3; frames as in §5.7. */
  effect("carries one binary message for each write, and is closed with its route", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(upgrade)
      const head = yield* client.until("\r\n\r\n")
      expect(head).toStartWith("HTTP/1.1 101 Switching Protocols\r\n")
      expect(head).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
      live.sinks[0].write(bytes("body"))
      expect(yield* client.until("body")).toEndWith("\r\n\r\n\x82\x04body")
      expect(live.exchanges[0].websocket).toBe(true)
      yield* Deferred.succeed(live.ended, undefined)
      expect(yield* client.rest).toEndWith("\x88\x02\x03\xe8")
    })
  )

  effect("answers a ping and ends with the peer's close", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const live = makeLive()
      yield* gateway.live(live.route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(upgrade)
      yield* client.until("\r\n\r\n")
      client.send("\x89\x82\0\0\0\0hi")
      expect(yield* client.until("\x8a\x02hi")).toEndWith("\x8a\x02hi")
      client.send("\x88\x82\0\0\0\0\x03\xe8")
      yield* client.rest
      expect(live.left()).toBe(1)
    })
  )

  for (const [name, before] of [
    ["first", ""],
    ["behind a request with a body", "POST /plain HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"]
  ] as const) {
    effect(`may come ${name}, with its first frame right behind the handshake`, () =>
      Effect.gen(function* () {
        const { connect, gateway } = yield* harness()
        const live = makeLive()
        yield* gateway.live(live.route)
        yield* gateway.plain(echo("/plain"))
        yield* gateway.listen
        const client = yield* connect()
        client.send(`${before}${upgrade}\x89\x82\0\0\0\0hi`)
        const answer = yield* client.until("\x8a\x02hi")
        expect(answer).toContain("HTTP/1.1 101 ")
        expect(answer).toEndWith("\r\n\r\n\x8a\x02hi")
        live.sinks[0].write(bytes("body"))
        expect(yield* client.until("body")).toEndWith("\x82\x04body")
      })
    )
  }

  effect("is refused where nothing live is, and where its handshake is wrong", () =>
    Effect.gen(function* () {
      const { ask, gateway } = yield* harness()
      yield* gateway.live(makeLive().route)
      yield* gateway.plain(echo("/plain"))
      yield* gateway.listen
      expect(statusOf(yield* ask(upgrade.replace("/live/a", "/nothing")))).toBe(404)
      expect(statusOf(yield* ask(upgrade.replace("/live/a", "/plain")))).toBe(400)
      expect(statusOf(yield* ask(upgrade.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")))).toBe(400)
    })
  )
})

describe("plain answers", () => {
  effect("go to the longest path, with redirects to folders, on the listeners that have them", () =>
    Effect.gen(function* () {
      const { ask, gateway } = yield* harness()
      yield* gateway.plain(echo("/api/", "api"))
      yield* gateway.plain(echo("/api/v1/", "api alone"))
      yield* gateway.plain(echo("/api/v1/one"))
      yield* gateway.listen
      const path = (path: string, port: number) => ask(get(path, close), port)
      expect(yield* path("/api/v1/one?a=b", apiPort)).toContain("/api/v1/one got GET /api/v1/one?a=b")
      expect(yield* path("/api/v1/two", apiPort)).toContain("/api/v1/ got GET /api/v1/two")
      expect(yield* path("/api/x", apiPort)).toContain("/api/ got GET /api/x")
      expect(yield* path("/api/v1?a=b", apiPort)).toMatch(/^HTTP\/1.1 302 Found\r\n[^]*Location: \/api\/v1\/\?a=b\r\n/)
      expect(statusOf(yield* path("/x", apiPort))).toBe(404)
      expect(statusOf(yield* path("/api/x", serverPort))).toBe(404)
      expect(yield* path("/api/v1/one", serverPort)).toContain("/api/v1/one got GET")
    })
  )

  effect("take a body of any length up to the limit, on a kept connection", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(echo("/"))
      yield* gateway.listen
      const client = yield* connect()
      const post = (body: string) => `POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      client.send(post("one") + post("two"))
      expect(yield* client.until("got POST /p two")).toContain("got POST /p one")
      client.send("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n")
      yield* client.until("got POST /p three")
      client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n")
      expect(yield* client.rest).toContain("HTTP/1.1 413 Content Too Large\r\n")
    })
  )

  effect("grant other origins access, and answer their questions, as the switch says", () =>
    Effect.gen(function* () {
      const { ask, gateway } = yield* harness()
      yield* gateway.plain(echo("/"))
      yield* gateway.live(makeLive().route)
      yield* gateway.listen
      expect(yield* ask(get("/", close))).not.toContain("Access-Control")
      expect(yield* ask(get("/", close, "Origin: http://a"))).toContain("Access-Control-Allow-Origin: *\r\n")
      expect(yield* ask("HEAD /live/a HTTP/1.1\r\nHost: h\r\nOrigin: http://a\r\n\r\n")).toContain(
        "Access-Control-Allow-Private-Network: true\r\n"
      )
      const options = yield* ask(`OPTIONS /live/a HTTP/1.1\r\nHost: h\r\nOrigin: http://a\r\n${close}\r\n\r\n`)
      expect(options).toStartWith("HTTP/1.1 200 OK\r\n")
      expect(options).toContain("Content-Length: 0\r\n")
      expect(options).toContain("Access-Control-Allow-Methods: *\r\n")
    })
  )

  effect("refuse the questions of other origins where the switch is off", () =>
    Effect.gen(function* () {
      const settings = `http_server { enabled on; listen ${serverPort}; crossdomain off; }`
      const { ask, gateway } = yield* harness({ settings })
      yield* gateway.plain(echo("/"))
      yield* gateway.listen
      expect(statusOf(yield* ask(`OPTIONS / HTTP/1.1\r\nHost: h\r\n${close}\r\n\r\n`))).toBe(405)
      expect(yield* ask(get("/", close, "Origin: http://a"))).not.toContain("Access-Control")
    })
  )

  effect("are 500 when a route breaks, and the connection goes on", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain({ path: "/broken", listener: "any", answer: () => Effect.die("boom") })
      yield* gateway.plain(echo("/plain"))
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/broken"))
      expect(yield* client.until("Internal Server Error")).toStartWith("HTTP/1.1 500 ")
      client.send(get("/plain"))
      yield* client.until("/plain got GET")
    })
  )
})

describe("refuses", () => {
  const first: ReadonlyArray<readonly [name: string, status: number, request: string]> = [
    ["garbage", 400, "\x16\x03\x01\x02\0"],
    [
      "two lengths of a body",
      400,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    ],
    ["an unknown method", 405, "BREW / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["a large body", 413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"],
    ["a long target", 414, `GET /${"a".repeat(9000)}`],
    ["a long head", 431, `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(4000)}`]
  ]
  for (const [name, status, request] of first) {
    effect(`${name} with ${status}`, () =>
      Effect.gen(function* () {
        const { ask, gateway } = yield* harness()
        yield* gateway.listen
        expect(statusOf(yield* ask(request))).toBe(status)
      })
    )
  }

  effect("a bad request after a good one", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(echo("/plain"))
      yield* gateway.listen
      for (const [bad, status] of [
        ["GARBAGE\0\r\n\r\n", 400],
        ["GET / HTTP/1.1\r\n\r\n", 400],
        ["GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", 400],
        [`GET / HTTP/1.1\r\nHost: h\r\nA: ${"b".repeat(20_000)}\r\n\r\n`, 431]
      ] as const) {
        const client = yield* connect()
        client.send(get("/plain"))
        yield* client.until("got GET /plain")
        client.received = ""
        client.send(bad)
        expect(statusOf(yield* client.rest)).toBe(status)
      }
    })
  )

  effect("a silent connection after 30 s, without an answer", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.listen
      const client = yield* connect()
      yield* TestClock.adjust(29_999)
      expect(client.connection.isClosed).toBe(false)
      yield* TestClock.adjust(1)
      expect(yield* client.rest).toBe("")
    })
  )

  effect("a head that stalls with 408", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.listen
      const client = yield* connect()
      client.send("GET / HT")
      yield* TestClock.adjust(30_000)
      expect(statusOf(yield* client.rest)).toBe(408)
    })
  )

  effect("to wait for the next request longer than 30 s", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(echo("/plain"))
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/plain"))
      yield* client.until("got GET /plain")
      // The answer has arrived before the server's fiber knows that it was sent.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust(30_000)
      yield* client.rest
      expect(client.closed).toBe(true)
    })
  )

  effect("more than max_connections, and takes the next when one has left", () =>
    Effect.gen(function* () {
      const settings = `max_connections 1; http_server { enabled on; listen ${serverPort}; }`
      const { connect, gateway } = yield* harness({ settings })
      yield* gateway.live(makeLive().route)
      yield* gateway.listen
      const one = yield* connect()
      one.send(get("/live/a"))
      yield* one.until("\r\n\r\n")
      const two = yield* connect()
      two.send(get("/live/a"))
      expect(yield* two.rest).toBe("")
      yield* one.connection.end
      yield* TestClock.adjust(0)
      const three = yield* connect()
      three.send(get("/live/a"))
      expect(statusOf(yield* three.until("\r\n\r\n"))).toBe(200)
    })
  )
})

describe("listeners", () => {
  effect("are one where both sections name the same endpoint; its root is the server's", () =>
    Effect.gen(function* () {
      const both = `listen ${serverPort}; enabled on;`
      const { ask, gateway } = yield* harness({ settings: `http_server { ${both} } http_api { ${both} }` })
      yield* gateway.plain(echo("/", "api alone"))
      yield* gateway.plain(echo("/api/v1/one", "api"))
      const endpoints = yield* gateway.listen
      expect(endpoints).toEqual([{ host: "0.0.0.0", port: serverPort, server: true, api: true, scheme: "http" }])
      expect(yield* ask(get("/api/v1/one", close))).toContain("/api/v1/one got GET")
      expect(statusOf(yield* ask(get("/x", close)))).toBe(404)
    })
  )

  effect("are those that are enabled", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness({ settings: `http_api { enabled on; listen ${apiPort}; }` })
      yield* gateway.listen
      expect(gateway.endpoints().map(({ api, port, server }) => ({ api, port, server }))).toEqual([
        { api: true, port: apiPort, server: false }
      ])
      expect((yield* Effect.flip(connect(serverPort))).action).toBe("connect")
    })
  )
})

describe("the session of a connection", () => {
  const endOf = Effect.fnUntraced(function* (
    use: (h: {
      readonly sessions: Sessions["Service"]
      readonly live: ReturnType<typeof makeLive>
      readonly shutDown: Effect.Effect<void>
    }) => Effect.Effect<unknown>
  ) {
    const recorder = makeRecorder()
    yield* Effect.gen(function* () {
      const { connect, gateway, sessions } = yield* harness()
      const live = makeLive()
      const listening = yield* Scope.make()
      yield* gateway.live(live.route)
      yield* gateway.listen.pipe(Scope.provide(listening))
      const client = yield* connect()
      client.send(get("/live/a"))
      yield* client.until("\r\n\r\n")
      live.sinks[0].write(bytes("body"))
      yield* use({ sessions, live, shutDown: Scope.close(listening, Exit.void) }).pipe(
        Effect.andThen(TestClock.adjust(0))
      )
    }).pipe(Effect.scoped, recorder.provide)
    const span = recorder.spans.find(({ name }) => name === "http.session")
    return { span, end: span?.attributes.get("session.end"), status: span?.status._tag }
  })

  effect("has one root span with address, bytes and why it ended", () =>
    Effect.gen(function* () {
      const { end, span, status } = yield* endOf(({ live }) => Deferred.succeed(live.ended, undefined))
      expect({ end, status }).toEqual({ end: "closed", status: "Ended" })
      expect(span?.parent._tag).toBe("None")
      expect(span?.attributes.get("client.address")).toStartWith("127.0.0.1:")
      expect(span?.attributes.get("session.bytes_out")).toBeGreaterThan(4)
    })
  )

  effect("is kicked by an operator", () =>
    Effect.gen(function* () {
      const { end } = yield* endOf(({ sessions }) => sessions.kick([...sessions.all().keys()][0], "enough"))
      expect(end).toBe("kicked")
    })
  )

  effect("ends at shutdown", () =>
    Effect.gen(function* () {
      const { end } = yield* endOf(({ shutDown }) => shutDown)
      expect(end).toBe("shutdown")
    })
  )
})
