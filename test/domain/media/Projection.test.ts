import { expect, test } from "bun:test"
import { Encoded, type Format } from "../../../src/domain/media/Format.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { maxFlushBytes, Projection } from "../../../src/domain/media/Projection.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { randomOf } from "../config/random.ts"

const retention = { gop: true, maxGopFrames: 0, queueMillis: 1_000_000, maxBytes: 1e9 }

/** Payload as it is; the codec says what becomes of the frame, the track is its lane. */
const format: Format = {
  key: "plain",
  lanes: 0b111,
  encoder: () => ({
    lane: ({ track }) => track,
    encode: (frame, out) => {
      if (frame.codec !== Encoded.Shared) return frame.codec as Encoded
      const slab = out.reserve(frame.length)
      slab.bytes.set(frame.body, slab.used)
      out.commit(slab, frame.length)
      return Encoded.Shared
    }
  }),
  viewer: () => ({ enter: () => new Uint8Array(0), own: ({ body }) => body })
}

const harness = () => {
  const log = new SourceLog(retention)
  const projection = new Projection(format, log, 0)
  let time = 0
  /** Appends a frame of so many bytes, each its number. */
  const add = (length: number, codec: Encoded = Encoded.Shared, track = 0, keyframe = false) => {
    const bytes = new Uint8Array(length).fill(log.end)
    log.append(
      new MediaFrame({ kind: Kind.Video, track, codec, published: time++, bytes, start: 0, end: length, keyframe }),
      time
    )
  }
  return { log, projection, add }
}

test("a run is all that is there, from one slab, at most a flush", () => {
  const { add, projection } = harness()
  for (let i = 0; i < 10; i++) add(100)
  projection.sync()
  expect([projection.run(0, 0).to, projection.run(0, 0).bytes.length]).toEqual([10, 1000])
  expect([projection.single(3, 0).to, projection.single(3, 0).bytes]).toEqual([4, new Uint8Array(100).fill(3)])
  // The next one does not fit into the first slab of 4096 bytes.
  for (let i = 0; i < 40; i++) add(100)
  projection.sync()
  expect(projection.run(0, 0).to).toBe(40)
  expect(projection.run(40, 0).to).toBe(50)
})

test("a frame that is longer than a flush is given whole, and alone", () => {
  const { add, projection } = harness()
  add(10)
  add(maxFlushBytes + 1)
  add(10)
  projection.sync()
  expect(projection.run(0, 0).to).toBe(1)
  expect([projection.run(1, 0).to, projection.run(1, 0).bytes.length]).toEqual([2, maxFlushBytes + 1])
  expect(projection.run(2, 0).to).toBe(3)
})

test("a run ends before what the viewer must have of its own", () => {
  const { add, projection } = harness()
  add(5, Encoded.Absent)
  add(5)
  add(5, Encoded.Own)
  add(5, Encoded.Shared, 1)
  add(5, Encoded.Absent, 2)
  add(5, Encoded.Shared, 2)
  projection.sync()
  expect(projection.run(0, 0)).toEqual({ bytes: new Uint8Array(5).fill(1), to: 2 })
  expect(projection.run(2, 0).to).toBe(2)
  expect(projection.run(3, 0).to).toBe(6)
  expect(projection.run(3, 0b010).to).toBe(3)
  expect(projection.run(3, 0b100).to).toBe(5)
  expect(projection.run(3, 0b001).to).toBe(6)
})

test("only absent frames are an empty run, also before anything was written", () => {
  const { add, projection } = harness()
  add(5, Encoded.Absent)
  add(5, Encoded.Absent)
  projection.sync()
  expect(projection.run(0, 0)).toEqual({ bytes: new Uint8Array(0), to: 2 })
})

test("viewers at the same place share one view", () => {
  const { add, projection } = harness()
  add(100)
  projection.sync()
  expect(projection.run(0, 0).bytes).toBe(projection.run(0, 0).bytes)
  // Also those that lack the first frame of a lane in which nothing comes.
  expect(projection.run(0, 0b110).bytes).toBe(projection.run(0, 0).bytes)
  add(100)
  projection.sync()
  expect(projection.run(0, 0).bytes.length).toBe(200)
  // Also where they get two runs each, one of each slab, one viewer after the other.
  for (let i = 0; i < 50; i++) add(100)
  projection.sync()
  const flush = () => [projection.run(0, 0).bytes, projection.run(40, 0).bytes]
  const [first, second] = flush()
  const other = flush()
  expect([other[0] === first, other[1] === second]).toEqual([true, true])
})

test("what the log forgets is forgotten, and what it forgot before it was encoded is passed over", () => {
  const { add, log, projection } = harness()
  add(100)
  projection.sync()
  add(100)
  add(100, Encoded.Shared, 0, true)
  log.trim()
  projection.sync()
  expect([log.first, projection.end]).toEqual([2, 3])
  expect(projection.run(2, 0)).toEqual({ bytes: new Uint8Array(100).fill(2), to: 3 })
  add(100, Encoded.Shared, 0, true)
  add(100, Encoded.Shared, 0, true)
  log.trim()
  projection.sync()
  expect(projection.run(4, 0)).toEqual({ bytes: new Uint8Array(100).fill(4), to: 5 })
})

test("runs put together are the frames, whatever their lengths", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed)
    const { add, log, projection } = harness()
    log.addReader({ position: () => 0 })
    const seen: Array<Uint8Array> = []
    let at = 0
    const read = () => {
      projection.sync()
      while (at < projection.end) {
        const run = random(3) === 0 ? projection.single(at, 0) : projection.run(at, 0)
        if (run.to === at) seen.push(log.at(at++).body)
        else {
          expect(run.bytes.length <= maxFlushBytes || run.to === at + 1).toBe(true)
          seen.push(run.bytes)
          at = run.to
        }
      }
    }
    for (let i = 0; i < 150; i++) {
      add(random(30) === 0 ? random(300_000) : random(3000), [0, 0, 0, 0, 0, 1, 2][random(7)] as Encoded)
      if (random(20) === 0) read()
    }
    read()
    const expected = Array.from({ length: log.end }, (_, i) => log.at(i))
      .filter(({ codec }) => codec !== Encoded.Absent)
      .map(({ body }) => body)
    expect(Buffer.compare(Buffer.concat(seen), Buffer.concat(expected))).toBe(0)
  }
})

test("viewers that are alike share a frame of their own", () => {
  const { add, projection } = harness()
  add(5, Encoded.Shared, 0, true)
  add(5, Encoded.Shared, 1)
  projection.sync()
  let encoded = 0
  const viewer = (ownKey?: () => string) => ({
    enter: () => new Uint8Array(0),
    own: ({ body }: MediaFrame) => {
      encoded++
      return body.slice()
    },
    ...(ownKey === undefined ? {} : { ownKey })
  })
  const first = projection.own(
    0,
    viewer(() => "1 0")
  )
  expect(
    projection.own(
      0,
      viewer(() => "1 0")
    )
  ).toBe(first)
  projection.own(
    1,
    viewer(() => "1 0")
  )
  expect(
    projection.own(
      0,
      viewer(() => "1 0")
    )
  ).toBe(first)
  expect(encoded).toBe(2)
  expect(
    projection.own(
      0,
      viewer(() => "2 0")
    )
  ).not.toBe(first)
  expect(projection.own(0, viewer())).not.toBe(projection.own(0, viewer()))
  expect(encoded).toBe(5)
})
