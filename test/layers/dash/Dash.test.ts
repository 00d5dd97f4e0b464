/** DASH of the real sources and the real gateway, on a disk in memory, in virtual time. */
import { describe, expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as DashLayer from "../../../src/layers/dash/Dash.ts"
import * as DashHttp from "../../../src/layers/dash/DashHttp.ts"
import * as Store from "../../../src/layers/segments/SegmentStore.ts"
import * as SegmentViewers from "../../../src/layers/sessions/SegmentViewers.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as Registry from "../../../src/layers/source/SourceRegistry.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../../src/services/Authorizer.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { all, checkMpd, numbered, parseXml, timelineOf } from "../../domain/dash/checkMpd.ts"
import { framesOf } from "../../domain/ts/media.ts"
import { effect } from "../../support/effect.ts"
import { MemoryDisk } from "../../support/memoryDisk.ts"
import { get, harness as gatewayHarness, serverPort } from "../http/harness.ts"
import { session } from "../source/harness.ts"

/** Lets the fibers that write run on. */
const settle = Effect.gen(function* () {
  for (let i = 0; i < 3; i++) yield* TestClock.adjust(0)
})

/** Keyframes at its beginning, after 480 and after 960 ms. */
const clipMillis = 1040

const harness = Effect.fnUntraced(function* (dash = "") {
  const disk = new MemoryDisk()
  const settings = `http_server { enabled on; listen ${serverPort}; } max_connections 100;
    vhost __defaultVhost__ { dash { enabled on; dash_path /out; dash_fragment 1; dash_window_size 3; ${dash} } }`
  const gateway = yield* gatewayHarness({ settings })
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  /** Who was let in, and how many of them have left. */
  const asked: Array<AccessRequest> = []
  let stopped = 0
  const authorizer = Layer.mock(Authorizer, {
    play: (request) =>
      Effect.gen(function* () {
        asked.push(request)
        const { stream } = request.stream
        if (request.param === "?no") return yield* new Refused({ action: "play", stream, reason: "no", code: 2015 })
        yield* Effect.addFinalizer(() => Effect.sync(() => stopped++))
        return Permit.grantUnsafe("play", request)
      })
  })
  const dashLayer = Layer.build(
    DashHttp.layer.pipe(
      Layer.provide(DashLayer.layer),
      Layer.provideMerge(Registry.layer),
      Layer.provide([GopCache.layer, Store.layerOn(disk), SegmentViewers.layer]),
      Layer.provide(authorizer),
      Layer.provide(Layer.succeedContext(gateway.services))
    )
  )
  const services = yield* Scope.provide(dashLayer, scope)
  const registry = Context.get(services, SourceRegistry)
  yield* Context.get(gateway.services, HttpGateway).listen

  const publish = Effect.fnUntraced(function* (name = "a") {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const stream = { vhost: "__defaultVhost__", app: "live", stream: name }
    const request = { session: session("p"), stream, param: "", tcUrl: "", pageUrl: "" }
    const publication = yield* Scope.provide(
      registry.publish(Permit.grantUnsafe("publish", request), () => undefined),
      scope
    )
    let clips = 0
    /** So many seconds, at the stream's own pace. */
    const play = Effect.fnUntraced(function* (count: number) {
      for (let i = 0; i < count; i++) {
        for (const frame of framesOf("h264-aac", clipMillis * clips++)) publication.append(frame)
        publication.flush()
        yield* TestClock.adjust(clipMillis)
      }
      yield* settle
    })
    return { play, leave: Effect.andThen(Scope.close(scope, Exit.void), settle) }
  })

  let last: string | undefined
  const context = () => /dash_ctx=\w+/.exec(last ?? "")?.[0]
  const plain = (path: string, ...fields: ReadonlyArray<string>) =>
    gateway.ask(get(path, "Connection: close", ...fields))
  /** By the viewer that the last MPD was for. */
  const answer = (path: string) =>
    plain(last === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}${context()}`)
  /** The MPD over HTTP; each is held against the rules, and against the one before. */
  const mpd = Effect.fnUntraced(function* (path = "/live/a.mpd") {
    const text = yield* answer(path)
    const body = text.slice(text.indexOf("\r\n\r\n") + 4)
    if (body.startsWith("<")) {
      expect(checkMpd(body, last)).toEqual([])
      last = body
    }
    return body
  })
  const listed = (text: string) => numbered(parseXml(text.trim())).map(([key]) => key)
  const listeners = Context.get(gateway.services, Listeners)
  const viewers = { asked, stopped: () => stopped }
  return { answer, plain, disk, listed, listeners, mpd, publish, viewers, shutdown: Scope.close(scope, Exit.void) }
})

const status = (answer: string): string => answer.slice(9, 12)

describe("a stream as DASH", () => {
  effect("is an MPD and segments, over HTTP and on disk", () =>
    Effect.gen(function* () {
      const { answer, disk, listed, listeners, mpd, publish } = yield* harness()
      expect(status(yield* answer("/live/a.mpd"))).toBe("404")
      const { play } = yield* publish()
      yield* play(1)
      expect(status(yield* answer("/live/a.mpd"))).toBe("404")
      yield* play(2)
      const text = yield* mpd()
      expect(listed(text)).toEqual(["video-0", "video-1", "audio-0", "audio-1"])
      expect(text).toContain(`urn:mpeg:dash:utc:direct:2014" value="1970-01-01T00:00:03.120Z"`)
      expect(checkMpd(disk.text("/out/live/a.mpd"))).toEqual([])
      expect(disk.text("/out/live/a.mpd")).not.toContain("UTCTiming")
      const types = {
        "a.mpd": "application/dash+xml",
        "a/video-init.mp4": "video/mp4",
        "a/audio-1.m4s": "video/iso.segment"
      }
      for (const [file, type] of Object.entries(types)) {
        expect(yield* answer(`/live/${file}`)).toContain(`\r\nContent-Type: ${type}\r\n`)
      }
      expect(status(yield* answer("/live/a/video-2.m4s"))).toBe("404")
      expect(listeners.playUrls({ vhost: "__defaultVhost__", app: "live", stream: "a" })).toEqual([
        `http://localhost:${serverPort}/live/a.mpd`
      ])
    })
  )

  effect("names the vhost in the URLs of its segments, if the MPD's does", () =>
    Effect.gen(function* () {
      const { answer, mpd, publish } = yield* harness()
      const { play } = yield* publish()
      yield* play(2)
      expect(yield* mpd("/live/a.mpd?vhost=__defaultVhost__")).toMatch(
        /\.m4s\?dash_ctx=\w+&amp;vhost=__defaultVhost__"/
      )
      expect(status(yield* answer("/live/a/video-0.m4s?vhost=__defaultVhost__"))).toBe("200")
    })
  )

  effect("keeps twice what is listed, and all of it with dash_cleanup off", () =>
    Effect.gen(function* () {
      for (const [option, count] of [
        ["", 6],
        ["dash_cleanup off;", 11]
      ] as const) {
        const { disk, listed, mpd, publish } = yield* harness(option)
        const { leave, play } = yield* publish()
        yield* play(12)
        expect(listed(yield* mpd()).filter((key) => key.startsWith("video"))).toEqual([
          "video-8",
          "video-9",
          "video-10"
        ])
        const kept = [...disk.files.keys()].filter((path) => path.startsWith("/out/live/a/video-"))
        expect(kept.length).toBe(count + 1)
        yield* leave
      }
    }).pipe(Effect.scoped)
  )

  effect("goes on in a new period when a publisher comes back, with numbers that go on", () =>
    Effect.gen(function* () {
      const { listed, mpd, publish } = yield* harness()
      const first = yield* publish()
      yield* first.play(2)
      yield* first.leave
      expect(listed(yield* mpd())).toEqual(["video-0", "video-1", "audio-0", "audio-1"])
      yield* TestClock.adjust(10_000)
      const second = yield* publish()
      yield* second.play(3)
      const text = yield* mpd()
      expect(listed(text)).toEqual(["video-1", "audio-1", "video-2", "video-3", "audio-2", "audio-3"])
      const starts = all(parseXml(text.trim()), "Period").map(({ attributes }) => attributes["start"])
      expect(starts).toEqual(["PT0S", "PT12.08S"])
    })
  )

  effect("is gone so long after its last frame, and begins again with other numbers", () =>
    Effect.gen(function* () {
      const { answer, disk, mpd, publish } = yield* harness("dash_dispose 20;")
      const first = yield* publish()
      yield* first.play(2)
      yield* first.leave
      yield* TestClock.adjust(17_000)
      expect(status(yield* answer("/live/a.mpd"))).toBe("200")
      yield* TestClock.adjust(3000)
      yield* settle
      expect(status(yield* answer("/live/a.mpd"))).toBe("404")
      expect([...disk.files.keys()]).toEqual([])
      const second = yield* publish()
      yield* second.play(2)
      expect([...disk.files.keys()].toSorted()).toContain("/out/live/a/video-2.m4s")
      yield* mpd()
      expect(status(yield* answer("/live/a/video-2.m4s"))).toBe("200")
    })
  )

  effect("is gone with the server, for the next one begins anew; but not with dash_dispose 0", () =>
    Effect.gen(function* () {
      for (const [option, count] of [
        ["", 0],
        ["dash_dispose 0;", 7]
      ] as const) {
        const { disk, publish, shutdown } = yield* harness(option)
        const { play } = yield* publish()
        yield* play(3)
        yield* shutdown
        expect(disk.files.size).toBe(count)
      }
    })
  )

  effect("is not disposed of with dash_dispose 0", () =>
    Effect.gen(function* () {
      const { answer, publish } = yield* harness("dash_dispose 0;")
      const { leave, play } = yield* publish()
      yield* play(2)
      yield* leave
      yield* TestClock.adjust(1_000_000)
      expect(status(yield* answer("/live/a.mpd"))).toBe("200")
    })
  )

  effect("loses the segment that cannot be written, and no more: what follows is a new period", () =>
    Effect.gen(function* () {
      const { disk, listed, mpd, publish } = yield* harness("dash_window_size 9;")
      const { play } = yield* publish()
      disk.fault = (call, path) => (call === "writeFile" && path.includes("video-1.m4s") ? "WriteZero" : undefined)
      yield* play(5)
      const text = yield* mpd()
      expect(listed(text).filter((key) => key.startsWith("video"))).toEqual(["video-0", "video-2", "video-3"])
      expect(all(parseXml(text.trim()), "Period").length).toBe(2)
    })
  )

  effect("whose disk does not answer holds nobody up, and goes on when it does again", () =>
    Effect.gen(function* () {
      const { disk, mpd, publish } = yield* harness()
      const { play } = yield* publish()
      yield* play(2)
      disk.fault = () => "stuck"
      yield* play(30)
      disk.fault = () => undefined
      yield* play(15)
      expect(all(parseXml((yield* mpd()).trim()), "S").length).toBeGreaterThanOrEqual(2)
    })
  )

  effect("whose name is no name of a file is not written", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness()
      const { play } = yield* publish("../../etc/a")
      yield* play(3)
      expect([...disk.files.keys()]).toEqual([])
    })
  )
})

