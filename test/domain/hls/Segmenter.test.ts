import { describe, expect, test } from "bun:test"
import { type CutRules, endsBefore, FloorCounter } from "../../../src/domain/hls/cutRules.ts"
import { Fmp4Container } from "../../../src/domain/hls/Fmp4Container.ts"
import { type Part, type Segment, Segmenter } from "../../../src/domain/hls/Segmenter.ts"
import { TsContainer } from "../../../src/domain/hls/TsContainer.ts"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { aacHeader, avcHeader, mp3Sound, picture, sound, stream } from "./frames.ts"

const defaults: CutRules = {
  fragmentMillis: 2000,
  targetDurationRatio: 1,
  audioOverflowRatio: 2.1,
  waitKeyframe: true
}

const segmenter = (rules: Partial<CutRules> = {}, format: "ts" | "fmp4" = "ts", partMillis?: number) => {
  const segments: Array<Segment> = []
  const parts: Array<Part> = []
  const made = new Segmenter(
    {
      rules: { ...defaults, ...rules },
      container: format === "ts" ? new TsContainer(false) : new Fmp4Container(false),
      published: false,
      shiftMillis: () => 0,
      partMillis,
      onOpen: () => undefined,
      onPart: (part) => parts.push(part),
      onSegment: (segment) => segments.push(segment)
    },
    true
  )
  return {
    made,
    segments,
    parts,
    push: (frames: ReadonlyArray<MediaFrame>) => frames.forEach((frame) => made.push(frame))
  }
}

const lengths = (segments: ReadonlyArray<Segment>) => segments.map(({ durationMillis }) => durationMillis)

describe("a segment ends", () => {
  const cases: ReadonlyArray<readonly [name: string, rules: Partial<CutRules>, gopMillis: number, lengths: number[]]> =
    [
      ["at the first keyframe after its length", {}, 1000, [2000, 2000, 2000]],
      ["later where keyframes are rare", {}, 3000, [3000, 3000]],
      ["at any picture without hls_wait_keyframe", { waitKeyframe: false }, 10_000, [2000, 2000, 2000, 2000]],
      ["by hls_td_ratio", { targetDurationRatio: 1.5 }, 1000, [3000, 3000]],
      ["at sound where keyframes are rarer than hls_aof_ratio allows", {}, 60_000, [4209]],
      ["not below 200 ms", { fragmentMillis: 10, audioOverflowRatio: 1 }, 40, [200, 200, 200]]
    ]
  for (const [name, rules, gopMillis, expected] of cases) {
    test(name, () => {
      const { push, segments } = segmenter(rules)
      push(stream({ millis: 8100, gopMillis, sounds: gopMillis !== 40 }))
      expect(lengths(segments).slice(0, expected.length)).toEqual(expected)
    })
  }

  test("at sound alone by hls_aof_ratio", () => {
    const { push, segments } = segmenter({ audioOverflowRatio: 1 })
    push(stream({ millis: 8100, pictures: false }))
    expect(lengths(segments)).toEqual([2001, 2001, 2001, 2001])
  })

  test("with the publish, with its last frame", () => {
    const { made, push, segments } = segmenter()
    push(stream({ millis: 3000, sounds: false }))
    made.end()
    expect(lengths(segments)).toEqual([2000, 1000])
  })
})

