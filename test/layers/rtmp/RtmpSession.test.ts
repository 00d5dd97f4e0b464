import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { promptFrames } from "../../../src/layers/rtmp/publishing.ts"
import type { TransportFailed } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"
import { countFibers } from "../../support/fibers.ts"
import { harness, mediaAt, message, tick } from "./memoryClient.ts"

type Kit = Effect.Success<ReturnType<typeof harness>>

const key = "/live/a"
const vhost = (text: string) => `vhost __defaultVhost__ { ${text} }`

describe("publishes", () => {
  effect("as FMLE does", () =>
    Effect.gen(function* () {
      const { connected, player, registry } = yield* harness()
      const client = yield* connected()
      client.call(0, "releaseStream", 2, null, "a")
      client.call(0, "FCPublish", 3, null, "a")
      client.call(0, "createStream", 4, null)
      client.call(1, "publish", 5, null, "a", "live")
      yield* tick
      expect(client.heard()).toEqual([
        "_result",
        "_result",
        "_result",
        "onFCPublish NetStream.Publish.Start",
        "onStatus NetStream.Publish.Start"
      ])
      const viewer = yield* player("a")
      client.media(1, 1000)
      yield* TestClock.adjust(400)
      expect(viewer.played).toEqual(mediaAt(1, 0))
      client.call(0, "FCUnpublish", 6, null, "a")
      yield* tick
      expect(client.heard()).toEqual([
        "onFCUnpublish NetStream.Unpublish.Success",
        "_result",
        "onStatus NetStream.Unpublish.Success"
      ])
      expect(registry.find(key)?.publisher()).toBeUndefined()
      expect(client.closed).toBe(false)
    })
  )

  effect("as Flash and Haivision do, and with only releaseStream or only FCPublish", () =>
    Effect.gen(function* () {
      const { connected, sessions } = yield* harness()
      for (const [before, after, type] of [
        [[], [], "flash-publish"],
        [[], ["FCPublish"], "haivision-publish"],
        [["releaseStream"], [], "fmle-publish"],
        [["FCPublish"], [], "fmle-publish"]
      ] as const) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = yield* connected()
            for (const name of before) client.call(0, name, 2, null, "a")
            client.call(0, "createStream", 3, null)
            for (const name of after) client.call(0, name, 4, null, "a")
            client.call(1, "publish", 5, null, "a", "live")
            yield* tick
            expect(client.heard().at(-1)).toBe("onStatus NetStream.Publish.Start")
            expect([...sessions.all().values()].map((session) => [session.type, session.role])).toEqual([
              [type, "publish"]
            ])
          })
        )
        yield* tick
      }
    })
  )

  effect("with AMF3 commands and data, and in aggregates", () =>
    Effect.gen(function* () {
      const { connected, player } = yield* harness()
      const client = yield* connected()
      const amf3 = (bytes: string) => Buffer.from(`00${bytes}`, "hex")
      // publish, 3.0, null, "a" in AMF0 behind the zero byte of type 17.
      client.send(
        message(8, 17, 1, 0, amf3(`020007${Buffer.from("publish").toString("hex")}0040080000000000000502000161`))
      )
      yield* tick
      expect(client.heard().at(-1)).toBe("onStatus NetStream.Publish.Start")
      const viewer = yield* player("a")
      const tag = (type: string, time: string, body: string) => {
        const length = (body.length / 2).toString(16).padStart(6, "0")
        return `${type}${length}${time}00000000${body}${(body.length / 2 + 11).toString(16).padStart(8, "0")}`
      }
      // The first tag's time is the message's; the others keep their distance to it.
      const aggregate =
        tag("08", "000064", "af001210") +
        tag("09", "000064", "17000000000100") +
        tag("09", "000064", "1701000000ee00") +
        tag("08", "000065", "af01aa00")
      client.send(message(6, 22, 1, 5000, Buffer.from(aggregate, "hex")))
      yield* TestClock.adjust(400)
      expect(viewer.played).toEqual(mediaAt(1, 0))
    })
  )

  effect("again and again on one connection", () =>
    Effect.gen(function* () {
      const { player, publisher, registry } = yield* harness()
      const client = yield* publisher("a")
      const viewer = yield* player("a")
      client.media(1, 100)
      yield* TestClock.adjust(400)
      client.call(1, "closeStream", 0, null)
      yield* tick
      expect(registry.find(key)?.publisher()).toBeUndefined()
      client.call(1, "publish", 5, null, "a", "live")
      yield* tick
      client.media(1, 100, 1)
      yield* TestClock.adjust(400)
      expect(viewer.played.slice(0, 4)).toEqual(mediaAt(1, 0))
      expect(viewer.played.slice(4).map((line) => line.split(":")[2])).toEqual(
        mediaAt(1, 0, "01").map((line) => line.split(":")[2])
      )
      client.call(0, "deleteStream", 0, null, 1)
      client.call(0, "createStream", 7, null)
      yield* tick
      client.call(2, "publish", 8, null, "b", "live")
      yield* tick
      expect([...registry.all()].filter((source) => source.publisher() !== undefined).map(({ key }) => key)).toEqual([
        "/live/b"
      ])
    })
  )

  effect("and plays several streams on one connection", () =>
    Effect.gen(function* () {
      const { connected } = yield* harness()
      const client = yield* connected()
      for (const id of [1, 2, 3, 4]) client.call(0, "createStream", id + 1, null)
      client.call(1, "publish", 10, null, "a")
      client.call(2, "publish", 11, null, "b")
      client.call(3, "play", 12, null, "a")
      client.call(4, "play", 13, null, "b")
      yield* tick
      client.media(1, 100, 1)
      client.media(2, 5000, 2)
      yield* TestClock.adjust(400)
      expect(client.played.filter((line) => line.startsWith("3:"))).toEqual(mediaAt(3, 0, "01"))
      expect(client.played.filter((line) => line.startsWith("4:"))).toEqual(mediaAt(4, 0, "02"))
    })
  )

  effect("and a play next to a publish does not end with it", () =>
    Effect.gen(function* () {
      const { connected } = yield* harness()
      const client = yield* connected()
      for (const id of [1, 2]) client.call(0, "createStream", id + 1, null)
      client.call(2, "play", 13, null, "b")
      client.call(1, "publish", 10, null, "a")
      yield* tick
      client.media(1, 100, 1)
      client.call(1, "closeStream", 0, null)
      yield* TestClock.adjust(600_000)
      expect(client.closed).toBe(false)
    })
  )

  effect("and a publish next to a play is still watched", () =>
    Effect.gen(function* () {
      const { connected } = yield* harness()
      const client = yield* connected()
      for (const id of [1, 2]) client.call(0, "createStream", id + 1, null)
      client.call(1, "publish", 10, null, "a")
      client.call(2, "play", 13, null, "b")
      yield* TestClock.adjust(60_000)
      expect(client.closed).toBe(true)
    })
  )

  effect("and two slow plays on one connection both go on when it has drained", () =>
    Effect.gen(function* () {
      const { connected, publisher } = yield* harness()
      const a = yield* publisher("a")
      const b = yield* publisher("b")
      const client = yield* connected()
      for (const id of [1, 2]) client.call(0, "createStream", id + 1, null)
      client.call(1, "play", 12, null, "a")
      client.call(2, "play", 13, null, "b")
      a.media(1, 0)
      b.media(1, 0)
      yield* TestClock.adjust(400)
      client.connection.stall(true)
      a.audio(1, 40, 1, 1)
      b.audio(1, 40, 1, 1)
      yield* TestClock.adjust(400)
      a.audio(1, 80, 1, 2)
      b.audio(1, 80, 1, 2)
      client.connection.stall(false)
      expect(client.played.slice(8).toSorted()).toEqual(["1:40:af0101", "1:80:af0102", "2:40:af0101", "2:80:af0102"])
    })
  )
})

