import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { effect } from "../../support/effect.ts"
import { readLines } from "../../support/playlistLines.ts"
import { readPartsByHlsParser, readPartsByM3u8Parser } from "../../support/playlistReaders.ts"
import { reloadBreaches } from "../../support/playlistRules.ts"
import { files, harness, settle } from "./harness.ts"

const on = "hls_low_latency on; hls_ctx off;"
const status = (answer: string): string => answer.slice(9, 12)
const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4)

/** Of all parts of the list: the segment's number, the part's in it, and its URI. */
const partsOf = (text: string): ReadonlyArray<readonly [position: string, uri: string]> => {
  const { entries, open, sequence } = readLines(text)
  return [...entries.map(({ parts }) => parts), open.parts].flatMap((parts, i) =>
    parts.map(({ uri }, n) => [`${sequence + i}.${n}`, uri] as const)
  )
}

describe("a list", () => {
  for (const [name, settings] of [
    ["of MPEG-TS", ""],
    ["of fragmented MP4", "hls_use_fmp4 on;"],
    ["of encrypted segments", "hls_keys on; hls_fragments_per_key 2;"],
    ["of encrypted fragmented MP4", "hls_use_fmp4 on; hls_keys on;"],
    ["in memory", "hls_storage memory;"]
  ] as const) {
    effect(`${name} keeps the rules from part to part, and other programs read in it what is in it`, () =>
      Effect.gen(function* () {
        const { body, publish, texts } = yield* harness({ hls: `${on} hls_window 20; ${settings}` })
        const publisher = yield* publish()
        yield* publisher.play(2200, 200)
        const lists: Array<string> = []
        for (let i = 0; i < 150; i++) {
          yield* publisher.play(200, 200)
          // Every third one only tells what is new.
          const text = yield* body(`/live/a.m3u8${i % 3 === 2 ? "?_HLS_skip=YES" : ""}`)
          lists.push(text)
          const read = readPartsByHlsParser(text)
          expect(readPartsByM3u8Parser(text)).toEqual(read)
          expect(read).toMatchObject({ canBlockReload: true, canSkipUntil: 12, partHoldBack: 0.6, partTarget: 0.2 })
          expect(read.parts.flat().map(({ uri }) => uri)).toEqual(partsOf(text).map(([, uri]) => uri))
        }
        expect(reloadBreaches(lists)).toEqual([])
        expect(lists.filter((text) => text.includes("#EXT-X-SKIP:SKIPPED-SEGMENTS=")).length).toBeGreaterThan(30)
        // On disk it is a list for players that know nothing of parts.
        if (!settings.includes("memory")) expect(texts.join()).not.toContain("#EXT-X-PART")
      })
    )
  }

  effect("has the same bytes in its parts as in their segments", () =>
    Effect.gen(function* () {
      const { body, publish } = yield* harness({ hls: `${on} hls_use_fmp4 on;` })
      yield* (yield* publish()).play(8200, 200)
      const text = yield* body("/live/a.m3u8")
      const { entries } = readLines(text)
      for (const { parts, uri } of entries.slice(-2)) {
        let all = ""
        for (const part of parts) all += yield* body(`/live/${part.uri}`)
        expect(all).toBe(yield* body(`/live/${uri}`))
        expect(parts).toHaveLength(10)
      }
    })
  )

  effect("is that of its viewer, parts and hint too", () =>
    Effect.gen(function* () {
      const { body, publish } = yield* harness({ hls: "hls_low_latency on;" })
      yield* (yield* publish()).play(4200, 200)
      const master = yield* body("/live/a.m3u8?token=1&_HLS_msn=1")
      const path = master.trimEnd().split("\n").at(-1)!
      expect(path).toMatch(/hls_ctx=\w{8}&token=1$/)
      const text = yield* body(path)
      const context = /hls_ctx=\w{8}/.exec(path)![0]
      for (const [, uri] of partsOf(text)) expect(uri).toEndWith(`?${context}`)
      expect(readLines(text).hint).toEndWith(`?${context}`)
    })
  )

  effect("has a discontinuity in the open segment when the publisher comes back", () =>
    Effect.gen(function* () {
      const { body, publish } = yield* harness({ hls: `${on} hls_use_fmp4 on;` })
      const one = yield* publish()
      yield* one.play(4200, 200)
      yield* one.leave
      const first = yield* body("/live/a.m3u8")
      yield* (yield* publish()).play(400, 200)
      const second = yield* body("/live/a.m3u8")
      expect(second).toContain("#EXT-X-DISCONTINUITY\n")
      expect(readLines(second).open.discontinuity).toBe(true)
      expect(reloadBreaches([first, second])).toEqual([])
    })
  )
})

