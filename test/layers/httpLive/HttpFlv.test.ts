import { describe, expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as HttpFlv from "../../../src/layers/httpLive/HttpFlv.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../../src/services/Authorizer.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { Playback, StreamEnded, type ViewOptions, ViewerStalled } from "../../../src/services/Playback.ts"
import { type Source, SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { get, harness as gatewayHarness, serverPort } from "../http/harness.ts"

const server = `http_server { enabled on; listen ${serverPort}; }`
const defaultVhost = "vhost __defaultVhost__ { http_remux { enabled on; } }"

const handshake = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
]

interface Doubles {
  /** The streams that are refused. */
  readonly refuse?: string
}

/** The real gateway and routes; who may play and what is played are doubles. */
const harness = Effect.fnUntraced(function* (vhosts = defaultVhost, doubles: Doubles = {}) {
  const { connect, ask, services, sessions } = yield* gatewayHarness({ settings: `${server} ${vhosts}` })
  const asked: Array<AccessRequest> = []
  const views: Array<ViewOptions> = []
  let stopped = 0
  const authorizer = Layer.mock(Authorizer, {
    play: (request) =>
      Effect.gen(function* () {
        asked.push(request)
        const { stream } = request.stream
        if (stream === doubles.refuse) {
          return yield* new Refused({ action: "play", stream, reason: "no", code: 2015 })
        }
        yield* Effect.addFinalizer(() => Effect.sync(() => stopped++))
        return Permit.grantUnsafe("play", request)
      })
  })
  const absolute = { absoluteTimes: () => true } as Source
  const registry = Layer.mock(SourceRegistry, {
    find: (key) => (key === "/live/absolute" ? absolute : undefined),
    all: () => []
  })
  const playback = Layer.mock(Playback, {
    view: (_permit, options) =>
      Effect.sync(() => {
        views.push(options)
        return { source: {} as Source, pause: () => undefined, resume: () => undefined }
      })
  })
  yield* Layer.build(
    HttpFlv.layer.pipe(Layer.provide([authorizer, playback, registry, Layer.succeedContext(services)]))
  )
  yield* Context.get(services, HttpGateway).listen
  const play = Effect.fnUntraced(function* (path: string, ...fields: ReadonlyArray<string>) {
    const client = yield* connect()
    client.send(get(path, ...fields))
    yield* client.until("\r\n\r\n")
    return client
  })
  return { ask, connect, play, asked, views, sessions, stopped: () => stopped }
})

describe("a player", () => {
  effect("is identified, authorised and shown the stream until it ends", () =>
    Effect.gen(function* () {
      const { asked, play, sessions, stopped, views } = yield* harness()
      const client = yield* play("/live/a.flv?token=1&x", "Referer: http://page")
      expect(client.received).toContain("Content-Type: video/x-flv\r\n")
      expect(client.received).not.toContain("Transfer-Encoding")
      const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
      expect(asked[0]).toMatchObject({
        stream,
        param: "?token=1&x",
        tcUrl: "rtmp://__defaultVhost__/live",
        pageUrl: "http://page"
      })
      const [session] = sessions.all().values()
      expect(session).toMatchObject({ type: "flv-play", role: "play", stream, address: "127.0.0.1" })
      expect(views[0].session).toBe(session)
      expect(views[0].endWithPublisher).toBe(true)
      expect(views[0].format.key).toBe("flv:av:repaired:all")
      views[0].sink.write(Buffer.from("FLV"))
      yield* client.until("FLV")
      yield* Effect.sync(() => views[0].owner?.fail(new StreamEnded({ stream: "live/a" })))
      yield* client.rest
      expect(client.closed).toBe(true)
      expect(stopped()).toBe(1)
    })
  )

  effect("that stalls is ended, and so is one that leaves", () =>
    Effect.gen(function* () {
      const { play, stopped, views } = yield* harness()
      const one = yield* play("/live/a.flv")
      yield* Effect.sync(() => views[0].owner?.fail(new ViewerStalled({ stallMillis: 30_000 })))
      yield* one.rest
      expect(stopped()).toBe(1)
      const two = yield* play("/live/a.flv")
      yield* two.connection.end
      yield* TestClock.adjust(0)
      expect(stopped()).toBe(2)
    })
  )

  effect("that is refused gets 403 and nothing of the stream", () =>
    Effect.gen(function* () {
      const { ask, views } = yield* harness(defaultVhost, { refuse: "secret" })
      expect(yield* ask(get("/live/secret.flv"))).toStartWith("HTTP/1.1 403 Forbidden\r\n")
      expect(views).toEqual([])
    })
  )

  effect("over WebSocket gets a close frame when the stream has ended", () =>
    Effect.gen(function* () {
      const { play, views } = yield* harness()
      const client = yield* play("/live/a.flv", ...handshake)
      views[0].sink.write(Buffer.from("FLV"))
      yield* client.until("FLV")
      yield* Effect.sync(() => views[0].owner?.fail(new StreamEnded({ stream: "live/a" })))
      expect(yield* client.rest).toEndWith("\x82\x03FLV\x88\x02\x03\xe8")
    })
  )

  effect("over WebSocket is refused before the handshake", () =>
    Effect.gen(function* () {
      const { ask } = yield* harness(defaultVhost, { refuse: "secret" })
      expect(yield* ask(get("/live/secret.flv", ...handshake))).toStartWith("HTTP/1.1 403 Forbidden\r\n")
    })
  )
})

effect("a play is a tree of spans: session, authorize, play", () =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    yield* Effect.gen(function* () {
      const { play, views } = yield* harness()
      const client = yield* play("/live/a.flv")
      yield* Effect.sync(() => views[0].owner?.fail(new StreamEnded({ stream: "live/a" })))
      yield* client.rest
    }).pipe(Effect.scoped, recorder.provide)
    const root = recorder.spans.find(({ name }) => name === "http.session")
    expect(root?.attributes.get("session.end")).toBe("closed")
    expect(root?.attributes.get("client.type")).toBe("flv-play")
    expect(root?.attributes.get("stream.name")).toBe("a")
    for (const name of ["http.authorize", "http.play"]) {
      const span = recorder.spans.find((span) => span.name === name)
      expect(span?.parent).toMatchObject({ value: { spanId: root?.spanId } })
      expect(span?.status._tag).toBe("Ended")
    }
  })
)

