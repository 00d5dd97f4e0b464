import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { effect } from "../../support/effect.ts"
import { refusalMillis } from "../../../src/layers/sessions/SegmentViewers.ts"
import { periodMillis } from "../../../src/layers/telemetry/countedWarning.ts"
import { get } from "../http/harness.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { harness, settle } from "./harness.ts"

const own = (master: string): string => master.trimEnd().split("\n").at(-1)!
const contextOf = (path: string): string => /hls_ctx=(\w{8})/.exec(path)![1]!

describe("a viewer", () => {
  effect("is authorised, sent to a list of its own, and counted with what it gets", () =>
    Effect.gen(function* () {
      const { asked, body, publish, sessions } = yield* harness()
      yield* (yield* publish()).play(4200)
      const master = yield* body("/live/a.m3u8?token=1")
      expect(master).toMatch(
        /^#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1.42c00b,mp4a.40.2",FRAME-RATE=25.000\n\/live\/a\.m3u8\?hls_ctx=\w{8}&token=1\n$/
      )
      const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
      expect(asked).toMatchObject([{ stream, param: "?token=1", tcUrl: "http://h/live" }])
      const id = contextOf(master)
      const session = sessions.all().get(id)!
      expect(session).toMatchObject({ type: "hls-play", role: "play", protocol: "hls", address: "127.0.0.1", stream })
      const before = session.counters.bytesOut()
      const list = yield* body(own(master))
      expect(list).toContain(`\na-0.ts?hls_ctx=${id}\n`)
      const segment = yield* body(`/live/a-0.ts?hls_ctx=${id}`)
      expect(segment.length % 188).toBe(0)
      expect(session.counters.bytesOut()).toBe(before + list.length + segment.length)
      expect(asked).toHaveLength(1)
    })
  )

  for (const storage of ["memory", "disk"]) {
    effect(`that is known gets what is at hand on the socket's own stack: ${storage}`, () =>
      Effect.gen(function* () {
        const { body, connect, publish, sessions } = yield* harness({ hls: `hls_storage ${storage};` })
        yield* (yield* publish()).play(4200)
        const path = own(yield* body("/live/a.m3u8"))
        const session = sessions.all().get(contextOf(path))!
        const segment = `/live/a-0.ts?hls_ctx=${session.id}`
        // What is on disk is at hand once somebody has read it.
        if (storage === "disk") yield* body(segment)
        const { connection, send, until } = yield* connect()
        yield* settle
        const sent = (request: string): number => {
          const before = connection.bytesIn()
          send(request)
          return connection.bytesIn() - before
        }
        const counted = session.counters.bytesOut()
        const bytes = sent(get(path)) + sent(get(segment))
        expect(session.counters.bytesOut() - counted).toBeGreaterThan(188)
        expect(session.counters.bytesOut() - counted).toBeLessThan(bytes)
        expect(sent(get("/live/a-0.ts"))).toBeGreaterThan(188)
        // A stranger is asked about first; one that was kicked is known no more.
        expect(sent(get("/live/a.m3u8"))).toBe(0)
        yield* settle
        yield* sessions.kick(session.id, "enough")
        yield* settle
        send(get(path))
        yield* until("Not Found")
      })
    )
  }

  effect("that asks no more has left after two windows", () =>
    Effect.gen(function* () {
      const { body, publish, sessions, stopped } = yield* harness({ hls: "hls_window 10;" })
      yield* (yield* publish()).play(4200)
      const path = own(yield* body("/live/a.m3u8"))
      yield* TestClock.adjust(19_000)
      yield* body(path)
      yield* TestClock.adjust(19_000)
      expect(sessions.all().has(contextOf(path))).toBe(true)
      yield* TestClock.adjust(2000)
      yield* settle
      expect(sessions.all().size).toBe(0)
      expect(stopped()).toBe(1)
      // It is let in again, as somebody new.
      expect(contextOf(yield* body(path))).not.toBe(contextOf(path))
    })
  )

  effect("that is kicked gets 404", () =>
    Effect.gen(function* () {
      const { ask, body, publish, sessions, stopped } = yield* harness()
      yield* (yield* publish()).play(4200)
      const path = own(yield* body("/live/a.m3u8"))
      expect(yield* sessions.kick(contextOf(path), "enough")).toBe(true)
      yield* settle
      expect(yield* ask(path)).toStartWith("HTTP/1.1 404 ")
      expect(stopped()).toBe(1)
    })
  )

  effect("that is refused gets 403, also the second time, and with a context of its own invention", () =>
    Effect.gen(function* () {
      const { ask, asked, publish, sessions } = yield* harness({ refuse: "secret" })
      yield* (yield* publish("secret")).play(4200)
      for (const path of [
        "/live/secret.m3u8",
        "/live/secret.m3u8?hls_ctx=abcdefgh",
        "/live/secret.m3u8?hls_ctx=abcdefgh"
      ]) {
        expect(yield* ask(path)).toStartWith("HTTP/1.1 403 ")
      }
      expect(asked).toHaveLength(3)
      yield* settle
      expect(sessions.all().size).toBe(0)
    })
  )

  effect("of one stream is none of another", () =>
    Effect.gen(function* () {
      const { ask, body, publish } = yield* harness({ refuse: "secret" })
      const [one, two] = [yield* publish("a"), yield* publish("secret")]
      yield* one.play(4200)
      yield* two.play(4200)
      const id = contextOf(yield* body("/live/a.m3u8"))
      expect(yield* ask(`/live/secret.m3u8?hls_ctx=${id}`)).toStartWith("HTTP/1.1 403 ")
    })
  )

  effect("has plain segments with hls_ts_ctx off, and they are its own by its address", () =>
    Effect.gen(function* () {
      const { ask, asked, body, publish } = yield* harness({ hls: "hls_ts_ctx off;" })
      yield* (yield* publish()).play(4200)
      expect(yield* body(own(yield* body("/live/a.m3u8?token=1")))).toContain("\na-0.ts\n")
      expect(yield* ask("/live/a-0.ts")).toStartWith("HTTP/1.1 200 ")
      expect(asked.map(({ param }) => param)).toEqual(["?token=1"])
    })
  )

  effect("who asks for a segment first is asked too, and refused", () =>
    Effect.gen(function* () {
      const { ask, asked, publish } = yield* harness({ refuse: "secret", hls: "hls_keys on;" })
      yield* (yield* publish("secret")).play(4200)
      for (const file of ["secret-0.ts?hls_ctx=abcdefgh", "secret-1.ts", "secret-0.key"]) {
        expect(yield* ask(`/live/${file}`)).toStartWith("HTTP/1.1 403 ")
      }
      // Without what is another in each request they are all the same.
      expect(asked.map(({ param }) => param)).toEqual([""])
    })
  )
})

