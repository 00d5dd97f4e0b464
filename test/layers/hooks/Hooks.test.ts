import { describe, expect } from "bun:test"
import { createHmac } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import { maxAttempts, maxDeadLetters, maxLetters } from "../../../src/layers/hooks/Courier.ts"
import * as HooksLayer from "../../../src/layers/hooks/Hooks.ts"
import { StreamAccount, VhostAccount } from "../../../src/domain/stats/Ledger.ts"
import * as HttpCallsLayer from "../../../src/layers/httpCalls/HttpCalls.ts"
import { make } from "../../../src/layers/transport/Memory.ts"
import type { AccessRequest } from "../../../src/services/Authorizer.ts"
import { Hooks } from "../../../src/services/Hooks.ts"
import { ServerIdentity } from "../../../src/services/ServerIdentity.ts"
import type { Session } from "../../../src/services/Sessions.ts"
import { Statistics } from "../../../src/services/Statistics.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { accept, answer, callbackServer, type Received } from "../../support/callbackServer.ts"
import { effect } from "../../support/effect.ts"

const session = (id: string, type: string): Session => ({
  id,
  protocol: "rtmp",
  address: "10.1.2.3",
  connected: true,
  openedAt: 0,
  type,
  stream: undefined,
  role: "",
  tcUrl: "",
  pageUrl: "",
  swfUrl: "",
  counters: {
    bytesIn: () => 10,
    bytesOut: () => 20,
    framesIn: 0,
    framesOut: 0,
    framesDropped: 0,
    jumps: 0,
    viewer: undefined
  },
  kicked: undefined
})

const request = (name = "a", id = "client01", type = "fmle-publish"): AccessRequest => ({
  session: session(id, type),
  stream: { vhost: "__defaultVhost__", app: "live", stream: name },
  param: "?token=1",
  tcUrl: "rtmp://host/live",
  pageUrl: "http://page/"
})

const unused = (): never => {
  throw new Error("callbacks need no such statistics")
}

const account = new StreamAccount("vid-s", request().stream, new VhostAccount("vid-v", "__defaultVhost__"), "")

const urls = ["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop"]
  .map((event) => `${event} http://hooks:8085/${event}?x=1;`)
  .join(" ")

const harness = Effect.fnUntraced(function* (
  reply: (received: Received) => string | undefined = () => accept,
  directives = urls
) {
  const transport = Layer.succeed(Transport, make())
  const settings = layerText(`vhost __defaultVhost__ { http_hooks { enabled on; ${directives} } }`)
  const identity = Layer.succeed(ServerIdentity, { server: "vid-1", service: "srv00001", pid: 1 })
  const statistics = Layer.succeed(Statistics, {
    streamOf: ({ id }) => (id === "client01" ? account : undefined),
    ledger: unused,
    clients: unused,
    streams: unused,
    vhosts: unused,
    stateOf: unused,
    system: unused,
    traffic: unused,
    rates: unused,
    startedAt: 0
  })
  const context = yield* Layer.build(
    HooksLayer.layer.pipe(
      Layer.provide(HttpCallsLayer.layer),
      Layer.provideMerge(Layer.mergeAll(transport, settings, identity, statistics))
    )
  )
  const listen = (port: number, reply?: (received: Received) => string | undefined) =>
    Effect.provideContext(callbackServer(port, reply), context)
  const { received } = yield* listen(8085, reply)
  return { hooks: Context.get(context, Hooks), received, listen }
})

const reasonOf = <A>(asked: Effect.Effect<A, { readonly reason: string }>) =>
  Effect.match(asked, { onSuccess: () => "accepted", onFailure: ({ reason }) => reason })

const common =
  '"server_id":"vid-1","service_id":"srv00001","action":"ACTION","client_id":"client01","ip":"10.1.2.3","vhost":"__defaultVhost__","app":"live",'

