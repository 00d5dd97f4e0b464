import { expect, test } from "bun:test"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { maxBackwardMillis, maxForwardMillis, Timeline } from "../../../src/domain/media/Timeline.ts"
import { randomOf } from "../config/random.ts"

const none = new Uint8Array(0)
const kinds = { a: Kind.Audio, v: Kind.Video, d: Kind.Data }

/** `v100` is a picture stamped 100 ms, `v100@5100` one that arrives at 5100; without it, at its time of the wire. */
const repair = (timeline: Timeline, text: string): ReadonlyArray<number> =>
  text.split(" ").map((word) => {
    const [, kind, wire, , arrival] = /^([avd])(\d+)(@(\d+))?$/.exec(word) as unknown as [
      string,
      "a",
      string,
      string,
      string?
    ]
    const frame = new MediaFrame({ kind: kinds[kind], published: Number(wire), bytes: none, start: 0, end: 0 })
    timeline.repair(frame, Number(arrival ?? wire))
    return frame.timestamp
  })

test.each([
  ["one picture a second stays one picture a second", "v0 v1000 v2000 v3000", [0, 1000, 2000, 3000]],
  ["a true pause of a minute stays", "v0 v40 v60040 v60080", [0, 40, 60_040, 60_080]],
  ["faster than real time stays", "v0@0 v4000@1 v8000@2 v12000@3", [0, 4000, 8000, 12_000]],
  ["a small step back is held", "v1000 v1040 v900 v1060", [1000, 1040, 1040, 1060]],
  ["a step back of more than 250 ms follows by a frame", "v1000 v1040 v700@1080 v740@1120", [1000, 1040, 1080, 1120]],
  ["a leap of more than 5 s beyond the clock follows by a frame", "v0@0 v40@40 v9000@80 v9040@120", [0, 40, 80, 120]],
  ["a leap of 5 s stays", "v0@0 v40@40 v5040@40", [0, 40, 5040]],
  ["sound and pictures leap together", "a0 v0 a23@23 v40@40 a90023@46 v90040@80 a90046@69", [0, 0, 23, 40, 46, 63, 69]],
  [
    "sound and pictures step back together",
    "a50000 v50000 a50023 v50040 a0@50046 v17@50063",
    [50_000, 50_000, 50_023, 50_040, 50_046, 50_063]
  ],
  [
    "the wrap of 32 bits is unfolded",
    "v4294967280 a4294967290@4294967280 v24@4294967320 a30@4294967330",
    [4_294_967_280, 4_294_967_290, 4_294_967_320, 4_294_967_326]
  ],
  [
    "sound that begins half a second before its pictures stays with them",
    "v1000 a500@1001 v1040 a523",
    [1000, 500, 1040, 523]
  ],
  ["metadata in between takes the time of the stream", "d0 v5000 v5040 d0@5041 v5080", [0, 5000, 5040, 5040, 5080]],
  ["metadata at 0 before a stream that begins late", "d0@0 v90000@1 a90003@1 v90040@40", [0, 90_000, 90_003, 90_040]]
])("%s", (_, text, expected) => {
  expect(repair(new Timeline(), text)).toEqual(expected)
})

test("another publisher's times follow those of the last one, sound and pictures together", () => {
  const timeline = new Timeline()
  repair(timeline, "v7000 a7010 v7040")
  timeline.restart()
  expect(repair(timeline, "v0@9000 a10@9010 v40@9040 a33@9050")).toEqual([7080, 7090, 7120, 7113])
})

test("another publisher that is only a little behind follows too", () => {
  const timeline = new Timeline()
  repair(timeline, "v0 v40 v80")
  timeline.restart()
  expect(repair(timeline, "d0@90 v0@90 a7@97 v40@130")).toEqual([120, 120, 127, 160])
})

test("another publisher with the same clock leaves the gap as it was", () => {
  const timeline = new Timeline()
  repair(timeline, "v7000 v7040")
  timeline.restart()
  expect(repair(timeline, "v9000 v9040")).toEqual([9000, 9040])
})

test("tracks never go back, steps within bounds stay true, whatever a publisher sends", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = randomOf(seed)
    const timeline = new Timeline()
    const last = new Map<number, MediaFrame>()
    let time = [0, 2 ** 31 - 500, 2 ** 32 - 500][random(3)]
    let now = 0
    for (let i = 0; i < 200; i++) {
      const step = random(30) === 0 ? random(40_000) - 20_000 : random(60)
      const elapsed = random(10) === 0 ? random(3000) : Math.abs(step)
      time += step
      now += elapsed
      const kind = random(3) === 0 ? Kind.Audio : Kind.Video
      const frame = new MediaFrame({ kind, published: time >>> 0, bytes: none, start: 0, end: 0 })
      const sent = frame.published
      timeline.repair(frame, now)
      const before = last.get(kind)
      expect([seed, frame.published >>> 0]).toEqual([seed, sent])
      if (before !== undefined) {
        const moved = frame.timestamp - before.timestamp
        expect([seed, i, moved >= 0]).toEqual([seed, i, true])
        expect([seed, i, moved <= now + maxForwardMillis + maxBackwardMillis]).toEqual([seed, i, true])
      }
      if (random(100) === 0) timeline.restart()
      last.set(kind, frame)
    }
  }
})

test("sound and pictures stay together over jumps of any size, also where only one of them looks like a jump", () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const random = randomOf(seed)
    const timeline = new Timeline()
    const wire = { [Kind.Audio]: 0, [Kind.Video]: random(100) }
    let now = 0
    let jump = 0
    const send = (kind: typeof Kind.Audio | typeof Kind.Video) => {
      const published = (wire[kind] + jump + 1_000_000) >>> 0
      const frame = new MediaFrame({ kind, published, bytes: none, start: 0, end: 0 })
      timeline.repair(frame, now)
      wire[kind] += kind === Kind.Audio ? 23 : 40
      now = Math.max(now, wire[kind])
      return frame.timestamp - frame.published
    }
    /** In the order of their times, more or less. */
    const play = (frames: number) => {
      const offsets = new Map<number, number>()
      for (let i = 0; i < frames; i++) {
        const late = random(4) === 0 ? 40 : 0
        const kind = wire[Kind.Audio] < wire[Kind.Video] + late ? Kind.Audio : Kind.Video
        offsets.set(kind, send(kind))
      }
      return [...offsets.values()]
    }
    for (let jumps = 0; jumps < 5; jumps++) {
      jump += [random(600) - 300, 4800 + random(400), random(100_000), -random(100_000)][random(4)]
      play(100)
      const [one, other] = play(20)
      expect([seed, jumps, one]).toEqual([seed, jumps, other])
    }
  }
})

test("sound and pictures stay together over a jump, though the second track follows only a while after the first", () => {
  const timeline = new Timeline()
  const send = (kind: typeof Kind.Audio | typeof Kind.Video, published: number, now: number) => {
    const frame = new MediaFrame({ kind, published, bytes: none, start: 0, end: 0 })
    timeline.repair(frame, now)
    return frame.timestamp
  }
  for (let at = 0; at <= 400; at += 40) for (const kind of [Kind.Video, Kind.Audio] as const) send(kind, at, at)
  const sound = send(Kind.Audio, 3_600_440, 440)
  expect(send(Kind.Video, 3_615_440, 15_440)).toBe(sound + 15_000)
})
