import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { rtmpFormat } from "../../../src/domain/rtmp/RtmpFormat.ts"
import { SpecChunkReader } from "../../support/specChunkReader.ts"
import { effect } from "../../support/effect.ts"
import { harness, letters } from "./harness.ts"
import { plainPlayer } from "../../support/rtmpOptions.ts"

const play = (text: string) => `vhost __defaultVhost__ { ${text} }`

describe("pace", () => {
  effect("with merged writes a viewer gets what has accumulated once in 350 ms", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      publisher.send("vK")
      const { sink } = yield* view("a")
      yield* TestClock.adjust(1000)
      publisher.send("O")
      yield* TestClock.adjust(100)
      publisher.send("P")
      yield* TestClock.adjust(249)
      expect(sink.writes).toEqual(["[v]", "K"])
      yield* TestClock.adjust(1)
      expect(sink.writes).toEqual(["[v]", "K", "OP"])
      for (const letter of "ABCDEFGHIJ") {
        publisher.send(letter)
        yield* TestClock.adjust(100)
      }
      expect(sink.writes.slice(3).map((text) => text.length)).toEqual([4, 3])
    })
  )

  effect("mw_latency sets the period", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(play("play { mw_latency 100; }"))
      const publisher = yield* publish("a")
      publisher.send("vK")
      const { sink } = yield* view("a")
      yield* TestClock.adjust(1000)
      publisher.send("P")
      yield* TestClock.adjust(99)
      expect(sink.received).toBe("[v]K")
      yield* TestClock.adjust(1)
      expect(sink.received).toBe("[v]KP")
    })
  )

  effect("with min_latency pictures go at once, and sound with the next one or after 40 ms", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(play("min_latency on;"))
      const publisher = yield* publish("a")
      const { sink } = yield* view("a")
      yield* TestClock.adjust(1000)
      publisher.send("vK")
      yield* TestClock.adjust(0)
      expect(sink.received).toBe("[v]K")
      yield* TestClock.adjust(100)
      publisher.send("A")
      yield* TestClock.adjust(39)
      expect(sink.received).toBe("[v]K")
      publisher.send("P")
      yield* TestClock.adjust(0)
      expect(sink.received).toBe("[v]KAP")
      publisher.send("A")
      yield* TestClock.adjust(40)
      expect(sink.received).toBe("[v]KAPA")
    })
  )

  effect("who came before there was a picture gets the first one at once, or the first sound", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const { sink } = yield* view("a")
      yield* TestClock.adjust(1000)
      publisher.send("A")
      yield* TestClock.adjust(0)
      expect(sink.received).toEndWith("A")
      publisher.send("vK")
      yield* TestClock.adjust(0)
      expect(sink.received).toEndWith("K")
      publisher.send("P")
      yield* TestClock.adjust(0)
      expect(sink.received).toEndWith("K")
      yield* TestClock.adjust(350)
      expect(sink.received).toEndWith("KP")
    })
  )

  effect("of very many who wait for a picture some get it at once, the others in their turn", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const viewers = yield* Effect.all(Array.from({ length: 1001 }, () => view("a")))
      yield* TestClock.adjust(1000)
      publisher.send("vK")
      const served = () => viewers.filter(({ sink }) => sink.received !== "").length
      yield* TestClock.adjust(0)
      expect(served()).toBe(500)
      yield* TestClock.adjust(351)
      expect(served()).toBe(1001)
    })
  )

  effect("a newcomer gets the newest group of pictures at once", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      publisher.send("vKPPKQ")
      expect((yield* view("a")).sink.received).toBe("[v]KQ")
    })
  )

  effect("with gop_cache off it gets the headers at once and waits for the next keyframe", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(play("play { gop_cache off; }"))
      const publisher = yield* publish("a")
      publisher.send("vKPPKQ")
      const { sink } = yield* view("a")
      expect(sink.received).toBe("[v]")
      publisher.send("PA")
      yield* TestClock.adjust(350)
      expect(sink.received).toBe("[v]")
      publisher.send("KR")
      yield* TestClock.adjust(0)
      expect(sink.received).toBe("[v]KR")
    })
  )

  effect("send_min_interval lets a message go each time", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(play("play { send_min_interval 10; }"))
      const publisher = yield* publish("a")
      const { sink } = yield* view("a")
      publisher.send("vKPQR")
      yield* TestClock.adjust(35)
      expect(sink.writes).toEqual(["[v]", "K", "P", "Q"])
      yield* TestClock.adjust(10)
      expect(sink.received).toBe("[v]KPQR")
    })
  )

  effect("merged writes of many viewers are spread over phases of the period", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      publisher.send("vK")
      const viewers = yield* Effect.all(Array.from({ length: 1001 }, () => view("a")))
      yield* TestClock.adjust(1000)
      publisher.send("P")
      const served = () => viewers.filter(({ sink }) => sink.received === "[v]KP").length
      const counts: Array<number> = []
      for (const step of [117, 117, 117]) {
        yield* TestClock.adjust(step)
        counts.push(served())
      }
      expect(counts).toEqual([334, 668, 1001])
    })
  )
})

