import { expect, test } from "bun:test"
import type { StartPolicy } from "../../../src/domain/media/Cursor.ts"
import { FrameCursor } from "../../../src/domain/media/FrameCursor.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { randomOf } from "../config/random.ts"

const atKeyframe: StartPolicy = (log) => (log.hasVideo ? log.newestEntry : log.liveEntry)
const afterKeyframe: StartPolicy = (log) => (log.hasVideo ? undefined : log.liveEntry)

/** A log fed with letters, 40 ms apart: `K`, `P` pictures, `A` sound, small letters headers: `m` metadata, `a`, `v`. */
class Feed {
  readonly log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 1000, maxBytes: 1_000_000 })
  time = 0

  add(letters: string): this {
    for (const letter of letters) {
      const lower = letter.toLowerCase()
      const kind = lower === "m" ? Kind.Data : lower === "a" ? Kind.Audio : Kind.Video
      const header = letter === lower
      const bytes = Buffer.from(letter)
      const keyframe = letter === "K"
      this.log.append(
        new MediaFrame({ kind, published: this.time, bytes, start: 0, end: 1, keyframe, header }),
        this.time
      )
      if (!header) this.time += 40
    }
    return this
  }

  read(start = atKeyframe) {
    const cursor = new FrameCursor(this.log, start)
    this.log.addReader(cursor)
    const take = () =>
      cursor
        .take()
        .map(({ body }) => Buffer.from(body).toString())
        .join("")
    return { cursor, take }
  }
}

test("a reader of a running stream enters at the newest keyframe, after the headers in force there", () => {
  const feed = new Feed().add("mavKAPvKA")
  const { take } = feed.read()
  expect(take()).toBe("mavKA")
  expect(take()).toBe("")
  feed.add("PvKP")
  expect(take()).toBe("PvKP")
})

test("with gop_cache off it waits for the next keyframe", () => {
  const feed = new Feed().add("avKP")
  const { take } = feed.read(afterKeyframe)
  expect(take()).toBe("")
  feed.add("PA")
  expect(take()).toBe("")
  feed.add("KP")
  expect(take()).toBe("avKP")
})

test("without pictures it begins at once", () => {
  const feed = new Feed().add("aAA")
  const { take } = feed.read()
  expect(take()).toBe("a")
  feed.add("A")
  expect(take()).toBe("A")
})

test("one that came first gets the whole stream, headers once", () => {
  const feed = new Feed()
  const { take } = feed.read()
  expect(take()).toBe("")
  feed.add("mav")
  expect(take()).toBe("")
  feed.add("PAKP")
  expect(take()).toBe("mavPAKP")
})

test("the next publisher's frames follow those of the last", () => {
  const feed = new Feed().add("vKP")
  const { take } = feed.read()
  feed.log.reset()
  feed.add("vKP")
  expect(take()).toBe("vKPvKP")
})

test("one that fell out of the log goes on at the newest keyframe, and what it lost is counted", () => {
  const feed = new Feed().add("vKPP")
  const { cursor, take } = feed.read()
  expect(take()).toBe("vKPP")
  for (let i = 0; i < 20; i++) feed.add("KPPP")
  feed.log.trim()
  expect(take()).toBe("vKPPP")
  expect([cursor.jumps, cursor.framesDropped]).toEqual([1, 76])
})

test("whatever is appended and read, frames come in order, whole groups are lost, and none twice", () => {
  const random = randomOf(11)
  for (let round = 0; round < 300; round++) {
    const feed = new Feed().add("av")
    const { cursor } = feed.read(random(2) === 0 ? atKeyframe : afterKeyframe)
    let last = -1
    let taken = 0
    for (let step = 0; step < 30; step++) {
      feed.add(Array.from({ length: random(30) }, () => "KPPPAAA"[random(7)]).join(""))
      if (random(4) === 0) feed.log.trim()
      if (random(3) > 0) continue
      const jumps = cursor.jumps
      const frames = cursor.take().filter(({ header }) => !header)
      if (cursor.jumps > jumps && frames.length > 0) expect(frames[0]?.keyframe).toBe(true)
      for (const { timestamp } of frames) {
        expect(timestamp).toBeGreaterThan(last)
        last = timestamp
      }
      taken += frames.length
    }
    cursor.take()
    expect(taken + cursor.framesDropped).toBeLessThanOrEqual(feed.log.end)
  }
})
