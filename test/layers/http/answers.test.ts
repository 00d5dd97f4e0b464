import { expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { answerTimeoutMillis } from "../../../src/layers/http/plainAnswer.ts"
import { maxQueuedBytes } from "../../../src/layers/http/ConnectionStream.ts"
import type { PlainRoute } from "../../../src/services/HttpGateway.ts"
import { effect } from "../../support/effect.ts"
import { get, harness, makeLive } from "./harness.ts"

const pieceLength = 65_536

/** A body of so many pieces, each filled with its number; counts what was taken and whether its scope has closed. */
const makePieces = (count: number, available = count) => {
  let taken = 0
  const closed = Deferred.makeUnsafe<void>()
  const route: PlainRoute = {
    listener: "any",
    path: "/long",
    answer: () =>
      Effect.as(
        Effect.addFinalizer(() => Deferred.succeed(closed, undefined)),
        {
          status: 200,
          headers: [],
          body: {
            length: count * pieceLength,
            next: Effect.sync(() => (taken < available ? new Uint8Array(pieceLength).fill(97 + taken++) : undefined))
          }
        }
      )
  }
  return { route, taken: () => taken, closed }
}

effect("a body in pieces arrives whole, and the connection goes on", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    const pieces = makePieces(3)
    yield* gateway.plain(pieces.route)
    yield* gateway.listen
    const [head, body, second] = (yield* ask(get("/long") + get("/missing", "Connection: close"))).split("\r\n\r\n")
    expect(head).toContain(`Content-Length: ${3 * pieceLength}`)
    const [whole, next] = [body.slice(0, 3 * pieceLength), body.slice(3 * pieceLength)]
    expect(whole).toBe(["a", "b", "c"].map((letter) => letter.repeat(pieceLength)).join(""))
    expect(next).toStartWith("HTTP/1.1 404 ")
    expect(second).toBe("Not Found")
    yield* Deferred.await(pieces.closed)
  })
)

effect("HEAD takes no piece", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    const pieces = makePieces(3)
    yield* gateway.plain(pieces.route)
    yield* gateway.listen
    const request = "HEAD /long HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    expect(yield* ask(request)).toMatch(new RegExp(`Content-Length: ${3 * pieceLength}[^]*\r\n\r\n$`))
    expect(pieces.taken()).toBe(0)
    yield* Deferred.await(pieces.closed)
  })
)

effect("a client that does not read is sent no more, and after a minute none at all", () =>
  Effect.gen(function* () {
    const { connect, gateway } = yield* harness()
    const pieces = makePieces(1000)
    yield* gateway.plain(pieces.route)
    yield* gateway.listen
    const client = yield* connect()
    client.connection.stall(true)
    client.send(get("/long"))
    yield* TestClock.adjust(answerTimeoutMillis - 1)
    expect(pieces.taken()).toBeGreaterThan(0)
    expect(pieces.taken() * pieceLength).toBeLessThanOrEqual(4 * maxQueuedBytes)
    yield* TestClock.adjust(1)
    yield* Deferred.await(pieces.closed)
  })
)

effect("a client that leaves in the middle of a long answer is let go of at once, whether it read or not", () =>
  Effect.gen(function* () {
    const { connect, gateway } = yield* harness()
    yield* gateway.listen
    for (const stalls of [true, false]) {
      const pieces = makePieces(1000)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* gateway.plain({ ...pieces.route, path: `/${stalls}` })
          const client = yield* connect()
          client.connection.stall(stalls)
          client.send(get(`/${stalls}`))
          yield* TestClock.adjust(1000)
          expect(pieces.taken()).toBeGreaterThan(0)
          client.connection.close("reset")
          yield* Deferred.await(pieces.closed)
          expect(pieces.taken()).toBeLessThan(10)
        })
      )
    }
  })
)

effect("a body that comes to an end too early cuts the connection", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    const pieces = makePieces(3, 1)
    yield* gateway.plain(pieces.route)
    yield* gateway.listen
    const [, body] = (yield* ask(get("/long"))).split("\r\n\r\n")
    expect(body.length).toBe(pieceLength)
  })
)

effect("a route that has nothing leaves the request to the next one, those of a higher order last", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    const answering = (path: string, body: string | undefined, order: 0 | 1 | 2 = 0): PlainRoute => ({
      path,
      listener: "any",
      order,
      answer: ({ head }) =>
        Effect.succeed(body === undefined || head.query === "?none" ? undefined : { status: 200, headers: [], body })
    })
    for (const route of [
      answering("/a/b/", "later", 1),
      answering("/", "root"),
      answering("/a/", "a"),
      answering("/a/x", undefined)
    ]) {
      yield* gateway.plain(route)
    }
    yield* gateway.listen
    const body = (path: string) => Effect.map(ask(get(path, "Connection: close")), (text) => text.split("\r\n\r\n")[1])
    expect(yield* body("/a/b/c")).toBe("a")
    expect(yield* body("/a/x")).toBe("a")
    expect(yield* body("/b")).toBe("root")
    expect(yield* body("/b?none")).toBe("Not Found")
  })
)

effect("a path that a route claims is not live", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    yield* gateway.live(makeLive().route)
    yield* gateway.plain({
      path: "/live/",
      listener: "any",
      claims: ({ query }) => query === "?start=5",
      answer: () => Effect.succeed({ status: 200, headers: [], body: "file" })
    })
    yield* gateway.listen
    expect(yield* ask(get("/live/a?start=5", "Connection: close"))).toEndWith("\r\n\r\nfile")
  })
)

effect("a body whose length nobody knows comes in chunks, and for old clients until the connection closes", () =>
  Effect.gen(function* () {
    const { ask, gateway } = yield* harness()
    yield* gateway.plain({
      listener: "any",
      path: "/growing",
      answer: () =>
        Effect.sync(() => {
          const pieces = ["abc", "0123456789abcdef"]
          const next = Effect.sync(() => {
            const piece = pieces.shift()
            return piece === undefined ? ("end" as const) : new TextEncoder().encode(piece)
          })
          return { status: 200, headers: [], body: { length: undefined, next } }
        })
    })
    yield* gateway.listen
    const body = "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    const close = get("/growing", "Connection: close")
    // With a body of its own, a request is read by `node:http`.
    const post = "POST /growing HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    for (const request of [close, post]) {
      const [head, ...rest] = (yield* ask(request)).split("\r\n\r\n")
      expect(head).toContain("Transfer-Encoding: chunked")
      expect(head).not.toContain("Content-Length")
      expect(rest.join("\r\n\r\n")).toBe(body)
    }
    const both = (yield* ask(get("/growing") + close)).split("HTTP/1.1 200")
    expect(both.map((answer) => answer.endsWith(body))).toEqual([false, true, true])
    const old = yield* ask("GET /growing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    expect(old).toEndWith("\r\n\r\nabc0123456789abcdef")
    expect(old).toContain("Connection: close")
    const head = yield* ask("HEAD /growing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    expect(head).toMatch(/Transfer-Encoding: chunked[^]*\r\n\r\n$/)
    expect(head).not.toContain("abc")
  })
)
