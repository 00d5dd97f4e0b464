import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "../../../src/embed.ts"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import * as RtmpClientLayer from "../../../src/layers/rtmp/RtmpClient.ts"
import { RtmpClient } from "../../../src/services/RtmpClient.ts"
import { effect } from "../../support/effect.ts"

const picture = (time: number, keyframe: boolean) =>
  videoFrame({ codec: FourCc.Avc, keyframe, data: Uint8Array.of(1) }, time)

/** AMF0 `onMetaData` with an ECMA array (§2.4, §2.10) of `bravo_atc: "true"`. */
const bravo = () => {
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
  const head = Buffer.concat([Buffer.of(2), text("onMetaData"), Buffer.of(8, 0, 0, 0, 1)])
  const bytes = Buffer.concat([head, text("bravo_atc"), Buffer.of(2), text("true"), Buffer.of(0, 0, 9)])
  return new MediaFrame({ kind: Kind.Data, published: 0, bytes, start: 0, end: bytes.length, header: true })
}

/**
 * A publisher begins at 100000 ms and jumps by a minute at once; the player joins at the second keyframe and sees the
 * jump.
 */
const times = Effect.fnUntraced(function* (play: string) {
  const server = RtmpClientLayer.layer.pipe(
    Layer.provideMerge(Sluice.layer({ config: `vhost __defaultVhost__ { play { ${play} } }` }))
  )
  const seen: Array<number> = []
  const watch = Effect.gen(function* () {
    const publisher = yield* Sluice.publish("live/a")
    publisher.send(bravo(), picture(100_000, true), picture(100_040, false), picture(100_080, true))
    const playing = yield* (yield* RtmpClient).play("rtmp://localhost/live/a")
    yield* Effect.forkScoped(playing.run(({ timestamp, type }) => void (type === Kind.Video && seen.push(timestamp))))
    yield* TestClock.adjust(1000)
    publisher.send(picture(100_120, false), picture(160_000, false), picture(160_040, false))
    yield* TestClock.adjust(1000)
  })
  yield* watch.pipe(Effect.scoped, Effect.provide(server))
  return seen
})

for (const [name, play, expected] of [
  ["full: from where the player joins, repaired", "time_jitter full;", [0, 40, 80, 120]],
  ["zero: from where the player joins, as published", "time_jitter zero;", [0, 40, 59_920, 59_960]],
  ["off: as published", "time_jitter off;", [100_080, 100_120, 160_000, 160_040]],
  ["atc: as published", "atc on;", [100_080, 100_120, 160_000, 160_040]],
  ["atc_auto: as published, if metadata says so", "atc_auto on;", [100_080, 100_120, 160_000, 160_040]]
] as const) {
  effect(`a player's times with ${name}`, () =>
    Effect.gen(function* () {
      expect(yield* times(play)).toEqual([...expected])
    })
  )
}
