import { expect } from "bun:test"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "sluice"
import { Sessions } from "sluice/services/Sessions"
import { Transport } from "sluice/services/Transport"
import { program } from "../examples/embed.ts"
import * as Protocol from "../examples/protocol.ts"
import { effect } from "./support/effect.ts"

effect("examples/embed.ts publishes and subscribes without a port", () =>
  Effect.gen(function* () {
    const printed: Array<unknown> = []
    const console = { ...globalThis.console, log: (...args: ReadonlyArray<unknown>) => printed.push(...args) }
    yield* Effect.provideService(program, Console.Console, console)
    expect(printed).toEqual(["0 ms, keyframe: true", "40 ms, keyframe: false", "80 ms, keyframe: false"])
  })
)

effect("examples/protocol.ts adds an input protocol as one Layer", () =>
  Effect.gen(function* () {
    const { connect } = yield* Transport
    const sessions = yield* Sessions
    const frames = yield* Sluice.subscribe("live/camera").pipe(Stream.runCollect, Effect.forkChild)
    yield* TestClock.adjust(0)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const client = yield* connect({ host: "", port: 5000 }, { timeoutMillis: 1000 })
        for (const part of ["live/cam", "era\n0 0102\n40 03", "04\n"]) client.write(Buffer.from(part))
        yield* TestClock.adjust(0)
        expect([...sessions.all().values()].map(({ protocol, type }) => `${protocol} ${type}`).sort()).toEqual([
          "line line-publish",
          "process process-play"
        ])
      })
    )
    const seen = yield* Fiber.join(frames)
    expect(seen.map(({ data, timestamp }) => `${timestamp} ${Buffer.from(data).toString("hex")}`)).toEqual([
      "0 0102",
      "40 0304"
    ])
  }).pipe(Effect.provide(Protocol.layer.pipe(Layer.provideMerge(Sluice.layer()))), Effect.scoped)
)