describe("a request for what is not there yet", () => {
  effect("is answered when the part is there, by number, and at once for what there is", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      expect(partsOf(bodyOf(yield* ask("/live/a.m3u8?_HLS_msn=2&_HLS_part=1"))).at(-1)![0]).toBe("2.1")
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=2&_HLS_part=2"))
      const whole = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=2"))
      // A part beyond the last one of its segment is the first one of the next.
      const beyond = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=2&_HLS_part=10"))
      yield* settle
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* publisher.play(200, 200)
      expect(partsOf(bodyOf(yield* Fiber.join(waiting))).at(-1)![0]).toBe("2.2")
      expect(whole.pollUnsafe()).toBeUndefined()
      yield* publisher.play(1400, 200)
      expect(bodyOf(yield* Fiber.join(whole))).toContain("\na-2.ts\n")
      yield* publisher.play(200, 200)
      expect(partsOf(bodyOf(yield* Fiber.join(beyond))).at(-1)![0]).toBe("3.0")
    })
  )

  for (const [name, settings] of [
    ["with parts", on],
    ["without parts", "hls_ctx off;"]
  ] as const) {
    effect(`is answered with the first list of all, ${name}, and only who asks for what is in it waits`, () =>
      Effect.gen(function* () {
        const { ask, publish } = yield* harness({ hls: settings, refuse: "b" })
        expect(status(yield* ask("/live/a.m3u8?_HLS_msn=0"))).toBe("404")
        const publisher = yield* publish()
        yield* publish("b")
        const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=0"))
        yield* settle
        yield* publisher.play(1800, 200)
        expect(waiting.pollUnsafe()).toBeUndefined()
        expect(status(yield* ask("/live/a.m3u8"))).toBe("404")
        expect(status(yield* ask("/live/a.m3u8?_HLS_msn=x"))).toBe("404")
        expect(status(yield* ask("/live/b.m3u8?_HLS_msn=0"))).toBe("403")
        yield* publisher.play(600, 200)
        expect(bodyOf(yield* Fiber.join(waiting))).toContain("\na-0.ts\n")
      })
    )
  }

  effect("is answered with the first master list, which knows the stream then", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: "hls_low_latency on; hls_ctx on;" })
      const publisher = yield* publish()
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=0"))
      yield* settle
      yield* publisher.play(2400, 200)
      expect(bodyOf(yield* Fiber.join(waiting))).toMatch(/CODECS="avc1.*\n\/live\/a\.m3u8\?hls_ctx=/)
    })
  )

  effect("is given up where no list comes: after three target durations, or when the publisher leaves", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=0"))
      yield* settle
      yield* TestClock.adjust(5900)
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(100)
      yield* settle
      expect(status(yield* Fiber.join(waiting))).toBe("404")
      const again = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=0"))
      yield* settle
      yield* publisher.leave
      expect(status(yield* Fiber.join(again))).toBe("404")
    })
  )

  effect("is refused if nobody who has read the list can want it, or it is malformed", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: on })
      yield* (yield* publish()).play(4600, 200)
      for (const query of ["msn=5", "msn=2&_HLS_part=40", "part=1", "msn=x", "msn=1&_HLS_part=-1", "msn="]) {
        expect([query, status(yield* ask(`/live/a.m3u8?_HLS_${query}`))]).toEqual([query, "400"])
      }
      expect(status(yield* ask("/live/a.m3u8?_HLS_msn=0&_HLS_part=90"))).toBe("200")
    })
  )

  effect("for the hinted part is answered with all of it", () =>
    Effect.gen(function* () {
      const { ask, body, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      const { hint } = readLines(yield* body("/live/a.m3u8"))
      const hinted = yield* Effect.forkChild(ask(`/live/${hint}`))
      yield* settle
      expect(hinted.pollUnsafe()).toBeUndefined()
      yield* publisher.play(200, 200)
      const answer = yield* Fiber.join(hinted)
      expect(answer).toContain("Content-Type: video/MP2T\r\n")
      expect(bodyOf(answer)).toBe(yield* body(`/live/${hint}`))
      expect(bodyOf(answer).length % 188).toBe(0)
      expect(status(yield* ask("/live/a-part-0-99.ts"))).toBe("404")
    })
  )

  effect("is given up after three target durations of a publisher that is silent", () =>
    Effect.gen(function* () {
      const { ask, body, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      const { hint } = readLines(yield* body("/live/a.m3u8"))
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=3"))
      const hinted = yield* Effect.forkChild(ask(`/live/${hint}`))
      yield* settle
      yield* TestClock.adjust(5900)
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(200)
      expect(status(yield* Fiber.join(waiting))).toBe("503")
      expect(status(yield* Fiber.join(hinted))).toBe("404")
    })
  )

  effect("is answered with what there is when the publisher leaves, then once in a target duration", () =>
    Effect.gen(function* () {
      const { ask, body, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      const { hint } = readLines(yield* body("/live/a.m3u8"))
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=3"))
      yield* settle
      yield* publisher.leave
      const answer = yield* Fiber.join(waiting)
      expect(status(answer)).toBe("200")
      expect(answer).toContain("\na-2.ts\n")
      const next = readLines(yield* body("/live/a.m3u8")).hint
      expect(next).not.toBe(hint)
      const again = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=3"))
      const hinted = yield* Effect.forkChild(ask(`/live/${next}`))
      yield* settle
      yield* TestClock.adjust(1900)
      expect(again.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(100)
      yield* settle
      expect(status(yield* Fiber.join(again))).toBe("200")
      expect(status(yield* Fiber.join(hinted))).toBe("404")
      // Whoever publishes meanwhile is waited for.
      const third = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=3&_HLS_part=0"))
      yield* settle
      yield* (yield* publish()).play(400, 200)
      expect(partsOf(bodyOf(yield* Fiber.join(third))).at(-1)![0]).toBe("3.0")
    })
  )

  effect("ends with the server, and with the output", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: `${on} hls_dispose 1;` })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=3"))
      yield* settle
      yield* TestClock.adjust(1000)
      yield* settle
      expect(status(yield* Fiber.join(waiting))).toBe("404")
      yield* publisher.play(4000, 200)
      // The scope of the test closes over it.
      yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=5"))
      yield* settle
    })
  )

  effect("of a viewer that has left is no request any more", () =>
    Effect.gen(function* () {
      const { ask, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      const waiting = yield* Effect.forkChild(ask("/live/a.m3u8?_HLS_msn=2&_HLS_part=3"))
      yield* settle
      yield* Fiber.interrupt(waiting)
      yield* publisher.play(600, 200)
      expect(status(yield* ask("/live/a.m3u8?_HLS_msn=2&_HLS_part=3"))).toBe("200")
    })
  )
})

