import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { maxQueuedBytes } from "../../../src/layers/http/ConnectionStream.ts"
import { answerTimeoutMillis } from "../../../src/layers/http/plainAnswer.ts"
import { headTimeoutMillis } from "../../../src/layers/http/Requests.ts"
import type { PlainAnswer, PlainRoute, ReadyAnswer } from "../../../src/services/HttpGateway.ts"
import { effect } from "../../support/effect.ts"
import { get, harness, makeLive } from "./harness.ts"

const answer = <B extends PlainAnswer["body"]>(body: B) => ({ status: 200, headers: [["A", "b"]] as const, body })

/** At `/r/` every GET is ready, but for `/r/later`; tells which way each request went. */
const makeRoute = (body: ReadyAnswer["body"] = "ready") => {
  const ways: Array<string> = []
  const route: PlainRoute = {
    listener: "server",
    path: "/r/",
    claims: () => true,
    ready: ({ head: { path } }) => {
      if (path === "/r/later") return undefined
      ways.push(`ready ${path}`)
      return answer(body)
    },
    answer: ({ head }) => {
      ways.push(`${head.method} ${head.path}`)
      return Effect.succeed(answer("asked"))
    }
  }
  return { route, ways }
}

describe("a ready answer", () => {
  effect("is given on the sender's own stack, one after the other, in order with those that are not", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const { route, ways } = makeRoute()
      yield* gateway.plain(route)
      yield* gateway.listen
      const client = yield* connect()
      yield* TestClock.adjust(0)
      client.send(get("/r/1") + get("/r/2"))
      // No fiber has run in between.
      expect(ways).toEqual(["ready /r/1", "ready /r/2"])
      client.send(get("/r/later") + get("/r/3") + get("/r/4"))
      yield* TestClock.adjust(0)
      const all = yield* client.until("asked")
      expect(ways).toEqual(["ready /r/1", "ready /r/2", "GET /r/later", "ready /r/3", "ready /r/4"])
      const date = "Date: Thu, 01 Jan 1970 00:00:00 GMT"
      const head = (length: number) =>
        `HTTP/1.1 200 OK\r\nA: b\r\nServer: SRS/7.0.18(Hang)\r\n${date}\r\nContent-Length: ${length}\r\nConnection: keep-alive\r\n\r\n`
      const [ready, asked] = [`${head(5)}ready`, `${head(5)}asked`]
      expect(all).toBe(ready + ready + asked + ready + ready)
    })
  )

  effect("comes whole to a head that comes byte by byte, also when it is long", () =>
    Effect.gen(function* () {
      const split = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))
      const { connect, gateway } = yield* harness({ network: { split } })
      const long = new Uint8Array(40_000).fill(120)
      yield* gateway.plain(makeRoute(long).route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/r/1"))
      expect(yield* client.until("x".repeat(40_000))).toContain("Content-Length: 40000\r\n")
    })
  )

  const general: ReadonlyArray<readonly [what: string, request: string, way: string]> = [
    ["HEAD", "HEAD /r/1 HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD /r/1"],
    ["POST", "POST /r/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "POST /r/1"],
    ["a part", get("/r/1", "Range: bytes=0-1"), "GET /r/1"],
    ["a condition", get("/r/1", "If-None-Match: x"), "GET /r/1"],
    ["a body", get("/r/1", "Content-Length: 1") + "x", "GET /r/1"],
    ["the last request", get("/r/1", "Connection: close"), "GET /r/1"],
    ["HTTP/1.0", "GET /r/1 HTTP/1.0\r\n\r\n", "GET /r/1"]
  ]
  for (const [what, request, way] of general) {
    effect(`is not what ${what} asks for`, () =>
      Effect.gen(function* () {
        const { connect, gateway } = yield* harness()
        const { route, ways } = makeRoute()
        yield* gateway.plain(route)
        yield* gateway.listen
        const client = yield* connect()
        client.send(request)
        yield* client.until("\r\n\r\n")
        yield* TestClock.adjust(0)
        expect(ways).toEqual([way])
      })
    )
  }

  effect("does not go before routes that stand before its own, nor on other listeners, but before live bodies", () =>
    Effect.gen(function* () {
      const { ask, gateway } = yield* harness()
      const { route, ways } = makeRoute()
      yield* gateway.plain(route)
      yield* gateway.plain({ listener: "any", path: "/r/x/", answer: () => Effect.succeed(answer("longer")) })
      yield* gateway.live({ ...makeLive().route, match: () => ({ contentType: "a/b", serve: () => Effect.void }) })
      yield* gateway.listen
      const last = get("/", "Connection: close")
      expect(yield* ask(get("/r/x/1") + last)).toContain("longer")
      expect(yield* ask(get("/r/1") + last)).toContain("\r\n\r\nready")
      expect(yield* ask(get("/r/1") + last, 1985)).not.toContain("ready")
      expect(ways).toEqual(["ready /r/1"])
    })
  )

  effect("grants other origins access", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(makeRoute().route)
      yield* gateway.listen
      const client = yield* connect()
      client.send(get("/r/1", "Origin: http://a"))
      expect(yield* client.until("ready")).toContain("Access-Control-Allow-Origin: *\r\n")
    })
  )
})

describe("a client with ready answers", () => {
  const long = new Uint8Array(maxQueuedBytes + 1)

  effect("that asks on without taking them gets no more until it has", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      const { route, ways } = makeRoute(long)
      yield* gateway.plain(route)
      yield* gateway.listen
      const client = yield* connect()
      yield* TestClock.adjust(0)
      client.connection.stall(true)
      for (let i = 0; i < 10; i++) client.send(get(`/r/${i}`))
      yield* TestClock.adjust(0)
      expect(ways).toEqual(["ready /r/0"])
      client.connection.stall(false)
      yield* TestClock.adjust(0)
      expect(ways).toHaveLength(10)
    })
  )

  effect("that takes nothing for a minute is let go, one that takes a little is not", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(makeRoute(long).route)
      yield* gateway.listen
      const client = yield* connect()
      yield* TestClock.adjust(0)
      client.connection.stall(true)
      client.send(get("/r/1"))
      yield* TestClock.adjust(answerTimeoutMillis - 1)
      expect(client.connection.isClosed).toBe(false)
      client.connection.stall(false)
      client.connection.stall(true)
      client.send(get("/r/2"))
      yield* TestClock.adjust(answerTimeoutMillis - 1)
      expect(client.connection.isClosed).toBe(false)
      yield* TestClock.adjust(answerTimeoutMillis)
      expect(client.connection.isClosed).toBe(true)
    })
  )

  effect("that asks for nothing more is let go after 30 s", () =>
    Effect.gen(function* () {
      const { connect, gateway } = yield* harness()
      yield* gateway.plain(makeRoute().route)
      yield* gateway.listen
      const client = yield* connect()
      yield* TestClock.adjust(20_000)
      client.send(get("/r/1"))
      yield* TestClock.adjust(headTimeoutMillis - 1)
      expect(client.connection.isClosed).toBe(false)
      yield* TestClock.adjust(1)
      expect(client.connection.isClosed).toBe(true)
    })
  )
})
