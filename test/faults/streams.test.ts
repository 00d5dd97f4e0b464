/** Streams and clocks that do not behave: bounded memory, and times that go on. */
import { expect } from "bun:test"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Encoded } from "../../src/domain/media/Format.ts"
import { flvFormat } from "../../src/domain/flv/FlvFormat.ts"
import { Kind, MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../src/domain/media/SlabWriter.ts"
import { rtmpFormat } from "../../src/domain/rtmp/RtmpFormat.ts"
import { maxSourceBytes } from "../../src/layers/source/GopCache.ts"
import { bodyOf } from "../simulation/identity.ts"
import { effect } from "../support/effect.ts"
import { inWorld } from "./harness.ts"
import { plainPlayer } from "../support/rtmpOptions.ts"

const stream = "default.test/live/a"

effect("a stream whose group of pictures never ends stays within its bytes and its frames", () =>
  inWorld(({ publish, registry, run, view }) =>
    Effect.gen(function* () {
      const publisher = yield* publish(stream)
      const viewer = yield* view("rtmp", stream)
      yield* run(1000)
      let sequence = 1_000_000
      for (let i = 0; i < 4000; i++) {
        const frame = { publisher: 1, sequence: sequence++, kind: 9, keyframe: false, header: false } as const
        publisher.write(9, 2000 + i * 40, bodyOf(frame, 40_000))
        if (i % 25 === 0) yield* TestClock.adjust(1000)
      }
      const log = registry.find("/live/a")?.log
      expect(log?.bytes).toBeLessThanOrEqual(maxSourceBytes)
      expect((log?.end ?? 0) - (log?.first ?? 0)).toBeLessThan(2600)
      expect(log?.overflows).toBeGreaterThan(0)
      expect([viewer.ended, viewer.gaps]).toEqual([false, 0])
    })
  )
)

effect("the largest keyframe that RTMP can carry reaches viewers of every protocol whole, in small chunks too", () =>
  inWorld(({ publish, run, view }) =>
    Effect.gen(function* () {
      const small = "small.test/live/a"
      const publishers = [yield* publish(stream), yield* publish(small)]
      const viewers = [
        yield* view("rtmp", stream),
        yield* view("http", stream),
        yield* view("rtmp", small),
        yield* view("http", small)
      ]
      yield* run(1000)
      for (const [index, publisher] of publishers.entries()) {
        const frame = { publisher: index + 1, sequence: 2_000_000, kind: 9, keyframe: true, header: false } as const
        publisher.write(9, 1500, bodyOf(frame, 0xffffff - 17))
      }
      const before = viewers.map(({ frames }) => frames)
      yield* run(2000)
      for (const [index, { ended, frames, gaps }] of viewers.entries()) {
        expect([ended, gaps]).toEqual([false, 0])
        expect(frames).toBeGreaterThan(before[index])
      }
    })
  )
)

effect("a keyframe of 20 MB, which no RTMP message and no FLV tag can hold, is left out and breaks nothing", () => {
  const frame = (length: number, keyframe: boolean, at: number) =>
    new MediaFrame({ kind: Kind.Video, published: at, bytes: new Uint8Array(length), start: 0, end: length, keyframe })
  const rtmp = rtmpFormat({ ...plainPlayer, chunkSize: 60_000 })
  const flv = flvFormat({
    guess: true,
    hasAudio: false,
    hasVideo: true,
    dropUnannounced: false,
    published: false,
    reduceHeaders: false
  })
  return Effect.sync(() => {
    for (const format of [rtmp, flv]) {
      const encoder = format.encoder()
      const out = new SlabWriter()
      const encoded = [frame(100, true, 0), frame(100, false, 40), frame(20_000_000, true, 80), frame(100, false, 120)]
        .map((each) => encoder.encode(each, out))
        .slice(1)
      expect(encoded).toEqual([Encoded.Shared, Encoded.Absent, Encoded.Shared])
      expect(out.end).toBeLessThan(1000)
    }
  })
})

/** The system's clock, as one sets it: what waits for a while waits as long as before. */
const withSystemClock = <A, E, R>(offset: { millis: number }, self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const now = () => clock.currentTimeMillisUnsafe() + offset.millis
    const system = { ...clock, currentTimeMillisUnsafe: now, currentTimeMillis: Effect.sync(now) }
    return yield* Effect.provideService(self, Clock.Clock, system)
  })

effect("a clock that is set back, and forward again, stops neither media nor timeouts", () => {
  const offset = { millis: 3_600_000 }
  return withSystemClock(
    offset,
    inWorld(({ publish, run, view }) =>
      Effect.gen(function* () {
        const publisher = yield* publish(stream)
        const viewers = [yield* view("rtmp", stream), yield* view("http", stream)]
        yield* run(3000)
        for (const change of [-3_500_000, 3_400_000]) {
          offset.millis += change
          publisher.setClock(change)
          const before = viewers.map(({ frames }) => frames)
          yield* run(5000)
          for (const [index, { ended, frames, gaps }] of viewers.entries()) {
            expect([ended, gaps]).toEqual([false, 0])
            expect(frames).toBeGreaterThan(before[index] + 20)
          }
        }
        viewers[0].connection?.stall(true)
        yield* run(1000)
        offset.millis -= 1_000_000
        publisher.setClock(-1_000_000)
        yield* run(33_000)
        expect(viewers.map(({ ended }) => ended)).toEqual([true, false])
      })
    )
  )
})
