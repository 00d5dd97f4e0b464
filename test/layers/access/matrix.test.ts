/** Each protocol of the composition under each kind of rule: whoever contributes a URL is in it, or the test fails. */
import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import { effect } from "../../support/effect.ts"
import { client, rows, signedPlay } from "./matrix/rows.ts"
import { players, startWorld, worlds } from "./matrix/world.ts"

/** What each URL comes to. */
const outcomes = <E, R>(urls: ReadonlyArray<string>, play: (url: string) => Effect.Effect<boolean, E, R>) =>
  Effect.map(
    Effect.forEach(urls, (url) => Effect.map(play(url), (letIn) => [url, letIn] as const)),
    Object.fromEntries
  )

const all = (urls: ReadonlyArray<string>, letIn: boolean) => Object.fromEntries(urls.map((url) => [url, letIn]))

/** Where RTMP and this process are asked too: they are the same in each world. */
const whole = Object.keys(worlds)[0]

const isHttp = (url: string): boolean => /^(?:http|ws)/.test(url)

for (const [name, protocols] of Object.entries(worlds)) {
  const urlsOf = (urls: ReadonlyArray<string>) => (name === whole ? urls : urls.filter(isHttp))

  describe(name, () => {
    effect(
      "each protocol under each rule",
      () =>
        Effect.gen(function* () {
          const world = yield* startWorld(protocols)
          expect(world.urls().every((url) => new URL(url).protocol in players)).toBe(true)
          for (const { address = client, directives, name: rule, plays, publishes, queries = ["", ""] } of rows) {
            yield* world.rule(directives, address)
            const urls = urlsOf(world.urls())
            expect(urls.length).toBeGreaterThan(0)
            const seen = yield* outcomes(urls, (url) => world.plays(url, queries[1]))
            expect({ rule, ...seen }).toEqual({ rule, ...all(urls, plays) })
            if (name !== whole) continue
            expect({ rule, process: yield* world.playsInProcess(queries[1]) }).toEqual({ rule, process: plays })
            const published = yield* world.publishes(queries[0])
            expect({ rule, ...published }).toEqual({ rule, RTMP: publishes, RTMPS: publishes, process: publishes })
          }
        }),
      60_000
    )

    effect(
      "each protocol under each limit of an address",
      () =>
        Effect.gen(function* () {
          const world = yield* startWorld(protocols)
          for (const [index, url] of urlsOf(world.urls()).entries()) {
            const [one, other] = [`203.0.113.${2 * index}`, `203.0.113.${2 * index + 1}`]
            const wrongOnce = `auth { enabled on; play signature; secret s3cret; max_failures 1; }`
            const right = signedPlay
            yield* world.rule(wrongOnce, one)
            expect([url, yield* world.plays(url, "?expires=1&sign=1")]).toEqual([url, false])
            expect([url, "wrong before", yield* world.plays(url, right)]).toEqual([url, "wrong before", false])
            yield* world.rule(wrongOnce, other)
            expect([url, yield* world.plays(url, right)]).toEqual([url, true])

            yield* world.rule("auth { enabled on; max_streams 1; }", `198.51.100.${index}`)
            const streams = yield* Effect.scoped(Effect.andThen(world.holds(), world.plays(url)))
            expect([url, "one stream more", streams]).toEqual([url, "one stream more", false])
            // HLS remembers for some seconds whom it has refused: this one asks otherwise.
            yield* world.rule("auth { enabled on; max_streams 1; }", `198.51.100.${index}`)
            expect([url, yield* world.plays(url)]).toEqual([url, true])

            yield* world.rule("", `192.0.2.${index}`, "max_connections_per_address 1;")
            const connections = yield* Effect.scoped(Effect.andThen(world.holds(), world.plays(url)))
            expect([url, "one connection more", connections]).toEqual([url, "one connection more", false])
          }
        }),
      60_000
    )
  })
}

describe("a file that a list names", () => {
  for (const name of ["HLS", "HLS without hls_ctx", "HLS of fMP4, with low latency", "DASH"] as const) {
    effect(`is for nobody who is refused: ${name}`, () =>
      Effect.gen(function* () {
        const world = yield* startWorld(worlds[name])
        const files = yield* world.files()
        expect(files.length).toBeGreaterThan(1)
        for (const { href } of files) expect([href, (yield* world.ask(href)).status]).toEqual([href, 200])
        yield* world.rule("security { enabled on; deny play all; }", "203.0.113.99")
        for (const { origin, pathname } of files) {
          expect([pathname, (yield* world.ask(origin + pathname)).status]).toEqual([pathname, 403])
        }
      })
    )
  }
})

effect("the page that a request over HTTP names counts with refer.http, without it that of RTMP alone", () =>
  Effect.gen(function* () {
    const world = yield* startWorld(worlds[whole as keyof typeof worlds])
    const refer = (more: string) => `refer { enabled on; play a.com; ${more} }`
    yield* world.rule(refer("http on;"), client)
    const urls = world.urls().filter(isHttp)
    for (const [page, letIn] of [
      ["http://www.a.com/x", true],
      ["http://evil.com/a.com", false]
    ] as const) {
      expect(yield* outcomes(urls, (url) => world.plays(url, "", [`Referer: ${page}`]))).toEqual(all(urls, letIn))
    }
    yield* world.rule(refer(""), client)
    const seen = yield* outcomes(world.urls(), (url) => world.plays(url))
    expect(seen).toEqual(Object.fromEntries(world.urls().map((url) => [url, isHttp(url)])))
  })
)