/** From callbacks.md 3, keys in order. */
const bodies = {
  on_connect: '"stream":"a","param":"?token=1","tcUrl":"rtmp://host/live","pageUrl":"http://page/"',
  on_publish: '"tcUrl":"rtmp://host/live","stream":"a","param":"?token=1","stream_url":"/live/a","stream_id":"vid-s"',
  on_play:
    '"stream":"a","tcUrl":"rtmp://host/live","param":"?token=1","pageUrl":"http://page/","stream_url":"/live/a","stream_id":"vid-s"',
  on_unpublish: '"tcUrl":"rtmp://host/live","stream":"a","param":"?token=1","stream_url":"/live/a","stream_id":"vid-s"',
  on_stop: '"tcUrl":"rtmp://host/live","stream":"a","param":"?token=1","stream_url":"/live/a","stream_id":"vid-s"',
  on_close: '"send_bytes":20,"recv_bytes":10'
} as const

describe("a callback says what SRS says:", () => {
  for (const event of ["on_connect", "on_publish", "on_play", "on_unpublish", "on_stop", "on_close"] as const) {
    effect(event, () =>
      Effect.gen(function* () {
        const { hooks, received } = yield* harness()
        const isAsking = event === "on_connect" || event === "on_publish" || event === "on_play"
        yield* isAsking ? hooks.ask(event, request()) : hooks.tell(event, request())
        yield* TestClock.adjust(0)
        expect(received.map(({ text }) => text)).toEqual([`{${common.replace("ACTION", event)}${bodies[event]}}`])
        const length = received[0].text.length
        expect(received[0].head.slice(0, 6)).toEqual([
          `POST /${event}?x=1 HTTP/1.1`,
          "Connection: Keep-Alive",
          `Content-Length: ${length}`,
          "Content-Type: application/json",
          "Host: hooks:8085",
          "User-Agent: SRS/7.0.18(Hang)"
        ])
      })
    )
  }
})

effect("a stream that the statistics do not know has no id", () =>
  Effect.gen(function* () {
    const { hooks, received } = yield* harness()
    yield* hooks.ask("on_play", request("a", "client02"))
    expect(received[0].text).toEndWith('"stream_url":"/live/a"}')
  })
)

effect("beyond SRS, in headers: key, timestamp, signature and trace", () =>
  Effect.gen(function* () {
    const { hooks, received } = yield* harness(undefined, `${urls} secret s3cret;`)
    yield* TestClock.adjust(1_700_000_000_999)
    yield* Effect.withSpan(hooks.ask("on_play", request()), "test")
    const [{ headers, text }] = received
    expect(headers.get("idempotency-key")).toMatch(/^[0-9a-f]{32}$/)
    expect(headers.get("x-sluice-timestamp")).toBe("1700000000")
    const digest = createHmac("sha256", "s3cret").update(`1700000000.${text}`).digest("hex")
    expect(headers.get("x-sluice-signature")).toBe(`sha256=${digest}`)
    expect(headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
)

describe("several URLs", () => {
  const three = (event: string) => `${event} http://h:8085/1 http://h:8085/2 http://h:8085/3;`

  effect("are asked one after another, and the first that refuses is the last", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(
        ({ path }) => (path === "/2" ? answer(200, "1") : accept),
        three("on_publish")
      )
      expect(yield* reasonOf(hooks.ask("on_publish", request()))).toBe('body "1"')
      expect(received.map(({ path }) => path)).toEqual(["/1", "/2"])
    })
  )

  effect("are all told, whatever one of them says", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(() => answer(403, "no"), three("on_stop"))
      yield* hooks.tell("on_stop", request())
      yield* TestClock.adjust(0)
      expect(received.map(({ path }) => path).sort()).toEqual(["/1", "/2", "/3"])
      expect(new Set(received.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(3)
    })
  )
})

describe("asking", () => {
  effect("costs no call where nothing is configured", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(undefined, "")
      yield* hooks.ask("on_publish", request())
      yield* hooks.tell("on_unpublish", request())
      expect(received).toEqual([])
    })
  )

  effect("ends with a refusal when nobody answers within 30 s, and meanwhile holds up nobody else", () =>
    Effect.gen(function* () {
      const { hooks } = yield* harness(({ body }) => (body["stream"] === "slow" ? undefined : accept))
      const slow = yield* Effect.forkChild(reasonOf(hooks.ask("on_publish", request("slow", "client02"))))
      expect(yield* reasonOf(hooks.ask("on_publish", request()))).toBe("accepted")
      yield* TestClock.adjust(30_000)
      expect(yield* Fiber.join(slow)).toBe("no answer within 30000 ms")
    })
  )

  const failures: ReadonlyArray<readonly [string, string, string]> = [
    ["no server", "on_play http://h:1/;", "cannot connect h:1: connection refused"],
    ["no URL", "on_play ftp://h/;", "is no http or https URL"]
  ]
  for (const [name, directives, reason] of failures) {
    effect(`refuses with ${name}`, () =>
      Effect.gen(function* () {
        const { hooks } = yield* harness(undefined, directives)
        expect(yield* reasonOf(hooks.ask("on_play", request()))).toBe(reason)
      })
    )
  }

  effect("a server that does not answer is not asked for a while, then by one, then by all", () =>
    Effect.gen(function* () {
      let isUp = false
      const { hooks, received } = yield* harness(() => (isUp ? accept : answer(500, "")))
      const ask = reasonOf(hooks.ask("on_play", request()))
      for (let i = 0; i < 5; i++) expect(yield* ask).toBe("status 500")
      expect(yield* ask).toContain("the circuit is open")
      expect(received.length).toBe(5)
      isUp = true
      yield* TestClock.adjust(5000)
      expect([yield* ask, yield* ask]).toEqual(["accepted", "accepted"])
    })
  )

  effect("a refusal of many clients opens no circuit", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(() => answer(403, "no"))
      for (let i = 0; i < 20; i++) expect(yield* reasonOf(hooks.ask("on_play", request()))).toBe("status 403")
      expect(received.length).toBe(20)
    })
  )
})