effect("reads the first frames of a publish as they come, and merges reads from then on", () =>
  Effect.gen(function* () {
    const merged: Array<number> = []
    const { publisher } = yield* harness("", { mergedRead: (millis) => merged.push(millis) })
    const client = yield* publisher("a")
    for (let frame = 0; frame < promptFrames - 1; frame++) client.audio(1, frame * 23, 1, 0xaa)
    expect(merged).toEqual([])
    client.video(1, 1000, 0x17, 1, 0, 0, 0, 0xee)
    expect(merged).toEqual([70])
    client.call(0, "deleteStream", 4, null, 1)
    client.call(0, "createStream", 5, null)
    client.call(1, "publish", 6, null, "a", "live")
    yield* tick
    client.media(1, 2000)
    expect(merged).toEqual([70, 0])
  })
)

describe("plays", () => {
  effect("what is published later", () =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness()
      const viewer = yield* player("a")
      expect(viewer.heard()).toEqual([
        "_result",
        "4",
        "onStatus NetStream.Play.Reset",
        "onStatus NetStream.Play.Start",
        "18"
      ])
      yield* TestClock.adjust(3_600_000)
      const client = yield* publisher("a")
      client.media(1, 7000)
      yield* TestClock.adjust(400)
      expect(viewer.played).toEqual(mediaAt(1, 0))
    })
  )

  effect("with pause and unpause", () =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness()
      const client = yield* publisher("a")
      const viewer = yield* player("a")
      client.media(1, 0)
      yield* TestClock.adjust(400)
      viewer.heard()
      viewer.call(1, "pause", 4, null, true, 0)
      yield* tick
      expect(viewer.heard()).toEqual(["onStatus NetStream.Pause.Notify", "4"])
      client.video(1, 40, 0x27, 1, 0, 0, 0, 1)
      client.video(1, 80, 0x17, 1, 0, 0, 0, 2)
      yield* TestClock.adjust(2000)
      expect(viewer.played.length).toBe(4)
      viewer.call(1, "pause", 5, null, false, 0)
      client.video(1, 120, 0x27, 1, 0, 0, 0, 3)
      yield* TestClock.adjust(400)
      expect(viewer.heard().slice(0, 2)).toEqual(["onStatus NetStream.Unpause.Notify", "4"])
      expect(viewer.played.slice(4)).toEqual(["1:80:170100000002", "1:120:270100000003"])
    })
  )

  effect("again after closeStream, from the beginning of the group of pictures", () =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness()
      const client = yield* publisher("a")
      const viewer = yield* player("a")
      client.media(1, 1000)
      yield* TestClock.adjust(400)
      viewer.call(1, "closeStream", 0, null)
      client.audio(1, 1023, 1, 0xbb)
      yield* TestClock.adjust(400)
      expect(viewer.played.length).toBe(4)
      viewer.call(1, "play", 5, null, "a")
      yield* TestClock.adjust(400)
      expect(viewer.played.slice(4)).toEqual([...mediaAt(1, 0), "1:23:af01bb"])
    })
  )

  effect("for as long as it asked", () =>
    Effect.gen(function* () {
      const { connected, publisher } = yield* harness()
      const client = yield* publisher("a")
      const viewer = yield* connected()
      viewer.call(0, "createStream", 2, null)
      viewer.call(1, "play", 3, null, "a", -2000, 3000)
      yield* tick
      for (let time = 0; time <= 2800; time += 40) {
        client.media(1, time)
        yield* TestClock.adjust(40)
      }
      expect(viewer.closed).toBe(false)
      for (let time = 2840; time <= 3600; time += 40) {
        client.media(1, time)
        yield* TestClock.adjust(40)
      }
      yield* TestClock.adjust(1100)
      expect(viewer.closed).toBe(true)
      expect(client.closed).toBe(false)
    })
  )
})

