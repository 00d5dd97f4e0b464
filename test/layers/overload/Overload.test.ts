import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import * as Sluice from "../../../src/embed.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as OverloadLayer from "../../../src/layers/overload/Overload.ts"
import { Overload } from "../../../src/services/Overload.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"

/** A processor as busy as the test says. */
const makeProcessor = () => {
  let [ticks, percent] = [0, 0]
  const logged: Array<string> = []
  const log = Logger.layer([
    Logger.make<unknown, void>(({ logLevel, message }) => void logged.push(`${logLevel} ${String(message)}`))
  ])
  const read = Effect.sync(() => (ticks += percent))
  return {
    layer: Layer.provide(OverloadLayer.layerOf(read), log),
    logged,
    /** So busy for so many seconds. */
    is: (next: number, seconds: number) => {
      percent = next
      return TestClock.adjust(seconds * 1000)
    }
  }
}

effect("samples each second, and tells each second of it as long as it lasts", () =>
  Effect.gen(function* () {
    const processor = makeProcessor()
    const context = yield* Layer.build(Layer.provide(processor.layer, layerText("")))
    const overload = Context.get(context, Overload)
    yield* processor.is(50, 10)
    expect([overload.level(), processor.logged]).toEqual(["none", []])
    yield* processor.is(100, 5)
    expect([overload.level(), overload.cpuPercent(), overload.isWatched]).toEqual(["dying", 100, true])
    yield* processor.is(0, 5)
    expect(overload.level()).toBe("none")
    const line = (level: string) => `${level} circuit breaker`
    expect(processor.logged).toEqual([
      // critical, four seconds of it in all; dying; high; over.
      line("Warn"),
      line("Info"),
      line("Info"),
      line("Info"),
      line("Warn"),
      line("Warn"),
      line("Info")
    ])
  })
)

const request = "GET /live/a.flv HTTP/1.1\r\nHost: h\r\n\r\n"

effect("a processor that is full for seconds lets no new viewer in, and everybody else stays and may publish", () =>
  Effect.gen(function* () {
    const processor = makeProcessor()
    const config = "http_server { enabled on; } vhost __defaultVhost__ { http_remux { enabled on; } }"
    const settings = layerText(config)
    const server = Sluice.layer({ config }).pipe(Layer.provideMerge(Layer.provide(processor.layer, settings)))
    yield* Effect.gen(function* () {
      const transport = yield* Transport
      const ask = Effect.fnUntraced(function* () {
        const connection = yield* transport.connect({ host: "", port: 8080 }, { timeoutMillis: 1000 })
        connection.write(Buffer.from(request))
        yield* TestClock.adjust(0)
        return Buffer.from(yield* connection.read)
          .toString()
          .split("\r\n", 1)[0]
      })
      yield* Sluice.publish("live/a")
      expect(yield* ask()).toBe("HTTP/1.1 200 OK")
      yield* processor.is(100, 6)
      expect(yield* ask()).toBe("HTTP/1.1 503 Service Unavailable")
      expect((yield* Overload).turnedAwayCount()).toBe(1)
      expect(Exit.isSuccess(yield* Effect.exit(Sluice.publish("live/b")))).toBe(true)
      yield* processor.is(0, 6)
      expect(yield* ask()).toBe("HTTP/1.1 200 OK")
    }).pipe(Effect.provide(server))
  })
)

effect("a busy processor writes less often, also where low latency is wanted, and as before when it is over", () =>
  Effect.gen(function* () {
    const processor = makeProcessor()
    const config = "http_server { enabled on; } vhost __defaultVhost__ { min_latency on; http_remux { enabled on; } }"
    const settings = layerText(config)
    const server = Sluice.layer({ config }).pipe(Layer.provideMerge(Layer.provide(processor.layer, settings)))
    yield* Effect.gen(function* () {
      const transport = yield* Transport
      const viewer = yield* transport.connect({ host: "", port: 8080 }, { timeoutMillis: 1000 })
      viewer.write(Buffer.from(request))
      const publisher = yield* Sluice.publish("live/a")
      let writes = 0
      yield* viewer.readWhile(() => ++writes > 0).pipe(Effect.ignore, Effect.forkScoped)
      let time = 0
      /** How many writes a second of 25 pictures takes. */
      const second = Effect.gen(function* () {
        const before = writes
        for (const end = time + 1000; time < end; time += 40) {
          publisher.send(videoFrame({ codec: FourCc.Avc, keyframe: time === 0, data: Uint8Array.of(1) }, time))
          yield* TestClock.adjust(40)
        }
        return writes - before
      })
      yield* second
      expect(yield* second).toBeGreaterThanOrEqual(25)
      for (const [percent, most] of [
        [92, 3],
        [97, 2]
      ] as const) {
        yield* processor.is(percent, 0)
        yield* second
        yield* second
        expect(yield* second).toBeLessThanOrEqual(most)
      }
      yield* processor.is(10, 0)
      for (let i = 0; i < 4; i++) yield* second
      expect(yield* second).toBeGreaterThanOrEqual(25)
    }).pipe(Effect.provide(server))
  })
)