describe("a viewer", () => {
  effect("is asked for permission once, for everything that the MPD names, and leaves when it asks for nothing", () =>
    Effect.gen(function* () {
      const { answer, mpd, plain, publish, viewers } = yield* harness()
      const { play } = yield* publish()
      yield* play(2)
      const text = yield* mpd("/live/a.mpd?token=1")
      expect(text).toMatch(/<Location>a\.mpd\?dash_ctx=(\w+)&amp;token=1<\/Location>/)
      expect(text).toMatch(
        /<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="http:\/\/\S+\/live\/a\/clock"/
      )
      for (const file of ["a/video-init.mp4", "a/video-0.m4s", "a/audio-0.m4s", "a.mpd"]) {
        expect(status(yield* answer(`/live/${file}`))).toBe("200")
      }
      expect(viewers.asked.map(({ param, session }) => [session.protocol, param])).toEqual([["dash", "?token=1"]])
      expect(viewers.asked[0]!.session.counters.bytesOut()).toBeGreaterThan(10_000)
      expect(yield* plain("/live/a/clock")).toEndWith("1970-01-01T00:00:02.080Z")
      expect(status(yield* plain("/live/a/video-0.m4s"))).toBe("403")
      expect(status(yield* plain("/live/a/video-0.m4s?dash_ctx=someone"))).toBe("403")
      yield* TestClock.adjust(9000)
      expect(viewers.stopped()).toBe(0)
      yield* TestClock.adjust(1000)
      expect(viewers.stopped()).toBe(1)
      expect(status(yield* answer("/live/a/video-0.m4s"))).toBe("403")
    })
  )

  effect("that is refused gets nothing", () =>
    Effect.gen(function* () {
      const { plain, publish, viewers } = yield* harness()
      const { play } = yield* publish()
      yield* play(2)
      expect(status(yield* plain("/live/a.mpd?no"))).toBe("403")
      const { session } = viewers.asked[0]!
      expect(status(yield* plain(`/live/a/video-0.m4s?dash_ctx=${session.id}`))).toBe("403")
      expect(status(yield* plain(`/live/a.mpd?no&dash_ctx=${session.id}`))).toBe("403")
    })
  )

  effect("that asks for the first URL again is the same one; another player of the address is not", () =>
    Effect.gen(function* () {
      const { answer, mpd, plain, publish, viewers } = yield* harness()
      const { play } = yield* publish()
      yield* play(2)
      for (let i = 0; i < 3; i++) yield* plain("/live/a.mpd", "User-Agent: Lavf")
      expect(viewers.asked.length).toBe(1)
      yield* plain("/live/a.mpd", "User-Agent: Lavf", "Authorization: Basic YTpi")
      yield* mpd()
      expect(viewers.asked.length).toBe(3)
      // It has come by its own URL: who comes by the first one now is somebody else.
      yield* answer("/live/a.mpd")
      yield* plain("/live/a.mpd")
      expect(viewers.asked.length).toBe(4)
    })
  )
})