describe("the network", () => {
  const run = (network: Parameters<typeof harness>[1]) =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness("", network)
      const client = yield* publisher("a")
      const viewer = yield* player("a")
      client.media(1, 1000)
      yield* TestClock.adjust(400)
      expect(viewer.played).toEqual(mediaAt(1, 0))
    })

  effect("may bring bytes one by one", () =>
    run({ split: (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte)) })
  )

  effect("may cut anywhere", () => {
    let state = 7
    const split = (bytes: Uint8Array) => {
      const parts: Array<Uint8Array> = []
      for (let at = 0; at < bytes.length;) {
        state = (state * 1103515245 + 12345) & 0x7fffffff
        const length = 1 + ((state >> 8) % 200)
        parts.push(bytes.subarray(at, at + length))
        at += length
      }
      return parts
    }
    return run({ split })
  })
})

describe("closes a client that", () => {
  const closesAfter = (
    name: string,
    millis: number,
    act: (kit: Kit) => Effect.Effect<{ readonly closed: boolean }, TransportFailed, Scope.Scope>,
    settings = "",
    slack = 0
  ) =>
    effect(`${name}, after ${millis} ms`, () =>
      Effect.gen(function* () {
        const kit = yield* harness(settings)
        const client = yield* act(kit)
        yield* TestClock.adjust(millis - 10)
        expect(client.closed).toBe(false)
        yield* TestClock.adjust(10 + slack + 1100)
        expect(client.closed).toBe(true)
      })
    )

  closesAfter("says nothing", 30_000, ({ open }) => open)
  closesAfter("shakes hands and no more", 30_000, ({ open }) =>
    Effect.tap(open, (client) =>
      Effect.andThen(
        Effect.sync(() => client.shakeHands()),
        tick
      )
    )
  )
  closesAfter("says anything but connect", 30_000, ({ open }) =>
    Effect.gen(function* () {
      const client = yield* open
      client.shakeHands()
      yield* Effect.forkScoped(
        Effect.gen(function* () {
          while (true) {
            client.call(0, "createStream", 2, null)
            yield* Effect.sleep(5000)
          }
        })
      )
      return client
    })
  )
  closesAfter("connects and wants nothing", 30_000, ({ connected }) => connected())
  closesAfter("publishes and sends nothing", 20_000, ({ publisher }) => publisher("a"))
  closesAfter("stops to send", 5000, ({ publisher }) =>
    Effect.gen(function* () {
      const client = yield* publisher("a")
      yield* TestClock.adjust(19_000)
      client.media(1, 0)
      yield* TestClock.adjust(1000)
      return client
    })
  )
  closesAfter("stops to publish and does nothing else", 180_000, ({ publisher }) =>
    Effect.gen(function* () {
      const client = yield* publisher("a")
      client.call(1, "closeStream", 0, null)
      yield* tick
      return client
    })
  )
  closesAfter(
    "publishes for nobody, with kickoff_for_idle",
    10_000,
    ({ publisher }) =>
      Effect.gen(function* () {
        const client = yield* publisher("a")
        yield* Effect.forkScoped(
          Effect.gen(function* () {
            for (let time = 0; ; time += 1000) {
              client.media(1, time)
              yield* Effect.sleep(1000)
            }
          })
        )
        return client
      }),
    vhost("publish { kickoff_for_idle 10; }"),
    1000
  )

  effect("publishes bytes that are no RTMP, and nobody else", () =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness()
      const bad = yield* publisher("a")
      const good = yield* publisher("b")
      const viewer = yield* player("b")
      bad.send(Buffer.alloc(64, 0xff))
      yield* TestClock.adjust(1100)
      expect(bad.closed).toBe(true)
      good.media(1, 0)
      yield* TestClock.adjust(400)
      expect(viewer.played).toEqual(mediaAt(1, 0))
    })
  )
})