effect("a refusal is in the session's span with SRS's error number", () =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    yield* Effect.gen(function* () {
      const { ask } = yield* harness(defaultVhost, { refuse: "secret" })
      yield* ask(get("/live/secret.flv"))
    }).pipe(Effect.scoped, recorder.provide)
    const root = recorder.spans.find(({ name }) => name === "http.session")
    expect(root?.attributes.get("error.code")).toBe(2015)
    expect(root?.attributes.get("session.end")).toBe("failed")
  })
)

describe("paths:", () => {
  const vhosts = `
    vhost a.com { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; } }
    vhost off.com { http_remux { enabled off; } }
    vhost ts.com { http_remux { enabled on; mount [vhost]/[app]/[stream].ts; } }
    vhost hdl.com { http_remux { enabled on; mount /hdl/[app]/[stream].flv; } }
    ${defaultVhost}`
  const cases: ReadonlyArray<readonly [path: string, host: string, found: string | undefined]> = [
    ["/live/a.flv", "127.0.0.1", "__defaultVhost__ live a"],
    ["/live/room/a.flv", "127.0.0.1", "__defaultVhost__ live/room a"],
    ["/live/a.flv", "a.com:8080", "a.com live a"],
    ["/live/a.flv?vhost=a.com", "h", "a.com live a"],
    ["/live/a.flv?domain=a.com", "h", "a.com live a"],
    ["/a.com/live/a.flv", "h", "a.com live a"],
    ["/unknown.com/live/a.flv", "h", "__defaultVhost__ unknown.com/live a"],
    ["/hdl/live/a.flv", "hdl.com", "hdl.com live a"],
    ["/hdl.com/live/a.flv", "h", "__defaultVhost__ hdl.com/live a"],
    ["/live/a.flv", "off.com", undefined],
    ["/live/a.flv", "ts.com", undefined],
    ["/live/a.flv", "hdl.com", undefined],
    ["/live/a.mp4", "h", undefined],
    ["/live/a", "h", undefined],
    ["/", "h", undefined]
  ]
  for (const [path, host, found] of cases) {
    effect(`${path} of ${host} is ${found ?? "404"}`, () =>
      Effect.gen(function* () {
        const { ask, asked, connect, views } = yield* harness(vhosts)
        const answer = yield* ask(`HEAD ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
        expect(answer).toStartWith(found === undefined ? "HTTP/1.1 404 " : "HTTP/1.1 200 ")
        expect([asked, views]).toEqual([[], []])
        if (found === undefined) return
        const client = yield* connect()
        client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
        yield* client.until("\r\n\r\n")
        const { app, stream, vhost } = asked[0].stream
        expect(`${vhost} ${app} ${stream}`).toBe(found)
      })
    )
  }
})

effect("settings choose what is announced and which times are used", () =>
  Effect.gen(function* () {
    const vhost = `vhost __defaultVhost__ {
      play { time_jitter off; reduce_sequence_header on; }
      http_remux { enabled on; guess_has_av off; has_audio off; }
    }`
    const { play, views } = yield* harness(vhost)
    yield* play("/live/a.flv")
    expect(views[0].format.key).toBe("flv:v:published:reduced")
  })
)

for (const [name, play, stream, times] of [
  ["repaired by default", "", "a", "repaired"],
  ["as published where they are to begin at zero: bytes are everybody's", "time_jitter zero;", "a", "published"],
  ["as published with atc", "atc on;", "a", "published"],
  ["as published with atc_auto, if the publisher says so", "atc_auto on;", "absolute", "published"],
  ["repaired with atc_auto, if it does not", "atc_auto on;", "a", "repaired"],
  ["repaired without atc_auto, whatever it says", "", "absolute", "repaired"]
] as const) {
  effect(`times are ${name}`, () =>
    Effect.gen(function* () {
      const served = yield* harness(`vhost __defaultVhost__ { play { ${play} } http_remux { enabled on; } }`)
      yield* served.play(`/live/${stream}.flv`)
      expect(served.views[0].format.key).toBe(`flv:av:${times}:all`)
    })
  )
}
