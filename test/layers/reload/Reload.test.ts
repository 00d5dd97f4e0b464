import { describe, expect } from "bun:test"
import { unlinkSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { effect } from "../../support/effect.ts"
import { Chance, configuration, mistaken } from "./configurations.ts"
import { directory, start } from "./harness.ts"

const viewers = 100

effect(
  "a publisher and its viewers stay through fifty reloads, and the end is what a fresh start gives",
  () =>
    Effect.gen(function* () {
      const chance = new Chance(6)
      const files = yield* directory
      let text = `listen 1935;\nmax_connections 500;\nvhost __defaultVhost__ { publish { normal_timeout 60000; } }`
      const server = yield* start(text)
      const publisher = yield* server.publisher("cam")
      const players = yield* Effect.replicateEffect(server.player("cam"), viewers)
      let refused = 0
      for (let round = 0, time = 0; round < 50; round++, time += 1000) {
        const isValid = chance.below(3) > 0
        const next = isValid ? configuration(chance, files) : mistaken(chance, files)
        const { err, msg, state } = yield* server.apply(next)
        if (isValid) {
          expect({ err, state }).toEqual({ err: 0, state: 90 })
          text = next
        } else {
          refused++
          expect(err).toBe(1023)
          expect(msg).toStartWith(server.file)
        }
        publisher.media(1, time, round)
        yield* TestClock.adjust(1000)
      }
      expect(refused).toBeGreaterThan(10)
      for (const player of players) {
        expect(player.closed).toBe(false)
        // The keyframe of each round.
        const marks = player.played.filter((line) => line.includes(":1701")).map((line) => line.slice(-2))
        expect(marks).toEqual(Array.from({ length: 50 }, (_, round) => round.toString(16).padStart(2, "0")))
      }
      expect(publisher.closed).toBe(false)

      const fresh = yield* start(text)
      const second = yield* fresh.publisher("cam", fresh.settings.current().listen[0]!.port)
      // What follows the stream notices with its next frame.
      for (let time = 50_000; time < 60_000; time += 1000) {
        publisher.media(1, time)
        second.media(1, time - 50_000)
        yield* TestClock.adjust(1000)
      }
      expect(server.settings.current()).toEqual(fresh.settings.current())
      expect(server.settings.vhosts()).toEqual(fresh.settings.vhosts())
      expect(server.listening()).toEqual(fresh.listening())
      expect(server.forwards()).toEqual(fresh.forwards())
      expect(server.listed()).toEqual(fresh.listed())
    }),
  60_000
)

describe("a reload", () => {
  effect("that is refused says where, changes nothing, and the next one is not harmed by it", () =>
    Effect.gen(function* () {
      const good = "listen 1935;\nmax_connections 100;\nvhost a {}"
      const server = yield* start(good)
      const before = server.settings.current()
      const report = yield* server.apply("listen 1935;\nvhost a {\n  plya {}\n}")
      expect(report).toMatchObject({ err: 1023, rid: expect.stringMatching(/^[0-9a-z]{7}$/) })
      expect(report.msg).toStartWith(`${server.file}:3:3: illegal vhost.plya of a`)
      expect(server.reload.last()).toEqual(report)
      expect(server.settings.current()).toBe(before)
      expect(yield* server.apply(good.replace("100", "200"))).toMatchObject({ err: 0, state: 90 })
      expect(server.settings.current().maxConnections).toBe(200)
      unlinkSync(server.file)
      expect((yield* server.reload.run).msg).toContain("cannot read the configuration")
      expect(server.settings.current().maxConnections).toBe(200)
    })
  )

  effect("tells what has changed, by the directives' paths, and what needs a restart", () =>
    Effect.gen(function* () {
      const server = yield* start(
        "listen 1935;\nvhost gone {}\nvhost same {}\nvhost other { play { queue_length 5; } }"
      )
      server.write(
        "listen 1935;\npid other.pid;\nmax_connections 5;\nvhost same {}\nvhost new {}\nvhost other { min_latency on; }"
      )
      const { changes, failures } = yield* server.settings.reload
      expect(failures).toEqual([])
      expect(changes).toEqual([
        { change: "changed", vhost: undefined, directives: ["pid", "max_connections"], atStart: ["pid"] },
        { change: "removed", vhost: "gone", directives: [], atStart: [] },
        { change: "added", vhost: "new", directives: [], atStart: [] },
        {
          change: "changed",
          vhost: "other",
          // The default of the last one depends on the first.
          directives: ["vhost.min_latency", "vhost.play.queue_length", "vhost.play.mw_msgs"],
          atStart: []
        }
      ])
      expect((yield* server.settings.reload).changes).toEqual([])
    })
  )

  effect("opens and closes listeners, and the clients of a closed one stay", () =>
    Effect.gen(function* () {
      const rest = "vhost __defaultVhost__ { publish { normal_timeout 60000; } }"
      const server = yield* start(`listen 1935; http_api { enabled on; listen 1985; } ${rest}`)
      const publisher = yield* server.publisher("cam", 1935)
      const player = yield* server.player("cam", 1935)
      expect(server.listening()).toEqual(["HTTP API 1985", "RTMP 1935"])
      yield* server.apply(`listen 1936; http_server { enabled on; listen 8080; } ${rest}`)
      expect(server.listening()).toEqual(["HTTP 8080", "RTMP 1936"])
      expect((yield* Effect.flip(server.connect(1935))).reason).toBe("connection refused")
      const late = yield* server.player("cam", 1936)
      publisher.media(1, 0)
      yield* TestClock.adjust(1000)
      expect(player.played.length).toBe(4)
      expect(late.played.length).toBe(4)
    })
  )

  effect("whose port is taken says so, opens the others, and tries it again the next time", () =>
    Effect.gen(function* () {
      const server = yield* start("listen 1935; http_server { enabled on; listen 8080; } vhost __defaultVhost__ {}")
      const taken = "listen 1935 8080 1937; http_server { enabled on; listen 8080; } vhost __defaultVhost__ {}"
      expect(yield* server.apply(taken)).toMatchObject({ state: 90, err: 1023, msg: expect.stringContaining("in use") })
      expect(server.listening()).toEqual(["HTTP 8080", "RTMP 1935", "RTMP 1937"])
      expect(yield* server.apply(taken.replace("enabled on", "enabled off"))).toMatchObject({ state: 90 })
      yield* server.reload.run
      expect(server.listening()).toEqual(["RTMP 1935", "RTMP 1937", "RTMP 8080"])
    })
  )

  effect("changes the latency of running viewers, what is kept for newcomers, and where streams are forwarded", () =>
    Effect.gen(function* () {
      const config = (vhost: string) =>
        `listen 1935; vhost __defaultVhost__ { publish { normal_timeout 60000; } ${vhost} }`
      const server = yield* start(config("play { mw_latency 2000; }"))
      const publisher = yield* server.publisher("cam")
      const player = yield* server.player("cam")
      publisher.media(1, 0)
      yield* TestClock.adjust(2000)
      // The first picture came at once.
      const begun = player.played.length
      publisher.media(1, 2000)
      yield* TestClock.adjust(1900)
      expect(player.played.length).toBe(begun)
      yield* TestClock.adjust(100)
      expect(player.played.length).toBe(begun + 4)
      yield* TestClock.adjust(2000)
      yield* server.apply(
        config("play { mw_latency 100; gop_cache off; } forward { enabled on; destination 10.0.0.1; }")
      )
      expect(server.forwards()).toEqual(["rtmp://10.0.0.1:1935/live/cam?vhost=localhost"])
      const before = player.played.length
      publisher.media(1, 4000)
      yield* TestClock.adjust(150)
      expect(player.played.length).toBe(before + 4)
      // Headers, and no picture before the next keyframe.
      const newcomer = yield* server.player("cam")
      expect(newcomer.played.map((line) => line.split(":")[2])).toEqual(["af001210", "17000000000100"])
      yield* server.apply(config("forward { enabled on; destination 10.0.0.2; }"))
      expect(server.forwards()).toEqual(["rtmp://10.0.0.2:1935/live/cam?vhost=localhost"])
      yield* server.apply(config(""))
      expect(server.forwards()).toEqual([])
    })
  )

  effect("changes how long a running publisher may be silent", () =>
    Effect.gen(function* () {
      const config = (millis: number) => `listen 1935; vhost __defaultVhost__ { publish { normal_timeout ${millis}; } }`
      const server = yield* start(config(2000))
      const [patient, silent] = [yield* server.publisher("a"), yield* server.publisher("b")]
      for (const publisher of [patient, silent]) publisher.media(1, 0)
      yield* TestClock.adjust(20_000)
      for (const publisher of [patient, silent]) publisher.media(1, 1000)
      yield* server.apply(config(60_000))
      yield* TestClock.adjust(50_000)
      expect([patient.closed, silent.closed]).toEqual([false, false])
      patient.media(1, 2000)
      yield* server.apply(config(1000))
      yield* TestClock.adjust(60_000)
      expect([patient.closed, silent.closed]).toEqual([true, true])
    })
  )
})
