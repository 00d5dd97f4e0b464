import { describe, expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { SourceRefused } from "../../../src/services/SourceRegistry.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { harness } from "./harness.ts"

const key = "/live/a"
const vhost = (text: string) => `vhost __defaultVhost__ { publish { ${text} } }`

describe("a name with a publisher", () => {
  effect("refuses another until the first has left", () =>
    Effect.gen(function* () {
      const { publish, registry } = yield* harness()
      const first = yield* publish("a")
      expect(registry.find(key)?.publisher()?.sessionId).toBe("p1")
      const error = yield* Effect.flip(publish("a"))
      expect(error._tag).toBe("StreamBusy")
      expect(first.takenOver).toEqual([])
      yield* first.leave
      yield* publish("a")
      expect(registry.find(key)?.publisher()?.sessionId).toBe("p3")
    })
  )

  effect("goes to the next publisher with takeover, and the first is told", () =>
    Effect.gen(function* () {
      const { publish, registry, view } = yield* harness(vhost("on_conflict takeover;"))
      const first = yield* publish("a", "?k=1")
      const { sink } = yield* view("a")
      first.send("vKP")
      yield* TestClock.adjust(400)
      const second = yield* publish("a", "?k=2")
      expect(first.takenOver.map(({ by }) => by)).toEqual(["p2"])
      // What the first still sends is nobody's.
      first.send("X")
      second.send("wKQ")
      yield* first.leave
      expect(registry.find(key)?.publisher()?.sessionId).toBe("p2")
      second.send("R")
      yield* TestClock.adjust(400)
      expect(sink.received).toBe("[v]KPwKQR")
    })
  )

  effect("with takeover_same_token goes to who has the same parameters only", () =>
    Effect.gen(function* () {
      const { publish } = yield* harness(vhost("on_conflict takeover_same_token;"))
      const first = yield* publish("a", "?k=1")
      expect((yield* Effect.flip(publish("a", "?k=2")))._tag).toBe("StreamBusy")
      expect(first.takenOver).toEqual([])
      yield* publish("a", "?k=1")
      expect(first.takenOver.length).toBe(1)
    })
  )
})

describe("a publisher that leaves", () => {
  effect("ends the publish at once without grace", () =>
    Effect.gen(function* () {
      const { publish, registry, view } = yield* harness()
      const events: Array<string> = []
      const first = yield* publish("a")
      yield* first.publication.source.observe({
        unpublished: () => events.push("unpublished"),
        discontinuity: () => events.push("discontinuity")
      })
      first.send("vKP")
      yield* first.leave
      expect(events).toEqual(["unpublished"])
      expect(registry.find(key)?.publisher()).toBeUndefined()
      const { sink } = yield* view("a")
      yield* TestClock.adjust(1000)
      expect(sink.received).toBe("")
    })
  )

  effect("may come back within the grace period: viewers stay, times follow, new headers, no end", () =>
    Effect.gen(function* () {
      const { publish, registry, view } = yield* harness(vhost("grace 10;"))
      const events: Array<string> = []
      const attached: Array<string> = []
      yield* registry.onSource(
        "test",
        (source) => {
          attached.push("attached")
          return Effect.andThen(
            source.observe({
              unpublished: () => events.push("unpublished"),
              discontinuity: () => events.push("discontinuity"),
              published: () => events.push("published")
            }),
            Effect.addFinalizer(() => Effect.sync(() => attached.push("released")))
          )
        },
        "required"
      )
      const first = yield* publish("a")
      const ends: Array<string> = []
      const { sink } = yield* view("a", { endWithPublisher: true, owner: { fail: ({ _tag }) => ends.push(_tag) } })
      first.send("vKPP")
      yield* TestClock.adjust(400)
      yield* first.leave
      yield* TestClock.adjust(9000)
      const second = yield* publish("a")
      second.send("wKQ")
      yield* TestClock.adjust(20_000)
      expect(sink.received).toBe("[v]KPPwKQ")
      expect(ends).toEqual([])
      expect(events).toEqual(["published", "discontinuity"])
      expect(attached).toEqual(["attached"])
      const { log } = second.publication.source
      expect(log.newestEntry?.timestamp).toBe(120)
      yield* second.leave
      yield* TestClock.adjust(10_000)
      expect(events).toEqual(["published", "discontinuity", "unpublished"])
      expect(attached).toEqual(["attached", "released"])
      expect(ends).toEqual(["StreamEnded"])
    })
  )
})

describe("a subsystem that cannot follow the stream", () => {
  const failing = () => Effect.fail({ message: "disk full" })

  effect("refuses the publisher if it is required, and the name is free again, also with grace", () =>
    Effect.gen(function* () {
      const { publish, registry } = yield* harness(vhost("grace 10;"))
      let released = 0
      let failures = 0
      const ok = () => Effect.addFinalizer(() => Effect.sync(() => released++))
      yield* registry.onSource("first", ok, "required")
      yield* registry.onSource(
        "disk",
        () => Effect.suspend(() => (failures++ < 2 ? failing() : Effect.void)),
        "required"
      )
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = yield* Effect.flip(publish("a").pipe(Effect.scoped))
        expect(error).toEqual(new SourceRefused({ stream: key, subsystem: "disk", reason: "disk full" }))
        expect(registry.find(key)?.publisher()).toBeUndefined()
      }
      expect(released).toBe(2)
      yield* publish("a")
      expect(failures).toBe(3)
    })
  )

  effect("is off for the stream if it is optional, whatever goes wrong", () =>
    Effect.gen(function* () {
      const { publish, registry } = yield* harness()
      const order: Array<string> = []
      yield* registry.onSource("one", failing, "optional")
      yield* registry.onSource("two", () => Effect.die("a bug"), "optional")
      yield* registry.onSource("three", () => Effect.sync(() => void order.push("three")), "optional")
      yield* publish("a")
      expect(order).toEqual(["three"])
    })
  )

  effect("is not asked any more when it has been taken away", () =>
    Effect.gen(function* () {
      const { publish, registry } = yield* harness()
      yield* Effect.scoped(registry.onSource("gone", failing, "required"))
      yield* publish("a")
    })
  )
})

