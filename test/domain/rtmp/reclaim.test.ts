import { describe, expect, test } from "bun:test"
import { FrameCursor } from "../../../src/domain/media/FrameCursor.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { ChunkReader, type MessageHandler, type RtmpMessage } from "../../../src/domain/rtmp/ChunkReader.ts"
import { encodeMessage } from "../../../src/domain/rtmp/ChunkWriter.ts"
import { maxKeptSlabs } from "../../../src/domain/rtmp/limits.ts"
import { PayloadSlabs } from "../../../src/domain/rtmp/PayloadSlabs.ts"
import { seeded } from "./chunkBytes.ts"

const retention = { gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1_000_000 }

/** A payload tells its number and its length in each of its bytes. */
const payloadOf = (number: number, length: number): Uint8Array =>
  new Uint8Array(length).fill((number * 31 + length) % 251)

interface Expected {
  readonly frame: MediaFrame
  readonly payload: Uint8Array
}

/** A publisher's chunks through a reader into a log, reclaimed after each push. */
class Publisher implements MessageHandler {
  readonly log = new SourceLog(retention)
  readonly sent: Array<Expected> = []
  readonly #reader = new ChunkReader()
  #number = 0

  message(kind: Kind, keyframe: boolean, length: number): Uint8Array {
    const payload = payloadOf(this.#number++, length)
    this.#coming.push({ kind, keyframe, payload })
    const chunkStreamId = kind === Kind.Audio ? 4 : 6
    const timestamp = this.#number * 20
    return encodeMessage({ chunkStreamId, type: kind, timestamp, streamId: 1, body: payload, chunkSize: 128 })
  }

  readonly #coming: Array<{ readonly kind: Kind; readonly keyframe: boolean; readonly payload: Uint8Array }> = []

  push(bytes: Uint8Array, reclaim = true): void {
    this.#reader.push(bytes, this)
    if (reclaim) this.#reader.reclaim(this.log)
  }

  /** Of the reader. */
  receive({ bytes, end, start, timestamp }: RtmpMessage): void {
    const next = this.#coming.shift()
    if (next === undefined) return
    const { keyframe, kind, payload } = next
    const frame = new MediaFrame({ kind, published: timestamp, bytes, start, end, keyframe })
    this.sent.push({ frame, payload })
    this.log.append(frame, timestamp)
  }

  abandon(): void {
    this.#reader.abandon()
  }

  /** Whether the log's frames still have the bytes that were sent. */
  get isIntact(): boolean {
    for (let index = this.log.first; index < this.log.end; index++) if (!isWhole(this.sent[index])) return false
    return true
  }

  /** Bytes of all buffers that frames ever had and that were not freed. */
  get held(): number {
    const buffers = new Set(this.sent.map(({ frame }) => frame.bytes))
    return [...buffers].reduce((sum, { length }) => sum + length, 0)
  }
}

const isWhole = ({ frame, payload }: Expected): boolean => Buffer.compare(frame.body, payload) === 0

/** Three groups of pictures, each message in a push of its own. */
const groups = (publisher: Publisher, count = 3): void => {
  for (let group = 0; group < count; group++) {
    for (let i = 0; i < 50; i++) {
      publisher.push(publisher.message(Kind.Video, i === 0, i === 0 ? 9000 : 700))
      publisher.push(publisher.message(Kind.Audio, false, 250))
    }
  }
}

describe("payload that a log has forgotten", () => {
  test("is freed at once where nobody ever read", () => {
    const publisher = new Publisher()
    groups(publisher, 20)
    expect(publisher.isIntact).toBe(true)
    // One group of pictures has 56 500 bytes; 20 of them were sent.
    expect(publisher.held).toBeLessThan(100_000)
  })

  test("is left to those who read, and to who has read", () => {
    const publisher = new Publisher()
    groups(publisher, 1)
    const cursor = new FrameCursor(publisher.log, (log) => log.newestEntry)
    publisher.log.addReader(cursor)
    groups(publisher)
    const taken = cursor.take()
    publisher.log.removeReader(cursor)
    groups(publisher, 5)
    const all = new Map(publisher.sent.map((expected) => [expected.frame, expected]))
    expect(taken.length).toBe(400)
    for (const frame of taken) expect(isWhole(all.get(frame) as Expected)).toBe(true)
    // What came after the reader is freed again.
    expect(publisher.held).toBeLessThan(400_000)
  })

  test("is freed at once where those who read have nothing but copies, and not before they have read", () => {
    const publisher = new Publisher()
    const cursor = new FrameCursor(publisher.log, (log) => log.newestEntry, true)
    publisher.log.addReader(cursor)
    for (let i = 0; i < 10; i++) {
      groups(publisher, 2)
      const all = new Map(publisher.sent.map((expected) => [expected.frame, expected]))
      const taken = cursor.take()
      expect(taken.length).toBe(200)
      for (const frame of taken) expect(isWhole(all.get(frame) as Expected)).toBe(true)
    }
    groups(publisher, 1)
    expect(publisher.held).toBeLessThan(200_000)
    publisher.log.removeReader(cursor)
    publisher.log.removeReader(cursor)
    expect(publisher.log.unreadFrom).toBe(0)
  })

  test("is left to the collector when the messages go elsewhere meanwhile", () => {
    const publisher = new Publisher()
    groups(publisher, 1)
    const before = publisher.sent.slice()
    publisher.abandon()
    groups(publisher)
    for (const expected of before.filter(({ frame }) => frame.bytes.length > 0)) expect(isWhole(expected)).toBe(true)
    expect(before.filter(({ frame }) => frame.bytes.length > 0).length).toBe(100)
  })

  test("waits while a message is not whole", () => {
    const publisher = new Publisher()
    const video = publisher.message(Kind.Video, true, 700)
    publisher.push(video.subarray(0, 300))
    publisher.push(video.subarray(300))
    groups(publisher)
    expect(publisher.isIntact).toBe(true)
  })

  test("never changes under anybody, whatever comes and goes", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed)
      const below = (most: number): number => Math.floor(random() * most)
      const publisher = new Publisher()
      const cursors = new Set<FrameCursor>()
      const taken = new Set<MediaFrame>()
      let bytes = new Uint8Array(0)
      for (let step = 0; step < 300; step++) {
        const isVideo = random() < 0.5
        const length = 1 + below(random() < 0.05 ? 20_000 : 900)
        const message = publisher.message(isVideo ? Kind.Video : Kind.Audio, isVideo && random() < 0.1, length)
        bytes = Uint8Array.from([...bytes, ...message])
        const cut = below(bytes.length + 1)
        publisher.push(bytes.subarray(0, cut), random() < 0.9)
        bytes = bytes.slice(cut)
        if (random() < 0.03) publisher.abandon()
        if (random() < 0.05) {
          const cursor = new FrameCursor(publisher.log, (log) => log.newestEntry)
          publisher.log.addReader(cursor)
          cursors.add(cursor)
        }
        for (const cursor of cursors) {
          if (random() < 0.5) for (const frame of cursor.take()) taken.add(frame)
          if (random() < 0.3) {
            publisher.log.removeReader(cursor)
            cursors.delete(cursor)
          }
        }
        if (!publisher.isIntact) throw new Error(`seed ${seed}, step ${step}: the log's frames have changed`)
      }
      const broken = publisher.sent.filter((expected) => taken.has(expected.frame) && !isWhole(expected))
      if (broken.length > 0) throw new Error(`seed ${seed}: ${broken.length} frames of readers have changed`)
    }
  })
})

test("no more full slabs are kept in mind than maxKeptSlabs: the oldest are left to the collector", () => {
  const slabs = new PayloadSlabs()
  const log = { first: 0, end: 0, unreadFrom: 0 }
  slabs.reclaim(log)
  const buffers = Array.from({ length: maxKeptSlabs + 10 }, () => slabs.reserve(100_000, 0, 100_000))
  log.end = log.first = buffers.length
  slabs.reclaim(log)
  expect(buffers.filter(({ length }) => length > 0)).toEqual(buffers.slice(0, 10))
})