describe("parts", () => {
  effect("go when nobody asks for them any more", () =>
    Effect.gen(function* () {
      const { ask, body, publish } = yield* harness({ hls: `${on} hls_window 60;` })
      const publisher = yield* publish()
      yield* publisher.play(4200, 200)
      const [[, first]] = partsOf(yield* body("/live/a.m3u8")) as [readonly [string, string]]
      yield* publisher.play(2000, 200)
      expect(partsOf(yield* body("/live/a.m3u8")).map(([, uri]) => uri)).not.toContain(first)
      expect(status(yield* ask(`/live/${first}`))).toBe("200")
      yield* publisher.play(2200, 200)
      expect(status(yield* ask(`/live/${first}`))).toBe("404")
    })
  )

  effect("of a segment that the disk did not take are listed no more, and what comes is", () =>
    Effect.gen(function* () {
      const { body, disk, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4600, 200)
      disk.fault = (call) => (call === "writeFile" ? "WriteZero" : undefined)
      yield* publisher.play(2000, 200)
      disk.fault = () => undefined
      yield* publisher.play(3000, 200)
      const text = yield* body("/live/a.m3u8")
      expect(reloadBreaches([text])).toEqual([])
      expect(text).toContain("#EXT-X-DISCONTINUITY\n")
      expect(text).toContain("\na-2.ts\n")
    })
  )

  effect("are listed with their segment if they are its last: one that is too short stands before no hint", () =>
    Effect.gen(function* () {
      const { body, disk, publish } = yield* harness({ hls: on })
      const publisher = yield* publish()
      yield* publisher.play(4680, 200)
      disk.fault = (call) => (call === "writeFile" ? "stuck" : undefined)
      yield* publisher.leave
      const text = yield* body("/live/a.m3u8")
      const lengths = [...text.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map(([, length]) => Number(length))
      expect(lengths.length).toBeGreaterThan(10)
      expect(lengths.filter((length) => length < 0.17)).toEqual([])
    })
  )

  effect("have other names after a restart", () =>
    Effect.gen(function* () {
      const one = yield* harness({ hls: on })
      yield* (yield* one.publish()).play(5000, 200)
      const before = partsOf(yield* one.body("/live/a.m3u8")).map(([, uri]) => uri)
      yield* one.shutdown
      expect(files(one.disk).some((file) => file.includes("part"))).toBe(false)
      const two = yield* harness({ disk: one.disk, hls: on })
      yield* (yield* two.publish()).play(5000, 200)
      const after = partsOf(yield* two.body("/live/a.m3u8")).map(([, uri]) => uri)
      expect(after.length).toBeGreaterThan(10)
      expect(after.filter((uri) => before.includes(uri))).toEqual([])
    })
  )

  effect("come and go with a reload", () =>
    Effect.gen(function* () {
      const { body, change, publish } = yield* harness({ hls: "hls_ctx off;" })
      const publisher = yield* publish()
      yield* publisher.play(4200, 200)
      yield* change({ lowLatency: true })
      yield* publisher.play(4200, 200)
      expect(yield* body("/live/a.m3u8")).toContain("#EXT-X-PART:")
      yield* change({ lowLatency: false })
      yield* publisher.play(4200, 200)
      const text = yield* body("/live/a.m3u8?_HLS_msn=9")
      expect(text).not.toContain("#EXT-X-P")
      expect(reloadBreaches([text])).toEqual([])
    })
  )
})
