import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { posix } from "node:path"
import { Glob } from "bun"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "../../src/embed.ts"
import { Kind } from "../../src/domain/media/MediaFrame.ts"
import * as RtmpClientLayer from "../../src/layers/rtmp/RtmpClient.ts"
import { Authorizer, Refused } from "../../src/services/Authorizer.ts"
import { Listeners } from "../../src/services/Listeners.ts"
import { RtmpClient } from "../../src/services/RtmpClient.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { type Connection, Transport } from "../../src/services/Transport.ts"
import { makeRecorder } from "../layers/telemetry/recorder.ts"
import { effect } from "../support/effect.ts"
import { imports } from "../support/sourceText.ts"
import { toyInput } from "./toyInput/directives.ts"
import { toyCodec } from "./toyInput/lines.ts"
import * as ToyInput from "./toyInput/ToyInput.ts"
import { toyOutput } from "./toyOutput/directives.ts"
import * as ToyOutput from "./toyOutput/ToyOutput.ts"

const config = (play = "") => `
  toy_input { enabled on; listen 7101; }
  toy_output { enabled on; }
  vhost __defaultVhost__ { toy_play { ${play} } }`

/** The whole server, with two more protocols: one line of composition. */
const server = (options: Sluice.Options) =>
  Layer.mergeAll(ToyInput.layer, ToyOutput.layer, RtmpClientLayer.layer).pipe(
    Layer.provideMerge(Sluice.layer({ tables: [toyInput, toyOutput], ...options }))
  )

const connect = (port: number) =>
  Effect.flatMap(Transport, (transport) => transport.connect({ host: "", port }, { timeoutMillis: 1000 }))

const send = (connection: Connection, ...lines: ReadonlyArray<string>) => {
  for (const line of lines) connection.write(Buffer.from(`${line}\n`))
  return TestClock.adjust(0)
}

/** All that comes before the server closes. */
const rest = Effect.fnUntraced(function* (connection: Connection) {
  let text = ""
  const more = Effect.map(connection.read, (bytes) => void (text += Buffer.from(bytes).toString()))
  yield* Effect.ignore(Effect.forever(more))
  return text
})

const publisher = Effect.fnUntraced(function* (name = "live/toy") {
  const connection = yield* connect(7101)
  yield* send(connection, `PUBLISH ${name}`)
  return connection
})

const player = Effect.fnUntraced(function* (name = "live/toy") {
  const connection = yield* connect(7002)
  yield* send(connection, `PLAY ${name}`)
  return connection
})

const frames = ["V 0 k 0102", "A 10 - 0a", "V 40 - 0304", "V 80 k 05"]

type Needs = Parameters<typeof effect>[1] extends () => Effect.Effect<unknown, unknown, infer R> ? R : never

const toys = <E>(
  name: string,
  self: Effect.Effect<void, E, Layer.Success<ReturnType<typeof server>> | Needs>,
  options: Sluice.Options = {}
) => effect(name, () => Effect.provide(self, server({ config: config(), ...options })))

describe("a toy publisher", () => {
  toys(
    "is shown to a toy viewer, frame by frame, with the codec that nothing else knows",
    Effect.gen(function* () {
      const viewer = yield* player()
      const publishing = yield* publisher()
      yield* send(publishing, ...frames)
      yield* TestClock.adjust(1000)
      expect(Buffer.from(yield* viewer.read).toString()).toBe(`TOY 1\n${frames.join("\n")}\n`)
      yield* publishing.end
      yield* TestClock.adjust(0)
      expect(yield* rest(viewer)).toBe("")
    })
  )

  toys(
    "is shown to RTMP players and to readers in this process",
    Effect.gen(function* () {
      const client = yield* RtmpClient
      const seen: Array<string> = []
      const playing = yield* client.play("rtmp://localhost/live/toy")
      yield* Effect.forkScoped(
        playing.run(({ bytes, end, start, timestamp, type }) => {
          if (type === Kind.Data) return
          seen.push(`${type} ${timestamp} ${Buffer.from(bytes.subarray(start, end)).toString("latin1")}`)
        })
      )
      const publishing = yield* publisher()
      yield* send(publishing, "V 0 k 41", "A 10 - 42")
      yield* TestClock.adjust(1000)
      // Enhanced RTMP v2: ExHeader, frame type 1 and packet type 1 in the first byte of video, 9 and 1 in that of audio.
      expect(seen).toEqual(["9 0 \x91toy1A", "8 10 \x91toy1B"])
      const frame = yield* Sluice.subscribe("live/toy").pipe(Stream.runHead)
      expect(Option.map(frame, ({ codec }) => codec)).toEqual(Option.some(toyCodec))
    })
  )

  toys(
    "can be played while it lasts at the URL that the toy output contributes",
    Effect.gen(function* () {
      const listeners = yield* Listeners
      expect(listeners.all().map(({ name, port }) => `${name} ${port}`)).toEqual(
        expect.arrayContaining(["RTMP 1935", "TOY IN 7101", "TOY OUT 7002"])
      )
      const stream = { vhost: "__defaultVhost__", app: "live", stream: "toy" }
      expect(listeners.playUrls(stream)).toContain("toy://localhost:7002/live/toy")
    })
  )

  toys(
    "that breaks the protocol is closed, and the name is free again",
    Effect.gen(function* () {
      const first = yield* publisher()
      expect(Buffer.from(yield* first.read).toString()).toBe("OK\n")
      const second = yield* publisher()
      expect(yield* rest(second)).toBe("")
      yield* send(first, "nonsense")
      expect(yield* rest(first)).toBe("")
      expect(Buffer.from(yield* (yield* publisher()).read).toString()).toBe("OK\n")
    })
  )
})