describe("a viewer with hls_ctx off", () => {
  effect("gets the list itself, and is asked once for all it shows", () =>
    Effect.gen(function* () {
      const { ask, asked, body, publish, sessions } = yield* harness({ hls: "hls_ctx off;" })
      yield* (yield* publish()).play(4200)
      for (let i = 0; i < 3; i++) {
        const answer = yield* ask("/live/a.m3u8?token=1")
        expect(answer).toContain("Content-Type: application/vnd.apple.mpegurl\r\n")
        expect(answer).toContain("\na-0.ts\n")
        yield* body("/live/a-0.ts")
        yield* body("/live/a-1.ts")
      }
      expect(asked.map(({ param }) => param)).toEqual(["?token=1"])
      expect([...sessions.all().values()].map(({ type }) => type).filter((type) => type !== "")).toEqual(["hls-play"])
      yield* ask("/live/a.m3u8?token=2")
      expect(asked.map(({ param }) => param)).toEqual(["?token=1", "?token=2"])
    })
  )

  effect("is asked again when it was silent for two windows", () =>
    Effect.gen(function* () {
      const { ask, asked, publish, stopped } = yield* harness({ hls: "hls_ctx off; hls_window 10;" })
      yield* (yield* publish()).play(4200)
      yield* ask("/live/a.m3u8")
      yield* TestClock.adjust(19_000)
      yield* ask("/live/a.m3u8")
      expect(asked).toHaveLength(1)
      yield* TestClock.adjust(21_000)
      yield* settle
      expect(stopped()).toBe(1)
      yield* ask("/live/a.m3u8")
      expect(asked).toHaveLength(2)
    })
  )

  effect("that is refused is refused list, segments and keys, and asked again only after a while", () =>
    Effect.gen(function* () {
      const { ask, asked, publish, sessions } = yield* harness({ hls: "hls_ctx off; hls_keys on;", refuse: "secret" })
      yield* (yield* publish("secret")).play(4200)
      for (const file of ["secret.m3u8", "secret-0.ts", "secret-1.ts", "secret-0.key", "secret.m3u8"]) {
        expect(yield* ask(`/live/${file}`)).toStartWith("HTTP/1.1 403 ")
      }
      expect(asked).toHaveLength(1)
      yield* settle
      expect(sessions.all().size).toBe(0)
      yield* TestClock.adjust(refusalMillis)
      expect(yield* ask("/live/secret.m3u8")).toStartWith("HTTP/1.1 403 ")
      expect(asked).toHaveLength(2)
    })
  )

  effect("that is kicked gets 404 for two windows", () =>
    Effect.gen(function* () {
      const { ask, publish, sessions } = yield* harness({ hls: "hls_ctx off; hls_window 10;" })
      yield* (yield* publish()).play(4200)
      yield* ask("/live/a.m3u8")
      const viewer = [...sessions.all().values()].find(({ type }) => type === "hls-play")!
      yield* sessions.kick(viewer.id, "enough")
      yield* settle
      expect(yield* ask("/live/a.m3u8")).toStartWith("HTTP/1.1 404 ")
      expect(yield* ask("/live/a-0.ts")).toStartWith("HTTP/1.1 404 ")
      yield* TestClock.adjust(20_000)
      expect(yield* ask("/live/a.m3u8")).toStartWith("HTTP/1.1 200 ")
    })
  )

  effect("asks at once by two connections, and is one viewer", () =>
    Effect.gen(function* () {
      const { ask, asked, publish } = yield* harness({ hls: "hls_ctx off;" })
      yield* (yield* publish()).play(4200)
      const answers = yield* Effect.all([ask("/live/a.m3u8"), ask("/live/a-0.ts"), ask("/live/a.m3u8")], {
        concurrency: 3
      })
      expect(answers.map((answer) => answer.slice(0, 12))).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"])
      expect(asked).toHaveLength(1)
    })
  )
})

