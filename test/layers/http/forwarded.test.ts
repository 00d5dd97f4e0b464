import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { effect } from "../../support/effect.ts"
import { get, harness, makeLive } from "./harness.ts"

/** Clients in memory come from 127.0.0.1. */
const settings = (trusted: string) => `http_server { enabled on; } trusted_proxies { addresses ${trusted}; }`

const plain = {
  listener: "server",
  path: "/who",
  answer: ({ address }: { readonly address: string }) =>
    Effect.succeed({ status: 200, headers: [], body: `[${address}]` })
} as const

effect("each request on a proxy's connection is its own client's", () =>
  Effect.gen(function* () {
    const { connect, gateway } = yield* harness({ settings: settings("127.0.0.1 10.0.0.0/8") })
    yield* gateway.plain(plain)
    yield* gateway.listen
    const client = yield* connect()
    client.send(get("/who", "X-Forwarded-For: 203.0.113.1"))
    yield* client.until("[203.0.113.1]")
    client.send(get("/who", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.2, 10.0.0.7"))
    yield* client.until("[203.0.113.2]")
    client.send(get("/who"))
    yield* client.until("[127.0.0.1]")
  })
)

effect("a live body is its client's, of whom the session tells from then on", () =>
  Effect.gen(function* () {
    const { connect, gateway, sessions } = yield* harness({ settings: settings("127.0.0.1") })
    const live = makeLive()
    yield* gateway.plain(plain)
    yield* gateway.listen
    yield* gateway.live(live.route)
    const first = yield* connect()
    first.send(get("/live/a", "X-Real-IP: 203.0.113.1"))
    yield* first.until("\r\n\r\n")
    const second = yield* connect()
    second.send(get("/who") + get("/live/a", "X-Forwarded-For: 203.0.113.2"))
    yield* second.until("video/x-toy")
    expect([...sessions.all().values()].map(({ address }) => address)).toEqual(["203.0.113.1", "203.0.113.2"])
  })
)

effect("who is no trusted proxy is who it is", () =>
  Effect.gen(function* () {
    const { connect, gateway } = yield* harness({ settings: settings("10.0.0.0/8") })
    yield* gateway.plain(plain)
    yield* gateway.listen
    const client = yield* connect()
    client.send(get("/who", "X-Forwarded-For: 10.0.0.1", "X-Real-IP: 10.0.0.1"))
    yield* client.until("[127.0.0.1]")
  })
)
