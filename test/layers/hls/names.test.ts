/** What files are named, where they lie, and what the list calls them. */
import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { effect } from "../../support/effect.ts"
import { files, harness } from "./harness.ts"

/** What is fetched in a list: segments, init segments and keys. */
const urisOf = (list: string): ReadonlyArray<string> =>
  list.split("\n").flatMap((line) => (line.startsWith("#") ? (/URI="([^"]+)"/.exec(line)?.[1] ?? []) : line || []))

const cdn = "http://cdn.example"

describe("with hls_entry_prefix", () => {
  for (const [prefix, expected] of [
    [cdn, `${cdn}/live`],
    [`${cdn}/`, cdn]
  ] as const) {
    effect(`${prefix} segments and init segments are elsewhere, and lie where they did`, () =>
      Effect.gen(function* () {
        const hls = `hls_ctx off; hls_use_fmp4 on; hls_entry_prefix ${prefix};`
        const { ask, body, disk, publish } = yield* harness({ hls })
        yield* (yield* publish()).play(4200)
        const uris = urisOf(yield* body("/live/a.m3u8"))
        expect(uris).toEqual([`${expected}/a-init-0.mp4`, `${expected}/a-0.m4s`, `${expected}/a-1.m4s`])
        expect(files(disk)).toEqual(["a-0.m4s", "a-1.m4s", "a-init-0.mp4", "a.m3u8"].map((name) => `/hls/live/${name}`))
        for (const name of ["a-init-0.mp4", "a-1.m4s"]) {
          expect(yield* ask(`/live/${name}`)).toStartWith("HTTP/1.1 200 ")
        }
      })
    )
  }

  effect("what leaves the list is removed, also after a restart, and the numbers go on", () =>
    Effect.gen(function* () {
      const hls = `hls_window 6; hls_entry_prefix ${cdn};`
      const one = yield* harness({ hls })
      yield* (yield* one.publish()).play(6200)
      yield* one.shutdown
      const two = yield* harness({ disk: one.disk, hls })
      yield* (yield* two.publish()).play(30_200)
      const last = urisOf(one.disk.text("/hls/live/a.m3u8"))
      expect(last.at(-1)).toBe(`${cdn}/live/a-18.ts`)
      expect(files(one.disk)).not.toContain("/hls/live/a-0.ts")
      expect(files(one.disk).length).toBeLessThan(12)
    })
  )

  effect("viewers of a session of their own get it too", () =>
    Effect.gen(function* () {
      const { body, publish } = yield* harness({ hls: `hls_entry_prefix ${cdn};` })
      yield* (yield* publish()).play(4200)
      const own = (yield* body("/live/a.m3u8")).split("\n").find((line) => line.startsWith("/"))!
      expect(urisOf(yield* body(own))[0]).toMatch(/^http:\/\/cdn\.example\/live\/a-0\.ts\?hls_ctx=\w+$/)
    })
  )
})

describe("with hls_key_file_path", () => {
  const keys = "hls_ctx off; hls_window 6; hls_keys on; hls_fragments_per_key 2; hls_key_file_path /keys;"

  effect("keys lie there and nothing else does; they are served, and removed with their segments", () =>
    Effect.gen(function* () {
      const { ask, body, disk, publish } = yield* harness({ hls: keys })
      const publisher = yield* publish()
      yield* publisher.play(4200)
      const [key = ""] = urisOf(yield* body("/live/a.m3u8"))
      expect(key).toEndWith(".key")
      const inKeys = () => files(disk).filter((file) => file.startsWith("/keys/"))
      const first = `/keys/live/${key}`
      expect(inKeys()).toContain(first)
      expect(inKeys().every((file) => file.endsWith(".key"))).toBe(true)
      expect(files(disk).filter((file) => file.startsWith("/hls/") && file.endsWith(".key"))).toEqual([])
      const answer = yield* ask(`/live/${key}`)
      expect(answer).toStartWith("HTTP/1.1 200 ")
      expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toHaveLength(16)
      yield* publisher.play(40_000)
      expect(inKeys()).not.toContain(first)
      expect(inKeys().length).toBeLessThan(6)
    })
  )

  effect("keys are gone after hls_dispose, as the segments", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness({ hls: `${keys} hls_dispose 30;` })
      const publisher = yield* publish()
      yield* publisher.play(4200)
      yield* publisher.leave
      yield* TestClock.adjust(31_000)
      yield* TestClock.adjust(1000)
      expect(files(disk)).toEqual([])
    })
  )
})

describe("with time in hls_ts_file", () => {
  const file = "[app]/[2006]/[01]/[02]/[stream]-[15].[04].[05].[999]-[seq].ts"

  effect("each segment is named by when it began, and the folder changes at midnight", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(Date.UTC(2026, 11, 31, 23, 59, 56))
      const options = { global: "utc_time on;", hls: `hls_ctx off; hls_ts_file ${file};` }
      const { body, disk, publish } = yield* harness(options)
      yield* (yield* publish()).play(8200)
      const names = [
        "2026/12/31/a-23.59.56.000-0.ts",
        "2026/12/31/a-23.59.58.000-1.ts",
        "2027/01/01/a-00.00.00.000-2.ts",
        "2027/01/01/a-00.00.02.000-3.ts"
      ]
      expect(urisOf(yield* body("/live/a.m3u8"))).toEqual(names)
      expect(files(disk).filter((name) => name.endsWith(".ts"))).toEqual(names.map((name) => `/hls/live/${name}`))
      for (const name of names) expect((yield* body(`/live/${name}`)).slice(0, 1)).toBe("G")
    })
  )

  effect("what leaves the list is removed by the name that it had", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness({ hls: `hls_window 6; hls_ts_file ${file};` })
      yield* (yield* publish()).play(120_000)
      expect(files(disk).length).toBeLessThan(12)
    })
  )
})
