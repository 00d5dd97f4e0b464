import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { isSignedHook } from "../../../src/domain/hooks/request.ts"
import type { Transport } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"
import { network, picture, Publishes, start } from "./harness.ts"

const forwarding = (...destinations: ReadonlyArray<string>) =>
  `vhost __defaultVhost__ { forward { enabled on; destination ${destinations.join(" ")}; } }`

effect("a stream goes to each destination from its first picture on, and ends there with the publish", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const [one, two] = [yield* start(transport, "listen 1936;"), yield* start(transport, "listen 1937;")]
    const origin = yield* start(transport, forwarding("127.0.0.1:1936", "rtmp://127.0.0.1:1937"))
    yield* Effect.gen(function* () {
      const { send } = yield* origin.publish("live/cam?token=1")
      yield* TestClock.adjust(10)
      for (let number = 0; number < 10; number++) send(picture(number, number * 40, number === 0))
      yield* TestClock.adjust(200)
      send(picture(10, 400, false))
      expect(origin.forwards().map(({ state, stream, url }) => [state, stream, url])).toEqual([
        ["forwarding", "/live/cam", "rtmp://127.0.0.1:1936/live/cam?token=1"],
        ["forwarding", "/live/cam", "rtmp://127.0.0.1:1937/live/cam?token=1"]
      ])
    }).pipe(Effect.scoped)
    yield* TestClock.adjust(0)
    for (const { publishes } of [one, two]) {
      expect(publishes.all.map(({ key }) => key)).toEqual(["/live/cam"])
      // The last one was sent when the publisher left.
      expect(publishes.pictures.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      expect(publishes.pictures.map(({ millis }) => millis)).toEqual([
        0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400
      ])
    }
    expect(origin.forwards()).toEqual([])
  })
)

/** Numbers from 0 to 1, the same on every run. */
const chances = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

effect(
  "a destination that dies again and again for an hour gets no picture twice, and begins with a keyframe each time",
  () =>
    Effect.gen(function* () {
      const chance = chances(7)
      const { transport } = network()
      const origin = yield* start(transport, forwarding("127.0.0.1:1936"))
      const { send } = yield* origin.publish("live/cam")
      const publishes = new Publishes()
      let life = yield* start(transport, "listen 1936;", publishes)
      let alive = true
      let lives = 1
      let change = 20
      for (let second = 0, number = 0; second < 3600; second++) {
        if (second === change) {
          change += Math.ceil(chance() * (alive ? 40 : 120))
          if (alive) yield* life.kill
          else life = yield* start(transport, "listen 1936;", publishes)
          if (!alive) lives++
          alive = !alive
        }
        for (let i = 0; i < 5; i++, number++) send(picture(number, number * 200, number % 10 === 0))
        yield* TestClock.adjust(1000)
      }
      const numbers = publishes.pictures.map(({ number }) => number)
      expect(lives).toBeGreaterThan(30)
      expect(publishes.all.length).toBeGreaterThan(30)
      expect(new Set(numbers).size).toBe(numbers.length)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      for (const { pictures } of publishes.all) {
        if (pictures.length === 0) continue
        expect(pictures[0]!.keyframe).toBe(true)
        // Within a connection nothing is missing.
        expect(pictures.at(-1)!.number - pictures[0]!.number).toBe(pictures.length - 1)
        for (const { millis, number } of pictures) expect(millis).toBe(number * 200)
      }
    }),
  20_000
)

effect("a destination that is the stream itself is refused, once", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const origin = yield* start(transport, forwarding("127.0.0.1:1935"))
    yield* origin.publish("live/cam")
    yield* TestClock.adjust(60_000)
    const [forward] = origin.forwards()
    expect(forward).toMatchObject({ state: "refused", connects: 0 })
    expect(forward!.lastError).toContain("leads back to the stream itself")
    expect(origin.publishes.all.length).toBe(1)
  })
)

effect("two servers that forward a stream to each other have it once, and go on asking in peace", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const second = yield* start(transport, `listen 1936; ${forwarding("127.0.0.1:1935")}`)
    const origin = yield* start(transport, forwarding("127.0.0.1:1936"))
    const { send } = yield* origin.publish("live/cam")
    for (let number = 0; number < 120; number++) {
      send(picture(number, number * 1000, number % 2 === 0))
      yield* TestClock.adjust(1000)
    }
    for (const { publishes } of [origin, second]) {
      expect(publishes.all.map(({ key }) => key)).toEqual(["/live/cam"])
      const numbers = publishes.pictures.map(({ number }) => number)
      expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index))
    }
    const [back] = second.forwards()
    expect(back).toMatchObject({ connects: 0, lastError: expect.stringContaining("already has a publisher") })
    expect(back!.attempts).toBeLessThan(15)
  })
)