describe("refuses, and says why, and closes", () => {
  effect("a second publisher of a name", () =>
    Effect.gen(function* () {
      const { publisher } = yield* harness()
      const first = yield* publisher("a")
      const second = yield* publisher("a")
      yield* TestClock.adjust(1100)
      expect(second.heard().at(-1)).toBe("onStatus NetStream.Publish.BadName")
      expect(second.closed).toBe(true)
      expect(first.closed).toBe(false)
    })
  )

  effect("a vhost that is not there", () =>
    Effect.gen(function* () {
      const { publisher } = yield* harness("vhost only.example {} vhost __defaultVhost__ { enabled off; }")
      const client = yield* publisher("a", "rtmp://other.example/live")
      yield* TestClock.adjust(1100)
      expect(client.closed).toBe(true)
    })
  )

  effect("a page that refer does not name", () =>
    Effect.gen(function* () {
      const { connected } = yield* harness(vhost("refer { enabled on; play good.example; }"))
      for (const [pageUrl, closed] of [
        ["http://bad.example/x", true],
        ["http://good.example/x", false]
      ] as const) {
        const client = yield* connected("rtmp://localhost/live", { pageUrl })
        client.call(0, "createStream", 2, null)
        client.call(1, "play", 3, null, "a")
        yield* TestClock.adjust(1100)
        expect(client.closed).toBe(closed)
        if (closed) expect(client.heard().at(-1)).toBe("onStatus NetStream.Play.Failed")
      }
    })
  )

  effect("one connection more than max_connections", () =>
    Effect.gen(function* () {
      const { connected, open, sessions } = yield* harness("max_connections 2;")
      const first = yield* connected()
      yield* connected()
      const third = yield* open
      yield* tick
      expect(third.closed).toBe(true)
      expect(sessions.all().size).toBe(2)
      yield* first.connection.end
      yield* tick
      const fourth = yield* connected()
      expect(fourth.closed).toBe(false)
    })
  )
})

