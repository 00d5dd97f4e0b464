/** DASH of the real sources, in virtual time. */
import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { all, checkMpd, parseXml } from "../../domain/dash/checkMpd.ts"
import { effect } from "../../support/effect.ts"
import { serverPort } from "../http/harness.ts"
import { harness, settle, status } from "./harness.ts"

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
        expect([...disk.files.keys()].filter((path) => !path.includes("/."))).toHaveLength(count)
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

describe("a reload", () => {
  effect("switches DASH on and off for streams that are published", () =>
    Effect.gen(function* () {
      const { disk, enable, listed, mpd, publish } = yield* harness()
      yield* enable(false)
      const { play } = yield* publish()
      yield* play(3)
      expect([...disk.files.keys()]).toEqual([])
      yield* enable(true)
      yield* play(3)
      expect(listed(yield* mpd())).toContain("video-1")
      yield* enable(false)
      yield* play(0)
      const written = disk.files.size
      yield* play(5)
      expect(disk.files.size).toBe(written)
    })
  )

  effect("is all that makes a stream without DASH look at its settings: frames do not", () =>
    Effect.gen(function* () {
      const { enable, lookups, publish } = yield* harness()
      yield* enable(false)
      const { play } = yield* publish()
      const before = lookups()
      yield* play(10)
      expect(lookups() - before).toBe(0)
    })
  )
})
