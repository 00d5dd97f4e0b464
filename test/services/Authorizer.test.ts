import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { Glob } from "bun"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "../../src/embed.ts"
import * as RtmpClientLayer from "../../src/layers/rtmp/RtmpClient.ts"
import { type AccessRequest, Authorizer, Refused } from "../../src/services/Authorizer.ts"
import { Listeners } from "../../src/services/Listeners.ts"
import { RtmpClient } from "../../src/services/RtmpClient.ts"
import { SourceRegistry } from "../../src/services/SourceRegistry.ts"
import { Transport } from "../../src/services/Transport.ts"
import { effect } from "../support/effect.ts"
import { blankComments } from "../support/sourceText.ts"

const config = `
  http_server { enabled on; https { enabled on; } }
  http_api { enabled on; }
  rtmps { enabled on; }
  vhost __defaultVhost__ { http_remux { enabled on; formats ts aac mp3 mp4; } publish { grace 5; } }`

const ask = Effect.fnUntraced(function* (url: string, fields: ReadonlyArray<string>) {
  const { host, pathname, port } = new URL(url)
  const transport = yield* Transport
  const connection = yield* transport.connect({ host, port: Number(port) || 443 }, { timeoutMillis: 1000 })
  connection.write(Buffer.from(`GET ${pathname} HTTP/1.1\r\n${["Host: h", ...fields].join("\r\n")}\r\n\r\n`))
  let answer = ""
  const more = Effect.map(connection.read, (bytes) => void (answer += Buffer.from(bytes).toString()))
  yield* Effect.ignore(Effect.forever(more))
  return answer.split("\r\n")[0]
})

const upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x"]

const playRtmp = (url: string) =>
  Effect.flatMap(RtmpClient, (client) => Effect.flatMap(client.play(url), (playing) => playing.run(() => undefined)))

/** The server's answer in HTTP, or the tag of what the client's error says. */
const answerOf = <R>(play: Effect.Effect<unknown, { readonly _tag: string }, R>) =>
  Effect.match(play, { onSuccess: String, onFailure: ({ _tag }) => _tag })

/** How a URL that a protocol contributes is played, and what the player must hear. */
const players = {
  "rtmp:": { play: playRtmp, hears: "RtmpRefused" },
  "rtmps:": { play: playRtmp, hears: "RtmpRefused" },
  "http:": { play: (url: string) => ask(url, []), hears: "HTTP/1.1 403 Forbidden" },
  "https:": { play: (url: string) => ask(url, []), hears: "HTTP/1.1 403 Forbidden" },
  "ws:": { play: (url: string) => ask(url, upgrade), hears: "HTTP/1.1 403 Forbidden" },
  "wss:": { play: (url: string) => ask(url, upgrade), hears: "HTTP/1.1 403 Forbidden" }
} as const
const isScheme = (scheme: string): scheme is keyof typeof players => scheme in players

/** Each protocol of the composition: how to publish by it and what the publisher must hear, or why there is no way. */
const publishers = {
  RtmpListener: {
    publish: Effect.flatMap(RtmpClient, (client) => client.publish("rtmp://localhost/live/a")),
    hears: "RtmpRefused"
  },
  InProcess: { publish: Sluice.publish("live/a"), hears: "Refused" },
  HttpFlv: "takes no publishers",
  HttpTs: "takes no publishers",
  HttpFmp4: "takes no publishers",
  HttpAac: "takes no publishers",
  HttpMp3: "takes no publishers",
  Forwarder: "takes no publishers",
  RtmpClient: "is no server",
  DashHttp: "takes no publishers",
  Dash: "has no connections",
  Static: "has files, no streams",
  Page: "has no media",
  HlsHttp: "takes no publishers",
  HlsSegmenter: "has no connections"
} as const

/** Ways to play that have no URL. */
const readers = { InProcess: { play: Stream.runDrain(Sluice.subscribe("live/a")), hears: "Refused" } } as const

/** The real server under an Authorizer that refuses everybody, and notes who asked. */
const refusing = () => {
  const asked: Array<string> = []
  const refuse = (action: "publish" | "play") => (request: AccessRequest) => {
    asked.push(`${action} ${request.session.protocol}`)
    return Effect.fail(new Refused({ action, stream: request.stream.stream, reason: "nobody may", code: 2015 }))
  }
  const connect = () => Effect.void
  const authorizer = Layer.succeed(Authorizer, { connect, publish: refuse("publish"), play: refuse("play") })
  const server = RtmpClientLayer.layer.pipe(Layer.provideMerge(Sluice.layer({ config, authorizer })))
  return { asked, server }
}