effect("there is no list before the first segment, and none of what nobody published", () =>
  Effect.gen(function* () {
    const { ask, asked, publish } = yield* harness()
    yield* (yield* publish()).play(1000)
    for (const path of ["/live/a.m3u8", "/live/b.m3u8", "/live/a-0.ts", "/etc/passwd"]) {
      expect(yield* ask(path)).toStartWith("HTTP/1.1 404 ")
    }
    expect(asked).toEqual([])
  })
)

effect("a segment has its type, and pages of other origins may read it", () =>
  Effect.gen(function* () {
    const { ask, publish } = yield* harness({ hls: "hls_ctx off;" })
    yield* (yield* publish()).play(4200)
    expect(yield* ask("/live/a-1.ts")).toContain("Content-Type: video/MP2T\r\n")
    expect(yield* ask("/live/a-1.ts", "Origin: http://page")).toContain("Access-Control-Allow-Origin: *\r\n")
  })
)

effect("a vhost that the query names is named for the segments too", () =>
  Effect.gen(function* () {
    const { body, publish } = yield* harness({ hls: "hls_ctx off;" })
    yield* (yield* publish()).play(4200)
    expect(yield* body("/live/a.m3u8?vhost=v.com")).toContain("\na-0.ts?vhost=v.com\n")
  })
)

effect("keys lie beside the list unless hls_key_url says where, and are served", () =>
  Effect.gen(function* () {
    const { ask, body, publish } = yield* harness({ hls: "hls_ctx off; hls_keys on;" })
    yield* (yield* publish()).play(4200)
    expect(yield* body("/live/a.m3u8")).toMatch(/#EXT-X-KEY:METHOD=AES-128,URI="a-0\.key",IV=0x[0-9a-f]{32}\n/)
    expect(yield* ask("/live/a-0.key")).toContain("Content-Length: 16\r\n")
  })
)

effect("the names of the streams on disk are not served", () =>
  Effect.gen(function* () {
    const { ask, disk, publish } = yield* harness()
    yield* (yield* publish()).play(4200)
    expect(disk.files.has("/hls/.sluice-hls.json")).toBe(true)
    expect(yield* ask("/.sluice-hls.json")).toStartWith("HTTP/1.1 404 ")
  })
)

effect("what a player tells with its requests is kept of its session, and goes no further", () =>
  Effect.gen(function* () {
    const { ask, body, publish, sessions } = yield* harness()
    yield* (yield* publish()).play(4200)
    const master = yield* body("/live/a.m3u8?CMCD=bl%3D100%2Csid%3D%22x%22&token=1")
    expect(master).not.toContain("CMCD")
    const { player } = sessions.all().get(contextOf(master))!
    expect(player).toMatchObject({ count: 1, last: 'bl=100,sid="x"' })
    yield* ask(`${own(master)}&CMCD=bs%2Cbl%3D0`)
    yield* ask(`/live/a-0.ts?hls_ctx=${contextOf(master)}`, "CMCD-Object: br=700", "CMCD-Session: st=l")
    expect(player).toMatchObject({ count: 3, last: "br=700,st=l", starvations: 1 })
  })
)

effect("files that cannot be read are told of at once, then once a second with the number of requests", () => {
  const recorder = makeRecorder()
  return recorder.provide(
    Effect.gen(function* () {
      const { ask, disk, publish } = yield* harness({ hls: "hls_ctx off;" })
      yield* (yield* publish()).play(4200)
      disk.fault = (call) => (call === "readFile" ? "PermissionDenied" : undefined)
      for (let i = 0; i < 5; i++) expect(yield* ask("/live/a-0.ts")).toStartWith("HTTP/1.1 503 ")
      yield* TestClock.adjust(periodMillis)
      const told = recorder.lines.filter(({ message }) => message === "hls file not served")
      expect(told.map(({ annotations }) => annotations["hls.requests"])).toEqual([1, 4])
    })
  )
})