effect("a publisher that is taken over is told, and closed", () =>
  Effect.gen(function* () {
    const { player, publisher, registry } = yield* harness(vhost("publish { on_conflict takeover; }"))
    const first = yield* publisher("a")
    const viewer = yield* player("a")
    first.media(1, 50_000)
    yield* TestClock.adjust(400)
    const second = yield* publisher("a")
    expect(second.heard().at(-1)).toBe("onStatus NetStream.Publish.Start")
    second.media(1, 0, 1)
    yield* TestClock.adjust(1100)
    expect(first.closed).toBe(true)
    expect(first.heard().at(-1)).toContain("NetConnection.Connect.Rejected")
    expect(registry.find(key)?.publisher()).toBeDefined()
    expect(viewer.played.length).toBe(8)
    expect(viewer.closed).toBe(false)
  })
)

effect("acknowledges at half of in_ack_size, without being asked", () =>
  Effect.gen(function* () {
    const { publisher } = yield* harness(vhost("in_ack_size 5000;"))
    const client = yield* publisher("a")
    client.heard()
    for (let i = 0; i < 20; i++) client.audio(1, i, 1, ...Buffer.alloc(300))
    yield* tick
    const acknowledgements = client.reader.messages.filter(({ type }) => type === 3)
    expect(acknowledgements.length).toBeGreaterThanOrEqual(2)
    const last = Buffer.from(acknowledgements.at(-1)?.body ?? []).readUInt32BE()
    expect(client.connection.bytesOut() - last).toBeLessThan(2500 + 400)
  })
)

effect("answers a ping", () =>
  Effect.gen(function* () {
    const { connected } = yield* harness()
    const client = yield* connected()
    client.send(message(2, 4, 0, 0, Buffer.of(0, 6, 1, 2, 3, 4)))
    yield* tick
    expect(client.reader.messages.at(-1)).toMatchObject({ type: 4, body: new Uint8Array([0, 7, 1, 2, 3, 4]) })
  })
)

effect("a player that only watches holds no fiber of the server", () => {
  const { counter, service } = countFibers()
  return Effect.gen(function* () {
    const { player } = yield* harness()
    yield* player("a")
    yield* TestClock.adjust(1000)
    const before = counter.running
    const players = yield* Effect.all([player("a"), player("a"), player("a")])
    yield* TestClock.adjust(1000)
    // Each client of the test reads in one of its own.
    expect(counter.running - before).toBe(players.length)
  }).pipe(service)
})
