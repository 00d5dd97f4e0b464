import { expect, test } from "bun:test"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { type Retention, SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { randomOf } from "../config/random.ts"

const retention: Retention = { gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1_000_000 }

/** Appends frames as letters, 40 ms apart: Key, Picture, Audio; headers of metadata, audio, video: m, a, v. */
class Feed {
  readonly log: SourceLog
  time = 0
  constructor(changes: Partial<Retention> = {}) {
    this.log = new SourceLog({ ...retention, ...changes })
  }

  add(letters: string, length = 100): this {
    for (const letter of letters) {
      const lower = letter.toLowerCase()
      const kind = lower === "m" ? Kind.Data : lower === "a" ? Kind.Audio : Kind.Video
      const header = letter === lower
      this.log.append(
        new MediaFrame({
          kind,
          published: this.time,
          bytes: new Uint8Array(length),
          start: 0,
          end: length,
          keyframe: letter === "K",
          header
        }),
        this.time
      )
      if (!header) this.time += 40
    }
    return this
  }
}

test("the newest group of pictures is kept for newcomers", () => {
  const { log } = new Feed().add("mavKPPPKPP")
  log.trim()
  expect([log.first, log.end, log.newestEntry?.index, log.bytes]).toEqual([7, 10, 7, 300])
})

test("nothing is kept with gop_cache off", () => {
  const { log } = new Feed({ gop: false }).add("mavKPPP")
  log.trim()
  expect([log.first, log.bytes]).toEqual([7, 0])
})

test("a reader that has fallen out of the log holds nothing back", () => {
  const feed = new Feed({ gop: false, queueMillis: 1000 })
  feed.log.addReader({ position: () => 0 })
  feed.add("vK" + "P".repeat(1000))
  feed.log.trim()
  expect(feed.log.end - feed.log.first).toBeLessThanOrEqual(1000 / 40 + 1)
})

test("sound without pictures is not kept", () => {
  const { log } = new Feed().add("a" + "A".repeat(100))
  log.trim()
  expect(log.first).toBe(log.end)
})

test("an entry names the headers in force, in the order metadata, sound, pictures", () => {
  const { log } = new Feed().add("vKamP")
  const before = log.headers
  log.append(
    new MediaFrame({
      kind: Kind.Audio,
      track: 1,
      published: 0,
      bytes: new Uint8Array(1),
      start: 0,
      end: 1,
      header: true
    }),
    0
  )
  expect(before.map(({ kind }) => kind)).toEqual([Kind.Data, Kind.Audio, Kind.Video])
  expect(log.headers.map(({ kind, track }) => [kind, track])).toEqual([
    [Kind.Data, 0],
    [Kind.Audio, 0],
    [Kind.Audio, 1],
    [Kind.Video, 0]
  ])
  expect(log.newestEntry?.headers.map(({ kind }) => kind)).toEqual([Kind.Video])
})

test("a reader keeps what it has not read, up to the queue length", () => {
  const feed = new Feed({ queueMillis: 1000 })
  let position = 0
  feed.log.addReader({ position: () => position })
  feed.add("KPPPPKPPPPKPPPP")
  feed.log.trim()
  expect(feed.log.first).toBe(0)
  position = 7
  feed.log.trim()
  expect(feed.log.first).toBe(7)
  feed.add("PPPPPPPPPPPPPPPPPPPPPPPPPK")
  feed.log.trim()
  // The oldest one is not older than a second, but the newest group is kept whatever its age.
  expect(feed.log.timeline.latest - feed.log.at(feed.log.first).timestamp).toBe(1000)
})

test("a reader that left keeps nothing", () => {
  const { log } = new Feed().add("K")
  const reader = { position: () => 0 }
  log.addReader(reader)
  log.removeReader(reader)
  log.append(
    new MediaFrame({ kind: Kind.Video, published: 40, bytes: new Uint8Array(1), start: 0, end: 1, keyframe: true }),
    40
  )
  expect(log.first).toBe(1)
})

test("an endless group of pictures is given up for newcomers at so many frames", () => {
  const { log } = new Feed({ maxGopFrames: 100 }).add("K" + "P".repeat(200))
  expect(log.newestEntry).toBeUndefined()
  expect(log.overflows).toBe(1)
  expect(log.end - log.first).toBeLessThan(100)
})

test("over the byte cap newcomers lose the group of pictures, and a reader that keeps up loses nothing", () => {
  const feed = new Feed({ maxBytes: 10_000 })
  let position = 0
  feed.log.addReader({ position: () => position })
  feed.add("K")
  for (let i = 0; i < 300; i++) {
    feed.add("P")
    expect(feed.log.first).toBeLessThanOrEqual(position)
    if (i % 10 === 9) position = feed.log.end
    expect(feed.log.bytes).toBeLessThanOrEqual(10_000)
  }
  expect(feed.log.overflows).toBe(1)
  expect(feed.log.newestEntry).toBeUndefined()
  feed.add("K")
  expect(feed.log.newestEntry?.index).toBe(301)
})

test("one frame larger than the cap is not kept, and the log goes on", () => {
  const feed = new Feed({ maxBytes: 1_000_000 }).add("KP").add("K", 20_000_000)
  expect([feed.log.bytes, feed.log.first, feed.log.newestEntry]).toEqual([0, 3, undefined])
  feed.add("KP")
  expect(feed.log.newestEntry?.index).toBe(3)
})

test("a reset takes headers and entries from newcomers, and frames only from those who have read them", () => {
  const { log } = new Feed().add("avKPP")
  let position = 3
  log.addReader({ position: () => position })
  log.reset()
  expect([log.first, log.headers, log.newestEntry, log.hasMedia]).toEqual([3, [], undefined, false])
  position = 5
  log.trim()
  expect(log.first).toBe(5)
})

test("the bounds hold for random streams and readers", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed)
    const feed = new Feed({ maxBytes: 5000, queueMillis: 2000, maxGopFrames: 60 })
    const positions = [0, 0, 0]
    for (const i of positions.keys()) feed.log.addReader({ position: () => positions[i] })
    for (let step = 0; step < 300; step++) {
      feed.add("PPPPPAAAAAKavm"[random(14)], random(20) === 0 ? 3000 : random(100))
      const reader = random(3)
      if (random(10) === 0) positions[reader] = Math.max(positions[reader], feed.log.end - random(5))
      expect([seed, feed.log.bytes <= 5000]).toEqual([seed, true])
      let bytes = 0
      for (let i = feed.log.first; i < feed.log.end; i++) bytes += feed.log.at(i).length
      expect([seed, feed.log.bytes]).toEqual([seed, bytes])
      const entry = feed.log.newestEntry
      expect([seed, entry === undefined || feed.log.at(entry.index).keyframe]).toEqual([seed, true])
    }
  }
})