describe("frames that are not decisive can be pushed late", () => {
  const gap = [...stream({ millis: 3000 }), ...stream({ from: 20_000, millis: 3000 })]
  const back = [...stream({ from: 20_000, millis: 3000 }), ...stream({ millis: 3000 })]
  const cases: ReadonlyArray<readonly [name: string, frames: ReadonlyArray<MediaFrame>, rules: Partial<CutRules>]> = [
    ["keyframes", stream({ millis: 9000 }), {}],
    ["any picture", stream({ millis: 9000, gopMillis: 10_000 }), { waitKeyframe: false }],
    ["sound, where keyframes are rare", stream({ millis: 9000, gopMillis: 60_000 }), {}],
    ["sound alone", stream({ millis: 9000, pictures: false }), { audioOverflowRatio: 1 }],
    [
      "another header",
      [...stream({ millis: 3000 }), avcHeader(0x0c, 3000), ...stream({ from: 3040, millis: 3000 })],
      {}
    ],
    ["a gap", gap, {}],
    ["a step back", back, {}]
  ]
  for (const [name, frames, rules] of cases) {
    test(name, () => {
      const { made, segments } = segmenter(rules)
      const together = segmenter(rules)
      const pending: Array<MediaFrame> = []
      let quiet = 0
      for (const frame of frames) {
        const before = segments.length
        const isDecisive = made.isDecisive(frame)
        made.push(frame)
        if (isDecisive) expect(segments.length - before).toBeLessThanOrEqual(1)
        else expect([segments.length, quiet++]).toEqual([before, quiet - 1])
        pending.push(frame)
        if (together.made.isDecisive(frame)) together.push(pending.splice(0))
        expect(lengths(together.segments)).toEqual(lengths(segments))
      }
      expect(segments.length).toBeGreaterThan(0)
      const facts = (all: ReadonlyArray<Segment>) => all.map(({ bytes, discontinuity }) => [discontinuity, bytes])
      expect(facts(together.segments)).toEqual(facts(segments))
      // Else nothing is gained.
      expect(quiet).toBeGreaterThan(frames.length / 2)
    })
  }
})

describe("what comes does not follow", () => {
  test("at the beginning, and after the end of a publish", () => {
    const { made, push, segments } = segmenter()
    push(stream({ millis: 4000, sounds: false }))
    made.end()
    push(stream({ from: 4000, millis: 4000, sounds: false }))
    made.end()
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([true, false, true, false])
  })

  test("where a header changes, and not where it is merely repeated", () => {
    const { made, push, segments } = segmenter()
    push([avcHeader(), aacHeader(), picture(0, true), sound(0), avcHeader(), picture(1000, true), picture(2000, true)])
    push([picture(2960), avcHeader(0x0c), picture(3000, true), sound(3000), picture(3500)])
    made.end()
    expect(segments.map(({ discontinuity, durationMillis }) => [discontinuity, durationMillis])).toEqual([
      [true, 2000],
      [false, 1920],
      [true, 1000]
    ])
  })

  test("after a pause that is no part of any segment", () => {
    const { push, segments } = segmenter()
    push(stream({ millis: 2400, sounds: false }))
    push(stream({ from: 62_000, millis: 2100, sounds: false }).slice(1))
    expect(segments.map(({ discontinuity, durationMillis }) => [discontinuity, durationMillis])).toEqual([
      [true, 2000],
      [false, 400],
      [true, 2000]
    ])
  })

  test("in fragmented MP4 where the init segment is another", () => {
    const { made, push, segments } = segmenter({}, "fmp4")
    push([avcHeader(), picture(0, true), picture(1000)])
    push([avcHeader(0x0c), picture(1040, true), picture(2000)])
    made.end()
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([true, true])
    expect(segments[0]!.init).not.toEqual(segments[1]!.init)
  })
})

