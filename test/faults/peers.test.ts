/** Publishers, viewers and strangers that do not behave. All that they held is free afterwards. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { ClientHandshake } from "../../src/domain/rtmp/ClientHandshake.ts"
import { effect } from "../support/effect.ts"
import { inWorld } from "./harness.ts"

const stream = "default.test/live/a"

effect("a viewer that takes nothing is closed after half a minute, and the others lose nothing", () =>
  inWorld(({ publish, run, view }) =>
    Effect.gen(function* () {
      yield* publish(stream)
      const others = [yield* view("rtmp", stream), yield* view("http", stream)]
      const slow = [yield* view("rtmp", stream), yield* view("http", stream)]
      yield* run(5000)
      for (const { connection } of slow) connection?.stall(true)
      yield* run(25_000)
      expect(slow.map(({ ended }) => ended)).toEqual([false, false])
      yield* run(10_000)
      expect(slow.map(({ ended }) => ended)).toEqual([true, true])
      expect(others.map(({ ended, gaps }) => [ended, gaps])).toEqual([
        [false, 0],
        [false, 0]
      ])
      expect(others[0].frames).toBeGreaterThan(100)
    })
  )
)

effect("a publisher that stops sending is closed after one to two times normal_timeout, its viewers stay", () =>
  inWorld(({ publish, registry, run, view }) =>
    Effect.gen(function* () {
      const publisher = yield* publish(stream)
      const viewer = yield* view("rtmp", stream)
      // The first period is that of the first packet.
      yield* run(20_000)
      publisher.silent = true
      publisher.connection?.stall(true)
      yield* run(4900)
      expect(registry.find("/live/a")?.publisher()).toBeDefined()
      yield* run(5200)
      expect(registry.find("/live/a")?.publisher()).toBeUndefined()
      expect(viewer.ended).toBe(false)
    })
  )
)

effect("a publisher that is killed in the middle of a group of pictures comes back, and its viewers go on", () =>
  inWorld(({ publish, run, view }) =>
    Effect.gen(function* () {
      const first = yield* publish(stream)
      const viewer = yield* view("rtmp", stream)
      yield* run(3000)
      first.connection?.close("reset")
      yield* run(1000)
      const before = viewer.frames
      const second = yield* publish(stream)
      yield* run(3000)
      expect([first.ended, second.isLive, viewer.ended, viewer.gaps]).toEqual([true, true, false, 0])
      expect(viewer.frames).toBeGreaterThan(before + 10)
    })
  )
)

effect("a viewer that is killed leaves nothing, and 200 that come and go neither", () =>
  inWorld(({ publish, run, sessions, view }) =>
    Effect.gen(function* () {
      yield* publish(stream)
      for (let i = 0; i < 200; i++) {
        const viewer = yield* view(i % 2 === 0 ? "rtmp" : "http", stream)
        yield* run(100)
        viewer.connection?.close("reset")
      }
      yield* run(1000)
      expect(sessions.all().size).toBe(1)
    })
  )
)

const handshake = new ClientHandshake({ random: new Uint8Array(3072), nowMillis: 0, mode: "simple" }).start()

/** What strangers say, and then no more; one byte a second counts as silence. */
const strangers: ReadonlyArray<readonly [name: string, port: number, says: Uint8Array]> = [
  ["nothing, where RTMP is spoken", 1935, new Uint8Array(0)],
  ["half an RTMP handshake", 1935, handshake.subarray(0, 800)],
  ["nothing, where HTTP is spoken", 8080, new Uint8Array(0)],
  ["half a request", 8080, Buffer.from("GET /live/a.flv HTTP/1.1\r\nHo")]
]

for (const [name, port, says] of strangers) {
  for (const drips of [false, true]) {
    effect(`a client that says ${name}${drips ? ", byte by byte," : ""} is closed after half a minute`, () =>
      inWorld(({ connect, sessions }) =>
        Effect.scoped(
          Effect.gen(function* () {
            const connection = yield* connect(port)
            if (!drips) connection.write(says)
            for (let second = 0; second < 29; second++) {
              yield* TestClock.adjust(1000)
              if (drips && second < says.length) connection.write(says.subarray(second, second + 1))
            }
            expect([connection.isClosed, sessions.all().size]).toEqual([false, 1])
            yield* TestClock.adjust(2000)
            expect([connection.isClosed, sessions.all().size]).toEqual([true, 0])
          })
        )
      )
    )
  }
}

effect("above max_connections clients are refused and counted in the log, and those within it are served", () =>
  inWorld(({ connect, log, publish, run, sessions, view }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const publisher = yield* publish(stream)
        const viewer = yield* view("rtmp", stream)
        yield* run(1000)
        const flood = yield* Effect.forEach(Array.from({ length: 500 }), (_, i) => connect(i % 2 === 0 ? 1935 : 8080))
        yield* run(1000)
        expect(sessions.all().size).toBe(100)
        expect(flood.filter(({ isClosed }) => isClosed).length).toBe(402)
        const refused = { event: "Warn client refused", error: "more than 100 connections (max_connections)" }
        expect(log).toMatchObject([
          { ...refused, facts: { "client.refused": 1 } },
          { ...refused, facts: { "client.refused": 401 } }
        ])
        expect([publisher.isLive, viewer.ended, viewer.gaps]).toEqual([true, false, 0])
      })
    )
  )
)

effect("a thousand connects and closes a second for ten seconds leave nothing", () =>
  inWorld(({ connect, publish, run, sessions, view }) =>
    Effect.gen(function* () {
      yield* publish(stream)
      const viewer = yield* view("http", stream)
      for (let tenth = 0; tenth < 100; tenth++) {
        for (let i = 0; i < 100; i++) {
          yield* Effect.scoped(
            Effect.map(connect(i % 2 === 0 ? 1935 : 8080), (connection) => connection.write(handshake.subarray(0, i)))
          )
        }
        yield* run(100)
      }
      expect(sessions.all().size).toBe(2)
      expect([viewer.ended, viewer.gaps]).toEqual([false, 0])
    })
  )
)

effect(
  "a storm of take-overs has one publisher at any time, and viewers that see each one begin with its headers",
  () =>
    inWorld(({ publish, registry, run, sessions, view }) =>
      Effect.gen(function* () {
        const contested = "takeover.test/live/a"
        const viewer = yield* view("rtmp", contested)
        const publishers = []
        for (let i = 0; i < 100; i++) {
          publishers.push(yield* publish(contested))
          yield* run(i % 5 === 0 ? 1000 : 0)
          expect(publishers.filter(({ isLive }) => isLive).length).toBeLessThanOrEqual(1)
        }
        yield* run(3000)
        expect(publishers.findIndex(({ isLive }) => isLive)).toBe(99)
        expect(registry.find("takeover.test/live/a")?.publisher()).toBeDefined()
        expect(sessions.all().size).toBe(2)
        expect(viewer.frames).toBeGreaterThan(50)
      })
    )
)