const actions = (received: ReadonlyArray<Received>) =>
  received.map(({ body }) => `${String(body["action"])} ${String(body["client_id"])}`)

describe("telling", () => {
  effect("is repeated, with the same key, until the server has heard it", () =>
    Effect.gen(function* () {
      let failures = 3
      const { hooks, received } = yield* harness(() => (failures-- > 0 ? answer(503, "") : accept))
      yield* hooks.tell("on_unpublish", request())
      yield* TestClock.adjust(0)
      expect(received.length).toBe(1)
      yield* TestClock.adjust(1000)
      expect(received.length).toBe(2)
      yield* TestClock.adjust(2000)
      yield* TestClock.adjust(4000)
      yield* TestClock.adjust(600_000)
      expect(received.length).toBe(4)
      expect(new Set(received.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1)
    })
  )

  effect("keeps the order of a stream, and lets others pass", () =>
    Effect.gen(function* () {
      let isUp = false
      const { hooks, received } = yield* harness(({ body }) =>
        isUp || body["client_id"] === "client09" ? accept : answer(503, "")
      )
      yield* hooks.tell("on_unpublish", request("a", "client01"))
      yield* hooks.tell("on_unpublish", request("a", "client02"))
      yield* hooks.tell("on_stop", request("a", "client09", "flv-play"))
      yield* TestClock.adjust(0)
      expect(actions(received)).toEqual(["on_unpublish client01", "on_stop client09"])
      isUp = true
      yield* TestClock.adjust(1000)
      expect(actions(received).slice(2)).toEqual(["on_unpublish client01", "on_unpublish client02"])
    })
  )

  for (const { end, upAfter } of [
    { end: "on_unpublish", upAfter: 500 },
    { end: "on_stop", upAfter: 500 },
    { end: "on_unpublish", upAfter: 3500 }
  ] as const) {
    effect(`on_close comes after ${end}, which has another URL, or after 3 s: up after ${upAfter} ms`, () =>
      Effect.gen(function* () {
        let isUp = false
        const { hooks, received } = yield* harness(({ body }) =>
          isUp || body["action"] === "on_close" ? accept : answer(503, "")
        )
        yield* hooks.tell(end, request())
        yield* hooks.tell("on_close", request())
        yield* TestClock.adjust(upAfter)
        isUp = true
        yield* TestClock.adjust(10_000)
        const heard = actions(received).map((action) => action.split(" ")[0])
        expect(heard.filter((event) => event === "on_close")).toEqual(["on_close"])
        expect(heard.at(-1)).toBe(upAfter > 3000 ? end : "on_close")
      })
    )
  }

  effect("a publisher that comes back is asked about after its end was told, or after 3 s", () =>
    Effect.gen(function* () {
      let isUp = false
      const { hooks, received } = yield* harness(() => (isUp ? accept : answer(503, "")))
      yield* hooks.tell("on_unpublish", request())
      const asking = yield* Effect.forkChild(reasonOf(hooks.ask("on_publish", request("a", "client02"))))
      yield* TestClock.adjust(500)
      isUp = true
      yield* TestClock.adjust(500)
      expect(yield* Fiber.join(asking)).toBe("accepted")
      expect(actions(received)).toEqual(["on_unpublish client01", "on_unpublish client01", "on_publish client02"])
    })
  )

  effect("is given up after some attempts, kept, and delivered when it is replayed", () =>
    Effect.gen(function* () {
      let isUp = false
      const { hooks, received } = yield* harness(() => (isUp ? accept : ""))
      yield* hooks.tell("on_unpublish", request())
      for (let i = 0; i < 40; i++) yield* TestClock.adjust(30_000)
      expect(received.length).toBeGreaterThan(4)
      expect(received.length).toBeLessThanOrEqual(maxAttempts)
      const [letter, ...more] = hooks.deadLetters()
      expect(more).toEqual([])
      expect(letter).toMatchObject({ event: "on_unpublish", reason: "answer is cut short", body: received[0].text })
      isUp = true
      expect(yield* hooks.replay).toBe(1)
      for (let i = 0; i < 3; i++) yield* TestClock.adjust(60_000)
      expect(hooks.deadLetters()).toEqual([])
      expect(received.at(-1)?.headers.get("idempotency-key")).toBe(letter.idempotencyKey)
    })
  )

  effect("what waits for a server that hangs is bounded, and so is what is kept of it", () =>
    Effect.gen(function* () {
      const { hooks } = yield* harness(() => undefined)
      const told = request()
      for (let i = 0; i < maxLetters + maxDeadLetters + 5; i++) yield* hooks.tell("on_unpublish", told)
      expect(hooks.deadLetters().length).toBe(maxDeadLetters)
    })
  )
})

const segment = {
  durationMillis: 10_000,
  cwd: "/srv",
  file: "./html/live/a-3.ts",
  url: "live/a-3.ts",
  m3u8: "./html/live/a.m3u8",
  m3u8Url: "live/a.m3u8",
  sequence: 3
}

describe("a segment", () => {
  effect("is told with its files, seconds with two decimals", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(undefined, "on_hls http://hooks:8085/hls;")
      yield* hooks.segment(request(), segment)
      yield* TestClock.adjust(0)
      const facts =
        '"tcUrl":"rtmp://host/live","stream":"a","param":"?token=1","duration":10.00,"cwd":"/srv","file":"./html/live/a-3.ts","url":"live/a-3.ts","m3u8":"./html/live/a.m3u8","m3u8_url":"live/a.m3u8","seq_no":3,"stream_url":"/live/a","stream_id":"vid-s"'
      expect(received.map(({ text }) => text)).toEqual([`{${common.replace("ACTION", "on_hls")}${facts}}`])
    })
  )

  effect("is noticed by a GET with names in its URL, once, whatever the answer", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(
        () => answer(500, "no"),
        "on_hls_notify http://hooks:8085/[server_id]/[service_id]/[app]/[stream]/[ts_url][param]&x=[y];"
      )
      yield* hooks.segment(request(), segment)
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(60_000)
      expect(received.map(({ head }) => head)).toEqual([
        [
          "GET /vid-1/srv00001/live/a/live/a-3.ts?token=1&x=[y] HTTP/1.1",
          "Connection: Keep-Alive",
          "Host: hooks:8085",
          "User-Agent: SRS/7.0.18(Hang)"
        ]
      ])
    })
  )

  effect("with a whole URL is fetched there", () =>
    Effect.gen(function* () {
      const { hooks, received } = yield* harness(undefined, "on_hls_notify http://nowhere/;")
      yield* hooks.segment(request(), { ...segment, url: "http://cdn:8085/live/a-3.ts" })
      yield* TestClock.adjust(0)
      expect(received.map(({ path }) => path)).toEqual(["/live/a-3.ts"])
    })
  )
})
