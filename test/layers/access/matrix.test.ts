/** Each protocol of the composition under each kind of rule: whoever contributes a URL is in it, or the test fails. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { signStream } from "../../../src/domain/access/signedUrl.ts"
import * as Sluice from "../../../src/embed.ts"
import * as RtmpClientLayer from "../../../src/layers/rtmp/RtmpClient.ts"
import type { InProcess } from "../../../src/services/InProcess.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { RtmpClient } from "../../../src/services/RtmpClient.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { accept, answer, callbackServer } from "../../support/callbackServer.ts"
import { effect } from "../../support/effect.ts"

const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
const signature = (action: "publish" | "play", expires = 100) => signStream("s3cret", action, stream, expires)
const hooks = (event: string, path: string) => `http_hooks { enabled on; ${event} http://h:8085/${path}; }`
const signed = "auth { enabled on; publish signature; play signature; secret s3cret; }"

interface Row {
  readonly name: string
  readonly directives: string
  /** Of publisher and player. */
  readonly queries?: readonly [publish: string, play: string]
  readonly publishes: boolean
  readonly plays: boolean
}

const rows: ReadonlyArray<Row> = [
  { name: "nothing is configured", directives: "", publishes: true, plays: true },
  { name: "players are denied", directives: "security { enabled on; deny play all; }", publishes: true, plays: false },
  {
    name: "publishers of this network are denied",
    directives: "security { enabled on; deny publish 127.0.0.0/8; }",
    publishes: false,
    plays: true
  },
  {
    name: "another network alone is allowed",
    directives: "security { enabled on; allow publish 10.0.0.0/8; allow play 10.0.0.0/8; }",
    publishes: false,
    plays: false
  },
  { name: "signatures are wanted and missing", directives: signed, publishes: false, plays: false },
  {
    name: "signatures are there",
    directives: signed,
    queries: [signature("publish"), signature("play")],
    publishes: true,
    plays: true
  },
  {
    name: "signatures are for the other action",
    directives: signed,
    queries: [signature("play"), signature("publish")],
    publishes: false,
    plays: false
  },
  {
    name: "signatures are too old",
    directives: signed,
    queries: [signature("publish", 0), signature("play", 0)],
    publishes: false,
    plays: false
  },
  { name: "a callback accepts publishers", directives: hooks("on_publish", "yes"), publishes: true, plays: true },
  { name: "a callback refuses publishers", directives: hooks("on_publish", "no"), publishes: false, plays: true },
  { name: "a callback refuses players", directives: hooks("on_play", "no"), publishes: true, plays: false },
  {
    name: "no callback server is there",
    directives: hooks("on_play", "").replace("8085", "1"),
    publishes: true,
    plays: false
  }
]

const upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x"]

/** Goes on for as long as the server lets it. */
const ask = Effect.fnUntraced(function* (url: string, fields: ReadonlyArray<string>) {
  const { host, pathname, port, search } = new URL(url)
  const transport = yield* Transport
  const connection = yield* transport.connect({ host, port: Number(port) || 443 }, { timeoutMillis: 1000 })
  connection.write(Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\n${["Host: h", ...fields].join("\r\n")}\r\n\r\n`))
  let text = ""
  yield* Effect.ignore(
    Effect.forever(Effect.map(connection.read, (bytes) => void (text += Buffer.from(bytes).toString())))
  )
  // A body that ends because nobody publishes was not refused.
  if (!/^HTTP\/1\.1 (?:401|403) /.test(text)) return yield* Effect.never
})

const playRtmp = (url: string) =>
  Effect.flatMap(RtmpClient, (client) => Effect.flatMap(client.play(url), (playing) => playing.run(() => undefined)))

type Needs = Transport | RtmpClient | Scope.Scope

const players: Readonly<Record<string, (url: string) => Effect.Effect<unknown, unknown, Needs>>> = {
  "rtmp:": playRtmp,
  "rtmps:": playRtmp,
  "http:": (url) => ask(url, []),
  "https:": (url) => ask(url, []),
  "ws:": (url) => ask(url, upgrade),
  "wss:": (url) => ask(url, upgrade)
}

/** Not ended after some seconds: let in. */
const isLetIn = Effect.fnUntraced(function* <R>(self: Effect.Effect<unknown, unknown, R>) {
  const fiber = yield* Effect.forkChild(Effect.scoped(Effect.exit(self)))
  yield* TestClock.adjust(2500)
  const letIn = fiber.pollUnsafe() === undefined
  yield* Fiber.interrupt(fiber)
  return letIn
})

const config = (directives: string) => `
  http_server { enabled on; https { enabled on; } }
  rtmps { enabled on; }
  vhost __defaultVhost__ { http_remux { enabled on; } ${directives} }`

for (const { directives, name, plays, publishes, queries = ["", ""] } of rows) {
  effect(`where ${name}, ${publishes ? "all" : "no"} publishers and ${plays ? "all" : "no"} players are let in`, () => {
    const server = RtmpClientLayer.layer.pipe(Layer.provideMerge(Sluice.layer({ config: config(directives) })))
    return Effect.gen(function* () {
      yield* callbackServer(8085, ({ path }) => (path === "/no" ? answer(200, "1") : accept))
      const [publishQuery, playQuery] = queries
      const urls = (yield* Listeners).playUrls(stream)
      const seen: Record<string, boolean> = {}
      for (const url of urls) {
        const play = players[new URL(url).protocol]
        if (play === undefined) throw new Error(`nothing here plays ${url}`)
        seen[url] = yield* isLetIn<Needs>(play(url + playQuery))
      }
      expect(seen).toEqual(Object.fromEntries(urls.map((url) => [url, plays])))
      expect(new Set(urls.map((url) => new URL(url).protocol))).toEqual(new Set(Object.keys(players)))
      const read = Stream.runDrain(Sluice.subscribe(`live/a${playQuery}`))
      expect(yield* isLetIn<InProcess>(read)).toBe(plays)
      const publishing = {
        RTMP: Effect.flatMap(RtmpClient, (client) => client.publish(`rtmp://localhost/live/a${publishQuery}`)),
        process: Sluice.publish(`live/a${publishQuery}`)
      }
      const hold = <E, R>(self: Effect.Effect<unknown, E, R>) => Effect.andThen(self, Effect.never)
      expect([yield* isLetIn(hold(publishing.RTMP)), yield* isLetIn(hold(publishing.process))]).toEqual([
        publishes,
        publishes
      ])
    }).pipe(Effect.provide(server))
  })
}
