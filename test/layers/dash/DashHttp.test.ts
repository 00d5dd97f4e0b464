/** DASH for viewers, over the real gateway, in virtual time. */
import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { all, parseXml, timelineOf } from "../../domain/dash/checkMpd.ts"
import { periodMillis } from "../../../src/layers/telemetry/countedWarning.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { harness, settle, status } from "./harness.ts"

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

effect("what a player tells with its requests is kept of its session, and goes no further", () =>
  Effect.gen(function* () {
    const { answer, mpd, plain, publish, sessions, viewers } = yield* harness()
    yield* (yield* publish()).play(3)
    const text = yield* mpd("/live/a.mpd?CMCD=bl%3D100%2Csid%3D%22x%22&token=1")
    expect(text).toContain("token=1")
    expect(text).not.toContain("CMCD")
    const { param, session } = viewers.asked[0]!
    expect(param).toBe("?token=1")
    const { player } = sessions.all().get(session.id)!
    expect(player).toMatchObject({ count: 1, last: 'bl=100,sid="x"' })
    yield* answer("/live/a/video-0.m4s?CMCD=bs%2Cbl%3D0")
    const own = `dash_ctx=${session.id}`
    yield* plain(`/live/a/video-1.m4s?${own}`, "CMCD-Object: br=700", "CMCD-Session: st=l")
    expect(player).toMatchObject({ count: 3, last: "br=700,st=l", starvations: 1 })
    // A player that asks for the first URL again, and tells something else, is the same one.
    yield* plain("/live/a.mpd?CMCD=bl%3D200")
    yield* plain("/live/a.mpd?CMCD=bl%3D300")
    expect(viewers.asked.length).toBe(2)
  })
)

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

effect("files that cannot be read are told of at once, then once a second with the number of requests", () => {
  const recorder = makeRecorder()
  return recorder.provide(
    Effect.gen(function* () {
      const { answer, disk, mpd, publish } = yield* harness()
      const { play } = yield* publish()
      yield* play(3)
      yield* mpd()
      disk.fault = (call) => (call === "readFile" ? "PermissionDenied" : undefined)
      for (let i = 0; i < 5; i++) expect(status(yield* answer("/live/a/video-0.m4s"))).toBe("503")
      yield* TestClock.adjust(periodMillis)
      const told = recorder.lines.filter(({ message }) => message === "dash file not served")
      expect(told.map(({ annotations }) => annotations["dash.requests"])).toEqual([1, 4])
    })
  )
})