/** Tries it in virtual time, which a refusal may need to be told. Nothing of the stream may have been touched by it. */
const attempt = Effect.fnUntraced(function* <R>(self: Effect.Effect<unknown, { readonly _tag: string }, R>) {
  const fiber = yield* Effect.forkChild(Effect.scoped(answerOf(self)))
  yield* TestClock.adjust(2000)
  const answer = yield* Fiber.join(fiber)
  for (const source of (yield* SourceRegistry).all()) {
    expect([source.publisher(), source.isRead(), source.log.end]).toEqual([undefined, false, 0])
  }
  return answer
})

const sourceText = (path: string): string => blankComments(readFileSync(path, "utf8"))

describe("an Authorizer that refuses everybody is asked, and obeyed, by", () => {
  effect("each protocol that is played at URLs", () => {
    const { asked, server } = refusing()
    return Effect.gen(function* () {
      const urls = (yield* Listeners).playUrls({ vhost: "__defaultVhost__", app: "live", stream: "a" })
      expect([...new Set(urls.map((url) => new URL(url).protocol))].sort()).toEqual(Object.keys(players).sort())
      for (const url of urls) {
        const scheme = new URL(url).protocol
        if (!isScheme(scheme)) throw new Error(`nothing here plays ${url}`)
        asked.length = 0
        expect(`${url} ${yield* attempt<Transport | RtmpClient | Scope.Scope>(players[scheme].play(url))}`).toBe(
          `${url} ${players[scheme].hears}`
        )
        expect(asked).toEqual([`play ${scheme.startsWith("rtmp") ? "rtmp" : "http"}`])
      }
    }).pipe(Effect.provide(server))
  })

  test("all that the server is composed of", () => {
    const composed = /protocols = Layer\.mergeAll\(([^]*?)\n\)/.exec(sourceText("src/server.ts"))?.[1] ?? ""
    expect([...composed.matchAll(/(\w+)\.layer/g)].map(([, name]) => name).sort()).toEqual(
      Object.keys(publishers).sort()
    )
  })

  for (const [name, row] of Object.entries(publishers)) {
    if (typeof row === "string") continue
    effect(`publishers of ${name}`, () => {
      const { asked, server } = refusing()
      return Effect.gen(function* () {
        expect(yield* attempt<Layer.Success<typeof server> | Scope.Scope>(row.publish)).toBe(row.hears)
        expect(asked.length).toBe(1)
      }).pipe(Effect.provide(server))
    })
  }

  for (const [name, { hears, play }] of Object.entries(readers)) {
    effect(`readers of ${name}`, () => {
      const { asked, server } = refusing()
      return Effect.gen(function* () {
        expect(yield* attempt(play)).toBe(hears)
        expect(asked.length).toBe(1)
      }).pipe(Effect.provide(server))
    })
  }
})

describe("there is no way past the Authorizer:", () => {
  /** Files of `src` whose code has it. */
  const users = (code: RegExp) =>
    [...new Glob("src/**/*.ts").scanSync(".")].filter((path) => code.test(sourceText(path)))

  test("only it grants permits", () => {
    expect(users(/\bgrantUnsafe\b/).sort()).toEqual(["src/layers/access/Authorizer.ts", "src/services/Authorizer.ts"])
  })

  test("only sources make logs and write to them", () => {
    const outside = (path: string) => !path.startsWith("src/layers/source/")
    expect(users(/\bnew (?:SourceLog|LiveSource)\b|\blog\.(?:append|reset|retain)\(/).filter(outside)).toEqual([])
  })

  test("only who has been given a source by its permit has a place in its log", () => {
    const own = /^src\/(?:domain\/media\/|layers\/source\/)/
    expect(
      users(/\bnew (?:FrameCursor|Cursor|Projection)\b/)
        .filter((path) => !own.test(path))
        .sort()
    ).toEqual([
      "src/layers/dash/Follower.ts",
      "src/layers/forward/ForwardFeed.ts",
      "src/layers/hls/Follower.ts",
      "src/layers/inProcess/InProcess.ts"
    ])
  })
})
