import { expect, test } from "bun:test"
import { SilentAudio } from "../../../src/domain/codec/silentAac.ts"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { hexOf, readBody, tell } from "../flv/bodies.ts"

const until = (silence: SilentAudio, timestamp: number): ReadonlyArray<MediaFrame> => {
  const frames: Array<MediaFrame> = []
  silence.framesUntil(timestamp, (frame) => frames.push(frame))
  return frames
}

const times = (frames: ReadonlyArray<MediaFrame>) => frames.map((frame) => frame.published)

/** Silence that has begun at 1150. */
const begun = () => {
  const silence = new SilentAudio()
  until(silence, 1000)
  return { silence, first: until(silence, 1150) }
}

test("waits 150 ms of video for the stream's own sound, then sends header and frame", () => {
  const silence = new SilentAudio()
  for (const timestamp of [1000, 1040, 1149]) expect(until(silence, timestamp)).toEqual([])
  const frames = until(silence, 1150)
  expect(frames.map((frame) => [frame.published, frame.header, hexOf(frame.body)])).toEqual([
    [1150, true, "af001190"],
    [1150, false, "af01211004608c1c"]
  ])
})

test("what it sends reads as AAC", () => {
  for (const frame of begun().first) {
    const [read] = readBody("audio", frame.body).frames
    expect(tell(frame)).toEqual(tell(read))
  }
})

test("a frame comes every 21, 21 and 22 ms, without drift", () => {
  const { silence } = begun()
  expect(times(until(silence, 1150 + 128))).toEqual([1171, 1192, 1214, 1235, 1256, 1278])
  const rest: Array<number> = []
  for (let timestamp = 1310; timestamp <= 1150 + 64_000; timestamp += 40) {
    rest.push(...times(until(silence, timestamp)))
  }
  // 7 frames before; 3 in each 64 ms.
  expect(rest.length + 7).toBe(3001)
  expect(rest.at(-1)).toBe(1150 + 64_000)
})

test("sound that comes in time is the stream's own, and nothing is made up", () => {
  const silence = new SilentAudio()
  until(silence, 0)
  expect(silence.acceptsAudio()).toBe(true)
  expect(until(silence, 10_000)).toEqual([])
  expect(silence.acceptsAudio()).toBe(true)
})

test("sound that comes too late is dropped", () => {
  const { silence } = begun()
  expect(silence.acceptsAudio()).toBe(false)
  expect(times(until(silence, 1171))).toEqual([1171])
})

test("a long gap is not filled, in either direction, and the header is not repeated", () => {
  const { silence } = begun()
  expect(times(until(silence, 3_600_000))).toEqual([3_600_000])
  expect(times(until(silence, 0))).toEqual([0])
  expect(times(until(silence, 42))).toEqual([21, 42])
})

test("a small step back is waited for", () => {
  const { silence } = begun()
  expect(until(silence, 1100)).toEqual([])
  expect(times(until(silence, 1171))).toEqual([1171])
})

test("a clock that restarts during the wait starts the wait anew", () => {
  const silence = new SilentAudio()
  until(silence, 4_294_967_290)
  expect(until(silence, 20)).toEqual([])
  expect(until(silence, 169)).toEqual([])
  expect(until(silence, 170).length).toBe(2)
})

test("the wait can be set", () => {
  const silence = new SilentAudio(0)
  expect(until(silence, 5).length).toBe(2)
})
