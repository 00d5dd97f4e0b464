import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import type { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { effect } from "../../support/effect.ts"
import { harness } from "./harness.ts"

const vhost = (publish: string, play = "") => `vhost __defaultVhost__ { publish { ${publish} } play { ${play} } }`

const picture = (published: number, keyframe = false) =>
  new MediaFrame({ kind: Kind.Video, published, bytes: Buffer.from("P"), start: 0, end: 1, keyframe })
const sound = (published: number) =>
  new MediaFrame({ kind: Kind.Audio, published, bytes: Buffer.from("S"), start: 0, end: 1 })

const framesOf = (log: SourceLog): ReadonlyArray<MediaFrame> =>
  Array.from({ length: log.end - log.first }, (_, i) => log.at(log.first + i))

const timesOf = (log: SourceLog, wanted: Kind) =>
  framesOf(log)
    .filter(({ header, kind }) => kind === wanted && !header)
    .map(({ timestamp }) => timestamp)

describe("silent_audio", () => {
  const begins = [
    ["at 0", 0],
    ["over the edge of 2^32 ms", 2 ** 32 - 600]
  ] as const
  for (const [name, begin] of begins) {
    effect(`stays with the pictures when their clock jumps, in a stream that begins ${name}`, () =>
      Effect.gen(function* () {
        const { publish } = yield* harness(vhost("silent_audio on;"))
        const { publication } = yield* publish("a")
        const append = (from: number, count: number, keyframe = false) => {
          for (let i = 0; i < count; i++) publication.append(picture((from + i * 40) % 2 ** 32, keyframe && i === 0))
        }
        append(begin, 50, true)
        append(begin + 3_600_000, 50)
        append(begin + 90, 50)
        const { log } = publication.source
        const [pictures, sounds] = [timesOf(log, Kind.Video), timesOf(log, Kind.Audio)]
        expect(pictures.length).toBe(150)
        expect(pictures.at(-1)! - pictures[0]!).toBeLessThan(150 * 40 + 200)
        expect(sounds.every((time, i) => i === 0 || time - sounds[i - 1]! <= 62)).toBe(true)
        // All but the first 150 ms of 6 s have sound, at 1024 samples of 48 kHz a frame; each jump costs less than a picture.
        expect(Math.abs(sounds.length - (150 * 40 - 150) / (64 / 3))).toBeLessThan(12)
        expect(Math.abs(sounds.at(-1)! - pictures.at(-1)!)).toBeLessThan(60)
      })
    )
  }

  effect("begins anew with each publisher, header first", () =>
    Effect.gen(function* () {
      const { publish } = yield* harness(vhost("silent_audio on; grace 10;"))
      const first = yield* publish("a")
      for (let i = 0; i < 6; i++) first.publication.append(picture(i * 40, i === 0))
      yield* first.leave
      const second = yield* publish("a")
      const { log } = second.publication.source
      expect(log.headers).toEqual([])
      for (let i = 0; i < 6; i++) second.publication.append(picture(i * 40, i === 0))
      expect(log.headers.map(({ kind }) => kind)).toEqual([Kind.Audio])
      expect(timesOf(log, Kind.Audio).every((time, i, times) => i === 0 || time >= times[i - 1]!)).toBe(true)
    })
  )
})

describe("mix_correct", () => {
  effect("alternates sound and pictures, and viewers get what still waited when the publisher leaves", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(vhost("", "mix_correct on;"))
      const { sink } = yield* view("a")
      const { leave, publication } = yield* publish("a")
      for (const frame of [picture(0, true), picture(40), picture(80), sound(0), sound(23), sound(46)]) {
        publication.append(frame)
      }
      publication.flush()
      yield* TestClock.adjust(400)
      expect(sink.received).toBe("[]SPSPS")
      yield* leave
      yield* TestClock.adjust(400)
      expect(sink.received).toBe("[]SPSPSP")
    })
  )
})

describe("atc_auto", () => {
  /** AMF0 `onMetaData` with an ECMA array (§2.4, §2.10) of `bravo_atc: "true"`. */
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
  const bytes = Buffer.concat([
    Buffer.concat([Buffer.of(2), text("onMetaData"), Buffer.of(8, 0, 0, 0, 1)]),
    Buffer.concat([text("bravo_atc"), Buffer.of(2), text("true"), Buffer.of(0, 0, 9)])
  ])
  const metadata = () =>
    new MediaFrame({ kind: Kind.Data, published: 0, bytes, start: 0, end: bytes.length, header: true })

  effect("makes the times of a source absolute from its metadata on", () =>
    Effect.gen(function* () {
      const { publish } = yield* harness(vhost("", "atc_auto on;"))
      const { publication } = yield* publish("a")
      expect(publication.source.absoluteTimes()).toBe(false)
      publication.append(metadata())
      expect(publication.source.absoluteTimes()).toBe(true)
    })
  )

  effect("is off by default", () =>
    Effect.gen(function* () {
      const { publish } = yield* harness()
      const { publication } = yield* publish("a")
      publication.append(metadata())
      expect(publication.source.absoluteTimes()).toBe(false)
    })
  )
})