describe("low latency", () => {
  const chunks = "dash_chunk 0.2; dash_update_period 1;"
  /** Bodies of chunked transfer. */
  const bodyOf = (answer: string): string => {
    let body = ""
    let at = answer.indexOf("\r\n\r\n") + 4
    while (at < answer.length) {
      const end = answer.indexOf("\r\n", at)
      const length = Number.parseInt(answer.slice(at, end), 16)
      if (length === 0) break
      body += answer.slice(end + 2, end + 2 + length)
      at = end + 4 + length
    }
    return body
  }

  effect("serves a segment while it is written, and the next one to who has asked before", () =>
    Effect.gen(function* () {
      const { answer, mpd, publish } = yield* harness(chunks)
      const { play } = yield* publish()
      yield* play(2)
      const listed = timelineOf(all(parseXml((yield* mpd()).trim()), "AdaptationSet")[0]!)
      expect(listed.announced.length).toBe(2)
      const next = listed.startNumber + listed.segments.length
      const open = yield* Effect.forkChild(answer(`/live/a/video-${next}.m4s`))
      const early = yield* Effect.forkChild(answer(`/live/a/video-${next + 1}.m4s`))
      yield* settle
      expect(open.pollUnsafe()).toBeUndefined()
      yield* play(1)
      const growing = yield* Fiber.join(open)
      expect(growing).toContain("\r\nTransfer-Encoding: chunked\r\n")
      yield* play(1)
      const whole = yield* answer(`/live/a/video-${next}.m4s`)
      expect(whole).toContain("\r\nContent-Length: ")
      expect(bodyOf(growing)).toBe(whole.slice(whole.indexOf("\r\n\r\n") + 4))
      expect(bodyOf(yield* Fiber.join(early)).length).toBeGreaterThan(1000)
      expect(status(yield* answer(`/live/a/video-${next + 9}.m4s`))).toBe("404")
    })
  )

  effect(
    "lets nobody wait for a segment that does not come: not after the publisher, nor longer than some of them take",
    () =>
      Effect.gen(function* () {
        const { answer, mpd, publish } = yield* harness(chunks)
        const { leave, play } = yield* publish()
        yield* play(2)
        const { segments, startNumber } = timelineOf(all(parseXml((yield* mpd()).trim()), "AdaptationSet")[0]!)
        const next = startNumber + segments.length + 1
        const silent = yield* Effect.forkChild(answer(`/live/a/video-${next}.m4s`))
        yield* settle
        yield* TestClock.adjust(3000)
        expect(silent.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust(1000)
        yield* settle
        expect(status(yield* Fiber.join(silent))).toBe("404")
        const waiting = yield* Effect.forkChild(answer(`/live/a/video-${next}.m4s`))
        yield* settle
        yield* leave
        expect(status(yield* Fiber.join(waiting))).toBe("404")
        expect(timelineOf(all(parseXml((yield* mpd()).trim()), "AdaptationSet")[0]!).announced).toEqual([])
      })
  )

  effect("goes on for viewers while the disk does not answer", () =>
    Effect.gen(function* () {
      const { answer, disk, mpd, publish } = yield* harness(chunks)
      const { play } = yield* publish()
      yield* play(2)
      disk.fault = () => "stuck"
      yield* play(4)
      const { segments, startNumber } = timelineOf(all(parseXml((yield* mpd()).trim()), "AdaptationSet")[0]!)
      expect(status(yield* answer(`/live/a/video-${startNumber + segments.length - 1}.m4s`))).toBe("200")
      disk.fault = () => undefined
      yield* TestClock.adjust(20_000)
    })
  )
})