effect("a stream that comes back under ever other names is forwarded no further than eight times", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const second = yield* start(transport, `listen 1936; ${forwarding("rtmp://127.0.0.1:1935/[app]/b-[stream]")}`)
    const origin = yield* start(transport, forwarding("rtmp://127.0.0.1:1936/[app]/a-[stream]"))
    yield* origin.publish("live/cam")
    yield* TestClock.adjust(10_000)
    const streams = [...origin.publishes.all, ...second.publishes.all].map(({ key }) => key)
    expect(streams.length).toBe(9)
    const refused = [...origin.forwards(), ...second.forwards()].filter(({ state }) => state === "refused")
    expect(refused).toMatchObject([{ stream: "/live/b-a-b-a-b-a-b-a-cam", connects: 0 }])
    expect(refused[0]!.lastError).toContain("was forwarded 8 times already")
  })
)

effect("another name on this server is no loop", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const origin = yield* start(
      transport,
      "vhost a.com { forward { enabled on; destination rtmp://127.0.0.1/copy/[stream]; } }\nvhost __defaultVhost__ {}"
    )
    yield* origin.publish({ vhost: "a.com", app: "live", stream: "cam" })
    yield* TestClock.adjust(1000)
    expect(origin.publishes.all.map(({ key }) => key).sort()).toEqual(["/copy/cam", "a.com/live/cam"])
  })
)

effect("a slow destination loses whole groups of pictures, and one that takes nothing is left and tried again", () =>
  Effect.gen(function* () {
    const { accepted, transport } = network()
    const patient = "listen 1936; vhost __defaultVhost__ { publish { normal_timeout 60000; } }"
    const { publishes } = yield* start(transport, patient)
    const origin = yield* start(
      transport,
      "vhost __defaultVhost__ { play { queue_length 5; } forward { enabled on; destination 127.0.0.1:1936; } }"
    )
    const { send } = yield* origin.publish("live/cam")
    let number = 0
    const seconds = Effect.fnUntraced(function* (count: number) {
      for (let second = 0; second < count; second++) {
        for (let i = 0; i < 5; i++, number++) send(picture(number, number * 200, number % 10 === 0))
        yield* TestClock.adjust(1000)
      }
    })
    yield* seconds(5)
    accepted[0]!.stall(true)
    yield* seconds(20)
    accepted[0]!.stall(false)
    yield* seconds(5)
    expect(origin.forwards()[0]).toMatchObject({ state: "forwarding", connects: 1, jumps: 1 })
    const { pictures } = publishes.all[0]!
    const gaps = pictures.flatMap((after, at) => (at > 0 && after.number > pictures[at - 1]!.number + 1 ? [after] : []))
    expect(gaps.map(({ keyframe }) => keyframe)).toEqual([true])
    expect(origin.forwards()[0]!.framesDropped).toBe(number - pictures.length)
    accepted[0]!.stall(true)
    yield* seconds(40)
    expect(origin.forwards()[0]).toMatchObject({ state: "forwarding", connects: 2 })
    accepted[0]!.stall(false)
  })
)

/** An HTTP service that gives the answers one after the other, each on a connection of its own. */
const backend = Effect.fnUntraced(function* (transport: Transport["Service"], bodies: Array<string>) {
  const questions: Array<string> = []
  yield* transport.listen({ host: "", port: 8085 }, {}, (connection) =>
    Effect.gen(function* () {
      questions.push(Buffer.from(yield* connection.read).toString())
      const body = bodies.shift() ?? ""
      connection.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
      yield* connection.closed
    }).pipe(Effect.ignore)
  )
  return questions
})