describe("a viewer that is slow", () => {
  effect("has one write in flight, and goes on when its sink has drained", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const { sink } = yield* view("a")
      sink.blocked = true
      publisher.send("vKP")
      yield* TestClock.adjust(350)
      expect(sink.writes).toEqual(["[v]"])
      publisher.send("Q")
      yield* TestClock.adjust(5000)
      expect(sink.writes).toEqual(["[v]"])
      // Without waiting for the next period.
      sink.accept()
      expect(sink.writes).toEqual(["[v]", "KPQ"])
      expect(sink.queuedBytes()).toBe(3)
    })
  )

  effect("jumps to the newest keyframe when it falls behind the queue length, and that is counted", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness(play("play { queue_length 1; }"))
      const publisher = yield* publish("a")
      const { counters, sink } = yield* view("a")
      publisher.send("vK")
      yield* TestClock.adjust(350)
      sink.blocked = true
      publisher.send("P")
      yield* TestClock.adjust(350)
      publisher.send("QRSTUVWXYZ".repeat(10))
      publisher.send("KB")
      yield* TestClock.adjust(350)
      sink.blocked = false
      sink.accept()
      expect(sink.received).toBe("[v]KPKB")
      expect([counters.jumps, counters.framesDropped, counters.framesOut]).toEqual([1, 100, 4])
    })
  )

  effect("shows how far it is behind the stream", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const { counters, sink } = yield* view("a")
      publisher.send("vKPQ")
      yield* TestClock.adjust(350)
      expect(counters.viewer?.behindMillis).toBe(0)
      sink.blocked = true
      publisher.send("R")
      yield* TestClock.adjust(350)
      // The next frame that it lacks and the newest one are so far apart.
      publisher.send("STUVW")
      expect(counters.viewer?.behindMillis).toBe(160)
      sink.blocked = false
      sink.accept()
      expect(counters.viewer?.behindMillis).toBe(0)
    })
  )

  effect("is ended after 30 s in which it took nothing, and not before", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const ends: Array<string> = []
      const { sink } = yield* view("a", { owner: { fail: ({ _tag }) => ends.push(_tag) } })
      sink.blocked = true
      publisher.send("vK")
      yield* TestClock.adjust(20_000)
      sink.accept(1)
      yield* TestClock.adjust(29_000)
      expect(ends).toEqual([])
      yield* TestClock.adjust(3000)
      expect(ends[0]).toBe("ViewerStalled")
    })
  )

  effect("is not ended while each write takes a while", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const ends: Array<string> = []
      const { sink } = yield* view("a", { owner: { fail: ({ _tag }) => ends.push(_tag) } })
      sink.blocked = true
      publisher.send("vK")
      for (let i = 0; i < 10; i++) {
        yield* TestClock.adjust(10_000)
        publisher.send("K")
        sink.accept()
      }
      expect(ends).toEqual([])
    })
  )
})

