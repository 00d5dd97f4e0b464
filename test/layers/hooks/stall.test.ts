/** The whole server beside a callback server that hangs. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import * as Sluice from "../../../src/embed.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { accept, callbackServer } from "../../support/callbackServer.ts"
import { effect } from "../../support/effect.ts"

const config = `vhost __defaultVhost__ { http_hooks {
  enabled on; on_publish http://h:8085/; on_unpublish http://h:8085/; on_play http://h:8085/; on_stop http://h:8085/;
} }`

const picture = (time: number) => videoFrame({ codec: FourCc.Avc, keyframe: true, data: Uint8Array.of(time) }, time)

effect("a publisher about whom nobody answers waits alone, and is refused after 30 s; others do not notice", () =>
  Effect.gen(function* () {
    yield* callbackServer(8085, ({ body }) => (body["stream"] === "slow" ? undefined : accept))
    const slow = yield* Effect.forkChild(Effect.flip(Effect.scoped(Sluice.publish("live/slow"))))
    yield* TestClock.adjust(0)
    const seen = yield* Effect.forkChild(Sluice.subscribe("live/b").pipe(Stream.take(2), Stream.runCollect))
    const camera = yield* Effect.forkScoped(Sluice.publish("live/b"))
    yield* TestClock.adjust(0)
    const { send } = yield* Fiber.join(camera)
    send(picture(0), picture(40))
    yield* TestClock.adjust(0)
    expect((yield* Fiber.join(seen)).map(({ timestamp }) => timestamp)).toEqual([0, 40])
    expect((yield* SourceRegistry).find("/live/slow")?.publisher()).toBeUndefined()
    expect(slow.pollUnsafe()).toBeUndefined()
    yield* TestClock.adjust(30_000)
    expect(yield* Fiber.join(slow)).toMatchObject({ _tag: "Refused", code: 3064 })
  }).pipe(Effect.provide(Sluice.layer({ config })), Effect.scoped)
)