effect("a backend says where each publish goes, and one that does not answer well refuses the publisher", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const urls = ["rtmp://127.0.0.1:1936/other/name"]
    const questions = yield* backend(transport, [JSON.stringify({ code: 0, data: { urls } }), "1"])
    const { publishes } = yield* start(transport, "listen 1936;")
    const service = "destination 127.0.0.1:1937; backend http://127.0.0.1:8085/forward;"
    const hooks = "http_hooks { secret s3cret; }"
    const origin = yield* start(transport, `vhost __defaultVhost__ { ${hooks} forward { enabled on; ${service} } }`)
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* origin.publish("live/cam?token=1")
        yield* TestClock.adjust(100)
        expect(origin.forwards().map(({ state, url }) => [state, url])).toEqual([["forwarding", urls[0]]])
        expect(publishes.all.map(({ key }) => key)).toEqual(["/other/name"])
      })
    )
    expect(questions[0]).toStartWith("POST /forward HTTP/1.1\r\n")
    expect(questions[0]).toContain('"action":"on_forward","server_id":"test","service_id":"test"')
    expect(questions[0]).toContain('"app":"live","tcUrl":"","stream":"cam","param":"?token=1"')
    const {
      body = "",
      signature = "",
      timestamp = ""
    } = /timestamp: (?<timestamp>\d+)\r\nx-sluice-signature: (?<signature>\S+)[^]*\r\n\r\n(?<body>.*)/i.exec(
      questions[0]!
    )?.groups ?? {}
    expect(isSignedHook("s3cret", { timestamp, signature }, body, Number(timestamp))).toBe(true)
    const refused = yield* Effect.flip(origin.publish("live/cam"))
    expect(refused.message).toContain("forward backend")
    yield* TestClock.adjust(0)
    expect(origin.forwards()).toEqual([])
  })
)

const cam = { vhost: "__defaultVhost__", app: "live", stream: "cam" }

effect("destinations are added and removed while the others go on", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const one = yield* start(transport, "listen 1936;")
    const two = yield* start(transport, "listen 1937;")
    const origin = yield* start(transport, forwarding("127.0.0.1:1936"))
    const seconds = Effect.fnUntraced(function* (send: (picture: MediaFrame) => void, from: number, count: number) {
      for (let number = from; number < from + count; number++) {
        send(picture(number, number * 1000, number % 2 === 0))
        yield* TestClock.adjust(1000)
      }
    })
    // It waits for the stream.
    const { id } = yield* origin.forwarder.add(cam, "rtmp://127.0.0.1:1937/[app]/copy")
    expect(origin.forwards()).toMatchObject([{ id, state: "idle", origin: "api" }])
    for (const round of [0, 1]) {
      yield* Effect.gen(function* () {
        const { send } = yield* origin.publish("live/cam")
        yield* TestClock.adjust(10)
        yield* seconds(send, 100 * round, 10)
        const more = yield* origin.forwarder.add(cam, "rtmp://127.0.0.1:1937/live/more")
        yield* seconds(send, 100 * round + 10, 10)
        expect(yield* origin.forwarder.remove(more.id)).toBe(true)
        yield* seconds(send, 100 * round + 20, 10)
        expect(origin.forwards()).toMatchObject([
          { id, state: "forwarding", url: "rtmp://127.0.0.1:1937/live/copy", attempts: round + 1, connects: round + 1 },
          { state: "forwarding", origin: "config", attempts: 1 }
        ])
      }).pipe(Effect.scoped)
      yield* TestClock.adjust(0)
      expect(origin.forwards()).toMatchObject([{ id, state: "idle", framesOut: 30 * (round + 1) }])
    }
    const all = [...Array(30).keys(), ...Array.from({ length: 30 }, (_, i) => 100 + i)]
    expect(one.publishes.pictures.map(({ number }) => number)).toEqual(all)
    const at = (key: string) =>
      two.publishes.all.filter((one) => one.key === key).map(({ pictures }) => pictures.map(({ number }) => number))
    expect(at("/live/copy").flat()).toEqual(all)
    // From the newest keyframe on, until it was removed.
    expect(at("/live/more")).toEqual([
      [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      [108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119]
    ])
    expect(yield* origin.forwarder.remove(id)).toBe(true)
    expect(yield* origin.forwarder.remove(id)).toBe(false)
    expect(origin.forwards()).toEqual([])
  })
)

effect("a configured destination that was removed is begun again with the next publish", () =>
  Effect.gen(function* () {
    const { transport } = network()
    const { publishes } = yield* start(transport, "listen 1936;")
    const origin = yield* start(transport, forwarding("127.0.0.1:1936", "127.0.0.1:1"))
    const published = Effect.gen(function* () {
      yield* origin.publish("live/cam")
      yield* TestClock.adjust(10_000)
      const [accepted, absent] = origin.forwards()
      expect(absent).toMatchObject({ state: "waiting", connects: 0, lastError: expect.stringContaining("127.0.0.1:1") })
      expect(absent!.attempts).toBeGreaterThan(2)
      expect(yield* origin.forwarder.remove(accepted!.id)).toBe(true)
      yield* TestClock.adjust(10_000)
      expect(origin.forwards()).toMatchObject([{ id: absent!.id }])
    }).pipe(Effect.scoped)
    yield* published
    yield* published
    expect(publishes.all.length).toBe(2)
  })
)