describe("when the publisher leaves", () => {
  effect("a viewer that ends with it gets what is left, and is told", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const publisher = yield* publish("a")
      const ends: Array<string> = []
      const { sink } = yield* view("a", { endWithPublisher: true, owner: { fail: ({ _tag }) => ends.push(_tag) } })
      publisher.send("vKP")
      yield* publisher.leave
      expect(sink.received).toBe("[v]KP")
      expect(ends).toEqual(["StreamEnded"])
    })
  )

  effect("another one waits for the next publisher", () =>
    Effect.gen(function* () {
      const { publish, view } = yield* harness()
      const first = yield* publish("a")
      const ends: Array<string> = []
      const { sink } = yield* view("a", { owner: { fail: ({ _tag }) => ends.push(_tag) } })
      first.send("vK")
      yield* first.leave
      yield* TestClock.adjust(60_000)
      const second = yield* publish("a")
      second.send("wKQ")
      yield* TestClock.adjust(400)
      expect(sink.received).toBe("[v]KwKQ")
      expect(ends).toEqual([])
    })
  )
})

effect("viewers with equal keys share one projection, and it goes with the last of them", () =>
  Effect.gen(function* () {
    const { publish, view } = yield* harness()
    const publisher = yield* publish("a")
    let encoders = 0
    const encoder = () => {
      encoders++
      return letters.encoder()
    }
    const format = { ...letters, encoder }
    const other = { ...letters, encoder, key: "other" }
    const first = yield* view("a", { format })
    const second = yield* view("a", { format })
    yield* view("a", { format: other })
    expect(encoders).toBe(2)
    publisher.send("vK")
    yield* TestClock.adjust(350)
    yield* first.leave
    yield* view("a", { format })
    expect(encoders).toBe(2)
    yield* second.leave
    publisher.send("P")
    yield* TestClock.adjust(350)
    expect([first.sink.received, second.sink.received]).toEqual(["[v]K", "[v]K"])
  })
)

effect("a paused viewer gets nothing and costs nothing, and resumes at the newest keyframe", () =>
  Effect.gen(function* () {
    const { publish, view } = yield* harness()
    const publisher = yield* publish("a")
    const { sink, viewer } = yield* view("a")
    publisher.send("vK")
    yield* TestClock.adjust(350)
    viewer.pause()
    publisher.send("PPPKQ")
    yield* TestClock.adjust(350)
    expect(sink.received).toBe("[v]K")
    const { log } = publisher.publication.source
    log.trim()
    expect(log.end - log.first).toBe(2)
    viewer.resume()
    publisher.send("R")
    yield* TestClock.adjust(350)
    expect(sink.received).toBe("[v]KKQR")
    viewer.pause()
    viewer.resume()
    publisher.send("S")
    yield* TestClock.adjust(350)
    expect(sink.received).toBe("[v]KKQRS")
  })
)

effect("a viewer that leaves in the middle of a large message ends that message, and gets no more", () =>
  Effect.gen(function* () {
    const { publish, view } = yield* harness()
    const publisher = yield* publish("a")
    const format = rtmpFormat({ ...plainPlayer, chunkSize: 128 })
    const { leave, sink } = yield* view("a", { format })
    sink.blocked = true
    const { append, flush, source } = publisher.publication
    publisher.send("vK")
    const { codec, published } = source.log.at(1)
    const bytes = new Uint8Array(300_000)
    append(new MediaFrame({ kind: Kind.Video, codec, published, bytes, start: 0, end: bytes.length }))
    flush()
    yield* TestClock.adjust(350)
    sink.accept()
    while (sink.writes.length < 3) sink.accept()
    yield* leave
    sink.accept()
    const reader = new SpecChunkReader()
    reader.push(Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 128))
    reader.push(Buffer.from(sink.received, "latin1"))
    expect(reader.isWhole).toBe(true)
    expect(reader.messages.at(-1)?.body.length).toBe(300_000)
    const { length } = sink.writes
    publisher.send("PPP")
    sink.accept()
    yield* TestClock.adjust(1000)
    expect(sink.writes.length).toBe(length)
  })
)