describe("in fragmented MP4 a track that comes later than the other", () => {
  const late = (first: ReadonlyArray<MediaFrame>, sounds: (time: number) => MediaFrame) => {
    const frames = [avcHeader()]
    for (let time = 0; time < 4000; time += 20) {
      frames.push(time % 40 === 0 ? picture(time, time % 1000 === 0) : sounds(time))
      if (time === 80) frames.push(...first)
    }
    return frames
  }

  test("is in the first segment, header or not, and the pictures are whole", () => {
    for (const frames of [late([], mp3Sound), late([aacHeader()], sound)]) {
      const { made, push, segments } = segmenter({}, "fmp4")
      push(frames)
      made.end()
      expect(lengths(segments)).toEqual([2000, 2000])
      expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([true, false])
      expect(segments[0]!.init).toBe(segments[1]!.init as Uint8Array)
      expect(segments[0]!.tracks).toHaveLength(2)
    }
  })

  test("is in the next one, behind a discontinuity, where a part without it was given", () => {
    const pictures = Array.from({ length: 10 }, (_, i) => picture(i * 40, i === 0))
    const { made, parts, push, segments } = segmenter({}, "fmp4", 200)
    push([avcHeader(), ...pictures, mp3Sound(400), ...late([], mp3Sound).slice(11)])
    made.end()
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([true, true])
    // The pictures go on all the time.
    expect(parts.map(({ durationMillis }) => durationMillis).every((length) => length === 200)).toBe(true)
  })
})

test("pictures from before the first keyframe are in no segment, sound is", () => {
  const { made, push, segments } = segmenter()
  push([avcHeader(), aacHeader(), picture(0), sound(0), picture(40), sound(300), picture(400, true), sound(700)])
  made.end()
  expect(segments).toHaveLength(1)
  expect(segments[0]!.independent).toBe(true)
})

test("a rest shorter than 100 ms is dropped, and what comes next does not follow", () => {
  const { made, push, segments } = segmenter()
  push([avcHeader(), picture(0, true)])
  made.end()
  expect(segments).toEqual([])
  push([picture(5000, true), picture(5500)])
  made.end()
  expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([true])
})

test("27 hours across the wrap of the clock of MPEG-TS: each segment begins with its tables and has its length", () => {
  const { push, segments } = segmenter({ fragmentMillis: 60_000 })
  push([avcHeader(), aacHeader()])
  for (let second = 0; second < 27 * 3600; second += 4)
    push([picture(second * 1000, true, 20), sound(second * 1000, 20)])
  expect(new Set(lengths(segments))).toEqual(new Set([60_000]))
  expect(segments).toHaveLength(27 * 60 - 1)
  for (const { bytes } of segments)
    expect([bytes[0], bytes.length % 188, bytes[1]! & 0x1f, bytes[2]]).toEqual([0x47, 0, 0, 0])
})

test("any frames in any order neither throw nor make a segment of no length", () => {
  let seed = 7
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
  for (const format of ["ts", "fmp4"] as const) {
    for (let run = 0; run < 40; run++) {
      const { made, segments } = segmenter({ fragmentMillis: 500, waitKeyframe: run % 2 === 0 }, format)
      let time = 0
      for (let i = 0; i < 200; i++) {
        time = Math.max(0, time + random(120) - (random(40) === 0 ? 9000 : 10))
        const kind = random(20)
        if (kind === 0) made.push(avcHeader(10 + random(3)))
        else if (kind === 1) made.push(aacHeader(random(2) === 0 ? "1210" : "1190"))
        else if (kind === 2) made.end()
        else made.push(kind < 11 ? picture(time, random(9) === 0, 1 + random(400)) : sound(time, random(300)))
      }
      made.end()
      for (const { bytes, durationMillis } of segments) {
        expect(bytes.length).toBeGreaterThan(0)
        expect(durationMillis).toBeGreaterThanOrEqual(100)
      }
    }
  }
})

test("the counter of hls_ts_floor rises by 1, and its deviation changes the length of the segments", () => {
  const counter = new FloorCounter()
  expect(counter.next(100_000, 2000)).toBe(49)
  expect(counter.shiftMillis(2000)).toBe(-600)
  expect(counter.next(101_000, 2000)).toBe(50)
  expect(counter.shiftMillis(2000)).toBe(0)
  // Far off, the clock counts again.
  expect(counter.next(200_000, 2000)).toBe(99)
  const keyframe = { isPicture: true, keyframe: true }
  expect(endsBefore(defaults, 1500, keyframe, -600)).toBe(true)
  expect(endsBefore(defaults, 2000, keyframe, 100)).toBe(false)
})
