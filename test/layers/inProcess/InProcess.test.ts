import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "../../../src/embed.ts"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"

const picture = (time: number, keyframe = false) =>
  videoFrame({ codec: FourCc.Avc, keyframe, data: Uint8Array.of(1) }, time)

/** A publisher with a scope of its own. */
const publish = Effect.fnUntraced(function* (target: Parameters<typeof Sluice.publish>[0]) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const { ended, send } = yield* Scope.provide(Sluice.publish(target), scope)
  return { ended, send, leave: Scope.close(scope, Exit.void) }
})

const watch = Effect.fnUntraced(function* (target: Parameters<typeof Sluice.subscribe>[0]) {
  const times: Array<number> = []
  const run = Stream.runForEach(Sluice.subscribe(target), ({ timestamp }) => Effect.sync(() => times.push(timestamp)))
  const fiber = yield* Effect.forkScoped(run)
  yield* TestClock.adjust(0)
  return { fiber, times }
})

const server = <E>(
  name: string,
  self: Effect.Effect<void, E, Layer.Success<ReturnType<typeof Sluice.layer>> | Needs>,
  config = ""
) => effect(name, () => Effect.provide(Effect.scoped(self), Sluice.layer({ config })))
type Needs = Parameters<typeof effect>[1] extends () => Effect.Effect<unknown, unknown, infer R> ? R : never

server(
  "a reader waits for the publisher, gets each batch at once, and ends when the publisher has left",
  Effect.gen(function* () {
    const { fiber, times } = yield* watch("live/a")
    const publisher = yield* publish("live/a")
    publisher.send(picture(0, true), picture(40))
    yield* TestClock.adjust(0)
    expect(times).toEqual([0, 40])
    publisher.send(picture(80))
    yield* publisher.leave
    yield* Fiber.join(fiber)
    expect(times).toEqual([0, 40, 80])
  })
)

server(
  "a name has one publisher, and is free when that one has left",
  Effect.gen(function* () {
    const first = yield* publish("live/a")
    expect((yield* Effect.flip(publish("live/a?token=1")))._tag).toBe("StreamBusy")
    yield* publish("live/b")
    yield* first.leave
    yield* publish({ vhost: "__defaultVhost__", app: "live", stream: "a" })
  })
)

server(
  "a publisher whose stream was taken over is told, and what it sends is nobody's",
  Effect.gen(function* () {
    const { times } = yield* watch("live/a")
    const first = yield* publish("live/a")
    const second = yield* publish("live/a")
    expect((yield* Effect.flip(first.ended))._tag).toBe("TakenOver")
    first.send(picture(0, true))
    second.send(picture(5000, true))
    yield* TestClock.adjust(0)
    expect(times).toEqual([5000])
  }),
  "vhost __defaultVhost__ { publish { on_conflict takeover; } }"
)

server(
  "an operator ends a publisher and a reader, who are told why",
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const { fiber } = yield* watch("live/a")
    const publisher = yield* publish("live/a")
    for (const id of sessions.all().keys()) yield* sessions.kick(id, "for the test")
    yield* TestClock.adjust(0)
    expect((yield* Effect.flip(publisher.ended)).message).toContain("for the test")
    expect((yield* Effect.flip(Fiber.join(fiber))).message).toContain("for the test")
    expect(sessions.all().size).toBe(0)
  })
)

server(
  "a reader that pulls no more leaves, and one that stops early too",
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const publisher = yield* publish("live/a")
    publisher.send(picture(0, true), picture(40))
    yield* Stream.runDrain(Stream.take(Sluice.subscribe("live/a"), 1))
    const { fiber } = yield* watch("live/a")
    expect(sessions.all().size).toBe(2)
    yield* Fiber.interrupt(fiber)
    expect(sessions.all().size).toBe(1)
  })
)

server(
  "one too many is refused",
  Effect.gen(function* () {
    yield* publish("live/a")
    expect((yield* Effect.flip(publish("live/b")))._tag).toBe("TooManyConnections")
    expect((yield* Effect.flip(Stream.runDrain(Sluice.subscribe("live/a"))))._tag).toBe("TooManyConnections")
  }),
  "max_connections 1;"
)

server(
  "a vhost that is switched off refuses",
  Effect.gen(function* () {
    const error = yield* Effect.flip(publish({ vhost: "off.com", app: "live", stream: "a" }))
    expect(error.message).toContain("no vhost off.com")
  }),
  "vhost off.com { enabled off; }"
)

effect("the end of the server ends publishers and readers", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const services = yield* Scope.provide(Layer.build(Sluice.layer()), scope)
    const sessions = yield* Effect.provide(Sessions, services)
    yield* Effect.provide(publish("live/a"), services)
    const { fiber } = yield* Effect.provide(watch("live/a"), services)
    expect(sessions.all().size).toBe(2)
    yield* Scope.close(scope, Exit.void)
    yield* Fiber.join(fiber)
  })
)