test("video is counted with its headers, kept or not", () => {
  const { log } = new Feed({ gop: false }).add("mavKAPAP")
  expect(log.videoFrames).toBe(4)
  log.reset()
  expect(log.videoFrames).toBe(4)
})

test("tells from where on nobody was ever there but itself", () => {
  const feed = new Feed().add("vKPP")
  const { log } = feed
  expect(log.unreadFrom).toBe(0)
  const reader = { position: () => 4 }
  log.addReader(reader)
  feed.add("PP")
  expect(log.unreadFrom).toBe(Infinity)
  log.removeReader(reader)
  feed.add("KP")
  expect(log.unreadFrom).toBe(6)
})

test("headers have bytes of their own: they outlive the frames around them", () => {
  const shared = Uint8Array.of(9, 9, 0x17, 0, 1, 2, 3, 9)
  const log = new SourceLog(retention)
  log.append(
    new MediaFrame({ kind: Kind.Video, published: 7, bytes: shared, start: 2, end: 7, dataStart: 4, header: true }),
    0
  )
  shared.fill(0)
  const [header] = log.headers
  expect([header.body, header.data]).toEqual([Uint8Array.of(0x17, 0, 1, 2, 3), Uint8Array.of(1, 2, 3)])
  expect([header.timestamp, header.published, header.header]).toEqual([log.at(0).timestamp, 7, true])
})

test("a frame is what it was made of, whatever shares a number with what", () => {
  const bytes = new Uint8Array(70_000)
  for (const kind of [Kind.Audio, Kind.Video, Kind.Data]) {
    for (const [track, offset] of [
      [0, 0],
      [1, 5],
      [255, 65_535]
    ]) {
      for (const role of [{}, { keyframe: true }, { header: true }] as ReadonlyArray<{
        keyframe?: true
        header?: true
      }>) {
        const frame = new MediaFrame({
          kind,
          published: 1,
          bytes,
          start: 7,
          end: 70_000,
          dataStart: 7 + offset,
          track,
          ...role
        })
        expect([frame.kind, frame.track, frame.dataStart, frame.keyframe, frame.header]).toEqual([
          kind,
          track,
          7 + offset,
          role.keyframe === true,
          role.header === true
        ])
      }
    }
  }
})