effect("an interrupted publish releases the name, and what had been attached", () =>
  Effect.gen(function* () {
    const { publish, registry } = yield* harness(vhost("grace 10;"))
    let released = 0
    yield* registry.onSource("one", () => Effect.addFinalizer(() => Effect.sync(() => released++)), "required")
    const waiting = yield* Effect.acquireRelease(
      registry.onSource("two", () => Effect.never, "required"),
      () => Effect.void
    )
    expect(waiting).toBeUndefined()
    const fiber = yield* Effect.forkChild(Effect.scoped(publish("a")))
    yield* TestClock.adjust(0)
    expect(registry.find(key)?.publisher()?.sessionId).toBe("p1")
    yield* Fiber.interrupt(fiber)
    expect(registry.find(key)?.publisher()).toBeUndefined()
    expect(released).toBe(1)
  })
)

effect("one that takes over while the first is still being attached waits for that, and then goes on", () =>
  Effect.gen(function* () {
    const { publish, registry } = yield* harness(vhost("on_conflict takeover;"))
    const gate = Deferred.makeUnsafe<void>()
    const order: Array<string> = []
    yield* registry.onSource(
      "slow",
      (source) =>
        Effect.andThen(
          source.observe({
            published: () => order.push("published"),
            discontinuity: () => order.push("discontinuity")
          }),
          Effect.tap(Deferred.await(gate), () => Effect.sync(() => order.push("attached")))
        ),
      "required"
    )
    const first = yield* Effect.forkChild(publish("a"))
    yield* TestClock.adjust(0)
    const second = yield* Effect.forkChild(publish("a"))
    yield* TestClock.adjust(0)
    expect(order).toEqual([])
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(first)
    yield* Fiber.join(second)
    expect(order).toEqual(["attached", "published", "discontinuity"])
    expect(registry.find(key)?.publisher()?.sessionId).toBe("p2")
  })
)

effect("a group of pictures that is too large to be kept is logged, once for each", () => {
  const recorder = makeRecorder()
  return Effect.gen(function* () {
    const { publish, view } = yield* harness("vhost __defaultVhost__ { play { gop_cache_max_frames 100; } }")
    const publisher = yield* publish("a")
    const told = () => recorder.lines.filter(({ level }) => level === "Warn")
    publisher.send(`K${"P".repeat(99)}`)
    yield* TestClock.adjust(6000)
    expect(told()).toEqual([])
    publisher.send("P".repeat(200))
    yield* TestClock.adjust(6000)
    expect(told()).toMatchObject([{ annotations: { "stream.name": key, "gop.overflows": 1 } }])
    expect((yield* view("a")).sink.received).toBe("")
    publisher.send(`K${"P".repeat(200)}`)
    yield* TestClock.adjust(6000)
    expect(told().length).toBe(2)
  }).pipe(recorder.provide)
})

effect("a source that nobody publishes or plays is forgotten after 3 to 6 s", () =>
  Effect.gen(function* () {
    const { publish, registry, view } = yield* harness()
    const publisher = yield* publish("a")
    const player = yield* view("b")
    yield* TestClock.adjust(60_000)
    expect([...registry.all()].map((source) => source.key).sort()).toEqual(["/live/a", "/live/b"])
    yield* publisher.leave
    yield* player.leave
    yield* TestClock.adjust(2900)
    expect([...registry.all()].length).toBe(2)
    yield* TestClock.adjust(3200)
    expect([...registry.all()]).toEqual([])
  })
)

effect("the source of a refused publisher is forgotten too", () =>
  Effect.gen(function* () {
    const { publish, registry } = yield* harness()
    yield* registry.onSource("disk", () => Effect.fail({ message: "full" }), "required")
    expect(Exit.isFailure(yield* Effect.exit(publish("a").pipe(Effect.scoped)))).toBe(true)
    yield* TestClock.adjust(6100)
    expect([...registry.all()]).toEqual([])
  })
)