describe("toy sessions", () => {
  toys(
    "are in the register, with what they do and their counters, and can be kicked",
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const viewer = yield* player()
      const publishing = yield* publisher()
      yield* send(publishing, ...frames)
      yield* TestClock.adjust(1000)
      const stream = { vhost: "__defaultVhost__", app: "live", stream: "toy" }
      const [play, publish] = [...sessions.all().values()]
      expect(play).toMatchObject({ protocol: "toy", type: "toy-play", role: "play", stream, address: "127.0.0.1" })
      expect(play?.counters.framesOut).toBe(4)
      expect(publish).toMatchObject({ protocol: "toy", type: "toy-publish", role: "publish", stream })
      expect(publish?.counters.framesIn).toBe(4)
      expect(yield* sessions.kick(play?.id ?? "", "for the test")).toBe(true)
      yield* TestClock.adjust(0)
      expect(yield* rest(viewer)).toStartWith("TOY 1\n")
      expect(sessions.all().size).toBe(1)
      yield* publishing.end
      yield* TestClock.adjust(0)
    }).pipe(Effect.scoped)
  )

  effect("have a root span, the Authorizer's under it, and the log lines of any session", () => {
    const recorder = makeRecorder()
    const visit = Effect.gen(function* () {
      const publishing = yield* publisher()
      yield* send(publishing, ...frames)
      yield* publishing.end
      yield* TestClock.adjust(0)
      const root = recorder.spans.find(({ name }) => name === "toy.session")
      expect(Object.fromEntries(root?.attributes ?? [])).toMatchObject({
        "client.type": "toy-publish",
        "stream.name": "toy",
        "session.frames_in": 4,
        "session.end": "closed"
      })
      const children = recorder.spans.filter(({ traceId }) => traceId === root?.traceId).map(({ name }) => name)
      expect(children).toEqual(expect.arrayContaining(["toy.session", "Authorizer.publish"]))
      const ours = recorder.lines.filter(({ annotations }) => annotations["network.protocol.name"] === "toy")
      expect(ours.map(({ message }) => message)).toEqual([
        "session opened",
        "client identified",
        ...Array.from({ length: 2 }, () => "play at"),
        "session closed"
      ])
    })
    return visit.pipe(Effect.provide(server({ config: config() })), recorder.provide)
  })

  const nobody = Layer.succeed(Authorizer, {
    connect: () => Effect.void,
    publish: ({ stream }) => new Refused({ action: "publish", stream: stream.stream, reason: "nobody", code: 2015 }),
    play: ({ stream }) => new Refused({ action: "play", stream: stream.stream, reason: "nobody", code: 2015 })
  })
  toys(
    "are refused by the Authorizer",
    Effect.gen(function* () {
      expect(yield* rest(yield* publisher())).toBe("")
      expect(yield* rest(yield* player())).toBe("")
    }),
    { authorizer: nobody }
  )
})

describe("toy directives", () => {
  toys(
    "of a vhost have their effect",
    Effect.gen(function* () {
      const viewer = yield* player()
      yield* send(yield* publisher(), ...frames)
      yield* TestClock.adjust(1000)
      expect(Buffer.from(yield* viewer.read).toString()).toBe("TOY 1\nV 0 k 0102\nV 80 k 05\n")
    }),
    { config: config("keyframes_only on;") }
  )

  effect("are checked like all others", () =>
    Effect.gen(function* () {
      const options = { tables: [toyInput, toyOutput], config: "toy_output { lisen 1; }" }
      const error = yield* Effect.flip(Effect.asVoid(Layer.build(Sluice.layer(options))))
      expect(error.message).toContain("listen")
    })
  )
})

test("nothing in src knows the toys, or anything else under test", () => {
  const outside = [...new Glob("src/**/*.ts").scanSync(".")].flatMap((path) =>
    imports(readFileSync(path, "utf8"))
      .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
      .filter((target) => /^(?:test|examples)\//.test(target))
  )
  expect(outside).toEqual([])
})
