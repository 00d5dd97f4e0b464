import { describe, expect, test } from "bun:test"
import { concat } from "../../../src/domain/bytes/bytes.ts"
import { Fmp4Container } from "../../../src/domain/hls/Fmp4Container.ts"
import { type Part, type Segment, Segmenter } from "../../../src/domain/hls/Segmenter.ts"
import { TsContainer } from "../../../src/domain/hls/TsContainer.ts"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { aacHeader, avcHeader, picture, sound, stream } from "./frames.ts"

/** Parts and segments in the order in which they were given. */
const cut = (format: "ts" | "fmp4", frames: ReadonlyArray<MediaFrame>, partMillis = 200, audioOverflowRatio = 2.1) => {
  const segments: Array<Segment & { readonly parts: ReadonlyArray<Part> }> = []
  let parts: Array<Part> = []
  const made = new Segmenter(
    {
      rules: { fragmentMillis: 2000, targetDurationRatio: 1, audioOverflowRatio, waitKeyframe: true },
      container: format === "ts" ? new TsContainer(false) : new Fmp4Container(false),
      published: false,
      partMillis,
      shiftMillis: () => 0,
      onOpen: () => undefined,
      onPart: (part) => parts.push(part),
      onSegment: (segment) => {
        segments.push({ ...segment, parts })
        parts = []
      }
    },
    false
  )
  for (const frame of frames) made.push(frame)
  made.end()
  expect(parts).toEqual([])
  return segments
}

const lengths = (parts: ReadonlyArray<Part>) => parts.map(({ durationMillis }) => durationMillis)

/** Pictures at so many a second, their times rounded to milliseconds. */
const pictures = (rate: number, millis: number, gopMillis = 2000): ReadonlyArray<MediaFrame> => {
  const perGop = Math.round((gopMillis * rate) / 1000)
  const count = Math.round((millis * rate) / 1000)
  return [
    avcHeader(),
    ...Array.from({ length: count }, (_, i) => picture(Math.round((i * 1000) / rate), i % perGop === 0))
  ]
}

describe("the parts of a segment are all of it, and end where as many frames have come as are nearest to hls_part", () => {
  for (const format of ["ts", "fmp4"] as const) {
    test(format, () => {
      for (const { bytes, durationMillis, init, parts } of cut(format, stream({ millis: 8000 }))) {
        expect(concat(parts.map((part) => part.bytes))).toEqual(bytes)
        expect(lengths(parts)).toEqual(Array.from({ length: 10 }, () => 200))
        expect(durationMillis).toBe(2000)
        for (const part of parts) expect(part.init).toBe(init as Uint8Array)
        // A keyframe each second.
        expect(parts.flatMap(({ independent }, i) => (independent ? [i] : []))).toEqual([0, 5])
        expect(parts.flatMap(({ isLast }, i) => (isLast ? [i] : []))).toEqual([9])
      }
    })
  }

  const rates: ReadonlyArray<readonly [rate: number, part: number, target: number]> = [
    [24, 200, 208],
    [30, 200, 200],
    [30_000 / 1001, 200, 200],
    [60, 200, 200],
    [15, 200, 200],
    [50, 330, 340],
    [1, 200, 1000]
  ]
  for (const [rate, part, target] of rates) {
    test(`${rate.toFixed(2)} pictures a second, hls_part ${part}: ${target}`, () => {
      const segments = cut("fmp4", pictures(rate, 30_000), part)
      expect(segments.length).toBeGreaterThan(10)
      for (const { parts } of segments.slice(1)) {
        for (const length of lengths(parts).slice(0, -1)) {
          expect(Math.abs(length - target)).toBeLessThanOrEqual(1)
          // iOS insists.
          expect(length).toBeGreaterThanOrEqual(0.85 * target)
        }
        expect(Math.abs(Math.round(parts[0]!.targetMillis) - target)).toBeLessThanOrEqual(1)
      }
    })
  }

  test("sound alone", () => {
    const [, second] = cut("ts", stream({ millis: 9000, pictures: false }), 200, 1)
    expect(new Set(lengths(second!.parts.slice(0, -1)))).toEqual(new Set([207]))
    expect(second!.parts.every(({ independent }) => independent)).toBe(true)
  })
})

test("sound ends parts where the pictures have paused", () => {
  const paused = [...stream({ millis: 1000 }), ...stream({ from: 1000, millis: 4000, pictures: false }).slice(1)]
  const parts = cut("ts", paused, 200, 10).flatMap(({ parts }) => parts)
  expect(Math.max(...lengths(parts))).toBeLessThan(1100)
})

test("a camera's jitter stays within the nearest frame", () => {
  let seed = 3
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
  let time = 0
  const frames = [avcHeader(), aacHeader()]
  for (let i = 0; i < 900; i++) {
    frames.push(picture(time, i % 60 === 0), sound(time))
    time += 23 + random(20)
  }
  const segments = cut("fmp4", frames)
  for (const { durationMillis, parts } of segments) {
    expect(lengths(parts).reduce((sum, length) => sum + length, 0)).toBe(durationMillis)
    for (const length of lengths(parts).slice(0, -1)) expect(Math.abs(length - 200)).toBeLessThanOrEqual(36)
  }
})

test("what follows no more begins a new segment and a new pace", () => {
  const frames = [...pictures(25, 1000), avcHeader(0x0c), ...pictures(50, 1000).slice(1)]
  const segments = cut("fmp4", frames)
  expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([false, true])
  expect(segments.flatMap(({ parts }) => parts.map(({ discontinuity }) => discontinuity))).toEqual([
    ...Array.from({ length: 5 }, () => false),
    ...Array.from({ length: 5 }, () => true)
  ])
  expect(segments.map(({ frameRate }) => frameRate)).toEqual([25, 50])
})

test("any frames in any order are cut into parts that are all of their segments", () => {
  let seed = 7
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
  for (let run = 0; run < 80; run++) {
    const frames: Array<MediaFrame> = []
    let time = 0
    for (let i = 0; i < 300; i++) {
      time = Math.max(0, time + random(90) - (random(60) === 0 ? 900 : 10))
      const kind = random(20)
      if (kind === 0) frames.push(avcHeader(10 + random(3)))
      else if (kind === 1) frames.push(aacHeader(random(2) === 0 ? "1210" : "1190"))
      else frames.push(kind < 11 ? picture(time, random(9) === 0, 1 + random(400)) : sound(time, random(300)))
    }
    for (const { bytes, durationMillis, parts } of cut(run % 2 === 0 ? "ts" : "fmp4", frames)) {
      expect(concat(parts.map((part) => part.bytes))).toEqual(bytes)
      expect(lengths(parts).reduce((sum, length) => sum + length, 0)).toBe(durationMillis)
      for (const part of parts) expect(part.bytes.length).toBeGreaterThan(0)
    }
  }
})
