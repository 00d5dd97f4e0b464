/** DASH of the real sources and the real gateway, on a disk in memory, in virtual time. */
import { describe, expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as DashLayer from "../../../src/layers/dash/Dash.ts"
import * as DashHttp from "../../../src/layers/dash/DashHttp.ts"
import * as Store from "../../../src/layers/segments/SegmentStore.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as Registry from "../../../src/layers/source/SourceRegistry.ts"
import { Permit } from "../../../src/services/Authorizer.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { all, checkMpd, numbered, parseXml } from "../../domain/dash/checkMpd.ts"
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
  const dashLayer = Layer.build(
    DashHttp.layer.pipe(
      Layer.provide(DashLayer.layer),
      Layer.provideMerge(Registry.layer),
      Layer.provide([GopCache.layer, Store.layer.pipe(Layer.provide(disk.layer))]),
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

  const answer = (path: string) => gateway.ask(get(path, "Connection: close"))
  let last: string | undefined
  /** The MPD over HTTP; each is held against the rules, and against the one before. */
  const mpd = Effect.fnUntraced(function* (path = "/live/a.mpd") {
    const text = yield* answer(path)
    const body = text.slice(text.indexOf("\r\n\r\n") + 4)
    expect(checkMpd(body, last)).toEqual([])
    last = body
    return body
  })
  const listed = (text: string) => numbered(parseXml(text.trim())).map(([key]) => key)
  const listeners = Context.get(gateway.services, Listeners)
  return { answer, disk, listed, listeners, mpd, publish, shutdown: Scope.close(scope, Exit.void) }
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
        expect(yield* answer(`/live/${file}`)).toContain(`200 OK\r\nContent-Type: ${type}\r\n`)
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
      expect(yield* mpd("/live/a.mpd?vhost=__defaultVhost__")).toContain(`.m4s?vhost=__defaultVhost__"`)
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
      const { answer, disk, publish } = yield* harness("dash_dispose 20;")
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
