/** A live server inside this program: publishes and subscribes without a port. Run it: `bun examples/embed.ts` */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Sluice from "sluice"
import { videoFrame } from "sluice/domain/flv/Enhanced"
import { FourCc } from "sluice/domain/codec/CodecId"

export const program = Effect.gen(function* () {
  const camera = yield* Sluice.publish("live/camera")
  const picture = (time: number) =>
    videoFrame({ codec: FourCc.Avc, keyframe: time === 0, data: Uint8Array.of(time) }, time)
  camera.send(picture(0), picture(40), picture(80))
  const seen = Sluice.subscribe("live/camera").pipe(Stream.take(3))
  yield* Stream.runForEach(seen, ({ keyframe, timestamp }) => Console.log(`${timestamp} ms, keyframe: ${keyframe}`))
}).pipe(Effect.scoped, Effect.provide(Sluice.layer()))

if (import.meta.main) await Effect.runPromise(program)
