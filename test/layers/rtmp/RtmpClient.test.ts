import { describe, expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { type AmfObject, amfObject, type AmfValue } from "../../../src/domain/amf/AmfValue.ts"
import type { RtmpMessage } from "../../../src/domain/rtmp/ChunkReader.ts"
import { connectionCommand, streamCommand } from "../../../src/domain/rtmp/Command.ts"
import { protocolControl, userControl } from "../../../src/domain/rtmp/ControlReplies.ts"
import * as Replies from "../../../src/domain/rtmp/Replies.ts"
import * as RtmpClientLayer from "../../../src/layers/rtmp/RtmpClient.ts"
import type { RtmpPeer } from "../../../src/layers/rtmp/RtmpPeer.ts"
import * as Memory from "../../../src/layers/transport/Memory.ts"
import { type EndError, RtmpClient, type Subscription } from "../../../src/services/RtmpClient.ts"
import { type Connection, Transport } from "../../../src/services/Transport.ts"
import { effect, mustEndAtZero } from "../../support/effect.ts"
import { type Heard, scriptedRtmp } from "../../support/scriptedRtmp.ts"

const status = (streamId: number, code: string, level = "status") =>
  streamCommand(streamId, "onStatus", 0, amfObject({ level, code, description: `says ${code}` }))

const connected = (heard: Heard) =>
  connectionCommand(
    "_result",
    heard.command.transactionId,
    amfObject({ fmsVer: "FMS/3", capsEx: 2 }),
    amfObject({ level: "status", code: "NetConnection.Connect.Success", data: amfObject({ srs_id: "x" }) })
  )

/** Agrees to everything, on stream 7. */
const agree = (heard: Heard, peer: RtmpPeer): void => {
  if (heard.name === "connect") peer.send(connected(heard))
  if (heard.name === "createStream") peer.send(Replies.callResult(heard.command.transactionId, 7))
  if (heard.name === "publish") peer.send(status(7, "NetStream.Publish.Start"))
  if (heard.name === "play") peer.send(status(7, "NetStream.Play.Start"))
}

const hangUp = (connection: Connection): void => (connection as Memory.MemoryConnection).close("gone")

type Answer = (heard: Heard, peer: RtmpPeer, connection: Connection) => void

/** A server at port 1935 of a network of its own, and a client in the same. */
const harness = (answer: Answer = agree, network: Memory.MemoryNetwork = {}) =>
  Effect.gen(function* () {
    const transport = Memory.make(network)
    const heard: Array<Heard> = []
    const media: Array<RtmpMessage> = []
    const open = { count: 0 }
    const server: { peer?: RtmpPeer; connection?: Connection } = {}
    yield* mustEndAtZero("connections", () => open.count)
    const serve = scriptedRtmp({
      onCommand: (command, peer, connection) => {
        heard.push(command)
        Object.assign(server, { peer, connection })
        answer(command, peer, connection)
      },
      onMedia: (message) => media.push(message),
      onEnd: () => open.count--
    })
    yield* transport.listen({ host: "", port: 1935 }, {}, (connection) => {
      open.count++
      return serve(connection)
    })
    const layer = RtmpClientLayer.layer.pipe(Layer.provide(Layer.succeed(Transport, transport)))
    const client = yield* Effect.provide(RtmpClient, yield* Layer.build(layer))
    const peer = () => server.peer as RtmpPeer
    return { client, heard, media, open, peer, transport, connection: () => server.connection as Connection }
  })

const names = (heard: ReadonlyArray<Heard>) => heard.map(({ name }) => name)

const runUntilEnd = (subscription: Subscription, seen: Array<string>) =>
  Effect.forkScoped(
    Effect.flip(
      subscription.run(
        ({ type, timestamp, bytes, start, end }) =>
          seen.push(`${type} ${timestamp} ${Buffer.from(bytes.subarray(start, end)).toString()}`),
        () => seen.push("read")
      )
    )
  )

/** Sends media as the server. */
const media = (peer: RtmpPeer, type: number, text: string): void =>
  peer.send({ chunkStreamId: 6, type, streamId: 7, body: Buffer.from(text) })

describe("publish", () => {
  effect("goes through FMLE's sequence with SRS's connect", () =>
    Effect.gen(function* () {
      const { client, heard } = yield* harness()
      const publication = yield* client.publish("rtmp://u:p@h/live/inst/cam?vhost=v.com&t=1", {
        connectFields: amfObject({ capsEx: 15 }),
        connectArgs: amfObject({ srs_id: "me" })
      })
      expect(names(heard)).toEqual(["connect", "releaseStream", "FCPublish", "createStream", "publish"])
      const object = heard[0].command.commandObject as AmfObject
      expect([object.get("app"), object.get("tcUrl"), object.get("capsEx"), object.get("flashVer")]).toEqual([
        "live/inst",
        "rtmp://v.com/live/inst",
        15,
        "WIN 15,0,0,239"
      ])
      expect(heard[0].args).toEqual([amfObject({ srs_id: "me" })])
      expect(heard[4]).toMatchObject({ streamId: 7, args: ["cam?t=1", "live"] })
      expect(publication.streamId).toBe(7)
      expect(publication.server.properties.get("capsEx")).toBe(2)
      expect(publication.server.information.get("data")).toEqual(amfObject({ srs_id: "x" }))
    })
  )

  effect("sends each kind of media on its chunk stream, whatever its size and time", () =>
    Effect.gen(function* () {
      const { client, media } = yield* harness()
      const publication = yield* client.publish("rtmp://h/live/cam", { chunkSize: 200 })
      const large = new Uint8Array(1000).fill(9)
      publication.send({ type: 18, timestamp: 0, body: Uint8Array.of(1) })
      publication.send({ type: 8, timestamp: 16_777_215, body: large })
      publication.send({ type: 9, timestamp: 0xffffffff, body: Uint8Array.of(2) })
      yield* publication.drained
      expect(media.map((m) => [m.type, m.chunkStreamId, m.streamId, m.timestamp, m.end - m.start])).toEqual([
        [18, 4, 7, 0, 1],
        [8, 7, 7, 16_777_215, 1000],
        [9, 6, 7, 0xffffffff, 1]
      ])
      expect(publication.queuedBytes()).toBe(0)
    })
  )

  effect("unpublishes and closes with its scope", () =>
    Effect.gen(function* () {
      const { client, heard, open } = yield* harness()
      yield* Effect.scoped(client.publish("rtmp://h/live/cam"))
      expect(names(heard).slice(5)).toEqual(["FCUnpublish", "deleteStream"])
      expect(heard[6].args).toEqual([7])
      yield* TestClock.adjust(0)
      expect(open.count).toBe(0)
    })
  )
})

describe("a publication ends", () => {
  const cases: ReadonlyArray<readonly [string, (peer: RtmpPeer, connection: Connection) => void, Partial<EndError>]> = [
    [
      "when the server unpublishes it",
      (peer) => peer.send(status(7, "NetStream.Unpublish.Success")),
      { _tag: "RtmpStopped" }
    ],
    [
      "when the server reports an error",
      (peer) => peer.send(status(7, "NetStream.Publish.BadName", "error")),
      { _tag: "RtmpRefused", code: "NetStream.Publish.BadName", description: "says NetStream.Publish.BadName" }
    ],
    [
      "when the server asks to come again",
      (peer) => peer.send(status(0, "NetConnection.Connect.ReconnectRequest")),
      { _tag: "RtmpStopped", code: "NetConnection.Connect.ReconnectRequest" }
    ],
    [
      "when the server sends nonsense",
      (_peer, connection) => connection.write(Uint8Array.of(0xff)),
      { _tag: "RtmpFailed" }
    ],
    [
      "when a command is malformed",
      (peer) => peer.send({ chunkStreamId: 3, type: 20, streamId: 0, body: Uint8Array.of(5) }),
      { _tag: "RtmpFailed" }
    ],
    ["when the server goes away", (_peer, connection) => hangUp(connection), { _tag: "ConnectionClosed" }]
  ]
  for (const [name, act, expected] of cases) {
    effect(name, () =>
      Effect.gen(function* () {
        const { client, connection, peer } = yield* harness()
        const publication = yield* client.publish("rtmp://h/live/cam")
        yield* TestClock.adjust(0)
        act(peer(), connection())
        expect(yield* Effect.flip(Deferred.await(publication.ended))).toMatchObject(expected)
      })
    )
  }
})

describe("a server that does not agree", () => {
  const refusing =
    (name: string, reply: (heard: Heard) => Parameters<RtmpPeer["send"]>[0]): Answer =>
    (heard, peer) =>
      heard.name === name ? peer.send(reply(heard)) : agree(heard, peer)
  const rejected = (heard: Heard) => Replies.connectRejected(heard.command.transactionId, "no such app")
  const error = (heard: Heard) => Replies.callError(heard.command.transactionId, "NetConnection.Call.Failed", "no")
  const cases: ReadonlyArray<readonly [string, Answer, object]> = [
    ["rejects connect", refusing("connect", rejected), { _tag: "RtmpRefused", description: "no such app" }],
    ["fails createStream", refusing("createStream", error), { _tag: "RtmpRefused", code: "NetConnection.Call.Failed" }],
    [
      "answers createStream with nothing",
      refusing("createStream", (h) => Replies.callResult(h.command.transactionId, null)),
      { _tag: "RtmpFailed" }
    ],
    [
      "says BadName",
      refusing("publish", () => status(7, "NetStream.Publish.BadName", "error")),
      { _tag: "RtmpRefused", code: "NetStream.Publish.BadName" }
    ],
    ["closes", (_heard, _peer, connection) => hangUp(connection), { _tag: "ConnectionClosed" }]
  ]
  for (const [name, answer, expected] of cases) {
    effect(`${name}: the client's error says so, and its connection is closed`, () =>
      Effect.gen(function* () {
        const { client, open } = yield* harness(answer)
        expect(yield* Effect.flip(client.publish("rtmp://u:secret@h/live/cam"))).toMatchObject(expected)
        yield* TestClock.adjust(0)
        expect(open.count).toBe(0)
      })
    )
  }

  effect("by failing releaseStream is not taken seriously", () =>
    Effect.gen(function* () {
      const { client } = yield* harness(refusing("releaseStream", error))
      expect((yield* client.publish("rtmp://h/live/cam")).streamId).toBe(7)
    })
  )

  effect("by silence is given up after the time allowed", () =>
    Effect.gen(function* () {
      const { client, open } = yield* harness((heard, peer) => heard.name !== "publish" && agree(heard, peer))
      const fiber = yield* Effect.forkChild(
        Effect.flip(client.publish("rtmp://u:secret@h/live/cam", { timeoutMillis: 3000 }))
      )
      yield* TestClock.adjust(2999)
      expect(open.count).toBe(1)
      yield* TestClock.adjust(1)
      const failure = yield* Fiber.join(fiber)
      expect(failure).toMatchObject({ _tag: "RtmpFailed", reason: "no consent within 3000 ms" })
      expect(failure.message).not.toContain("secret")
      yield* TestClock.adjust(0)
      expect(open.count).toBe(0)
    })
  )

  effect("by not speaking RTMP", () =>
    Effect.gen(function* () {
      const { client, transport } = yield* harness()
      yield* transport.listen({ host: "", port: 80 }, {}, (connection) =>
        Effect.andThen(
          Effect.sync(() => connection.write(Buffer.from("HTTP/1.1 400\r\n\r\n"))),
          connection.closed
        )
      )
      expect(yield* Effect.flip(client.play("rtmp://h:80/live/cam"))).toMatchObject({ _tag: "RtmpFailed" })
    })
  )

  effect("because nobody listens, or the URL is none", () =>
    Effect.gen(function* () {
      const { client } = yield* harness()
      expect(yield* Effect.flip(client.play("rtmp://h:9/live/cam"))).toMatchObject({ _tag: "TransportFailed" })
      expect(yield* Effect.flip(client.play("http://h/live/cam"))).toMatchObject({ _tag: "BadStreamUrl" })
    })
  )
})

describe("play", () => {
  effect("delivers what came before it is run, then what comes, read by read, until the end", () =>
    Effect.gen(function* () {
      const { client, heard, peer } = yield* harness((heard, peer) => {
        if (heard.name === "play") media(peer, 18, "early")
        agree(heard, peer)
        if (heard.name === "play") media(peer, 9, "also early")
      })
      const subscription = yield* client.play("rtmp://h/live/cam?vhost=v&t=1")
      expect(heard.at(-1)).toMatchObject({ name: "play", streamId: 7, args: ["cam?vhost=v&t=1"] })
      const seen: Array<string> = []
      const fiber = yield* runUntilEnd(subscription, seen)
      yield* TestClock.adjust(0)
      expect(seen.splice(0)).toEqual(["18 0 early", "9 0 also early", "read"])
      media(peer(), 9, "one")
      yield* TestClock.adjust(0)
      media(peer(), 22, "two")
      yield* TestClock.adjust(0)
      expect(seen.splice(0)).toEqual(["9 0 one", "read", "22 0 two", "read"])
      peer().send(status(7, "NetStream.Play.PublishNotify"))
      peer().send(status(7, "NetStream.Play.UnpublishNotify"))
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "RtmpStopped", code: "NetStream.Play.UnpublishNotify" })
    })
  )

  effect("calls on its stream", () =>
    Effect.gen(function* () {
      const { client, heard } = yield* harness()
      const subscription = yield* client.play("rtmp://h/live/cam")
      subscription.call("pause", true, 1000)
      yield* TestClock.adjust(0)
      expect(heard.at(-1)).toMatchObject({ name: "pause", streamId: 7, args: [true, 1000] })
    })
  )

  effect("acknowledges at half the window and answers pings", () =>
    Effect.gen(function* () {
      const { client, connection, peer } = yield* harness()
      const subscription = yield* client.play("rtmp://h/live/cam")
      yield* runUntilEnd(subscription, [])
      peer().send(protocolControl({ _tag: "WindowAcknowledgementSize", value: 2000 }))
      yield* TestClock.adjust(0)
      const before = connection().bytesIn()
      peer().send(userControl({ _tag: "PingRequest", value: 77 }))
      yield* TestClock.adjust(0)
      // A response: chunk header 12 bytes, event 2, time 4.
      expect(connection().bytesIn() - before).toBe(18)
      media(peer(), 9, "x".repeat(900))
      yield* TestClock.adjust(0)
      // An acknowledgement: chunk header 12 bytes, sequence number 4.
      expect(connection().bytesIn() - before).toBe(18 + 16)
    })
  )

  effect("works over a network that delivers byte by byte", () =>
    Effect.gen(function* () {
      const split = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))
      for (const handshake of ["simple", "complex"] as const) {
        const { client, peer } = yield* harness(agree, { split })
        const subscription = yield* client.play("rtmp://h/live/cam", { handshake })
        const seen: Array<string> = []
        yield* runUntilEnd(subscription, seen)
        media(peer(), 9, "frame")
        yield* TestClock.adjust(0)
        expect(seen.filter((line) => line !== "read")).toEqual(["9 0 frame"])
      }
    })
  )

  effect("bounds what the server sends before it agrees", () =>
    Effect.gen(function* () {
      const { client } = yield* harness((heard, peer) => {
        if (heard.name !== "play") return agree(heard, peer)
        for (let count = 0; count < 5; count++) media(peer, 9, "x".repeat(1024 * 1024))
      })
      expect(yield* Effect.flip(client.play("rtmp://h/live/cam"))).toMatchObject({ reason: "media without consent" })
    })
  )
})

describe("authentication", () => {
  const describeReject = (query: string) => `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=${query}`

  /** Adobe's three steps; `end` answers the third connect. */
  const guarded = (end: Answer) => {
    const apps: Array<AmfValue> = []
    const answer: Answer = (heard, peer, connection) => {
      if (heard.name !== "connect") return agree(heard, peer)
      const object = heard.command.commandObject as AmfObject
      apps.push(object.get("app"))
      expect(object.get("tcUrl")).toBe(`rtmp://h/${String(object.get("app"))}`)
      const reject = (text: string) => peer.send(Replies.connectRejected(heard.command.transactionId, text))
      if (apps.length === 1) return reject("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] :")
      if (apps.length === 2) return reject(describeReject("needauth&user=joe&salt=s&challenge=c&opaque=o"))
      return end(heard, peer, connection)
    }
    return { answer, apps }
  }

  effect("shows the password on the third connection, and the first two are closed", () =>
    Effect.gen(function* () {
      const { answer, apps } = guarded(agree)
      const { client, open } = yield* harness(answer)
      yield* client.publish("rtmp://joe:secret@h/live/cam")
      yield* TestClock.adjust(0)
      expect(open.count).toBe(1)
      expect(apps[0]).toBe("live")
      expect(apps[1]).toBe("live?authmod=adobe&user=joe")
      expect(apps[2]).toMatch(/^live\?authmod=adobe&user=joe&challenge=[0-9a-f]{8}&response=[\w+/]{22}==&opaque=o$/)
    })
  )

  effect("gives up when the password is wrong", () =>
    Effect.gen(function* () {
      const { answer, apps } = guarded((heard, peer) =>
        peer.send(Replies.connectRejected(heard.command.transactionId, describeReject("authfailed&opaque=o")))
      )
      const { client } = yield* harness(answer)
      expect(yield* Effect.flip(client.publish("rtmp://joe:secret@h/live/cam"))).toMatchObject({
        _tag: "RtmpUnauthorized",
        reason: "authentication: wrong user or password"
      })
      expect(apps.length).toBe(3)
    })
  )

  effect("gives up when the server asks for ever", () =>
    Effect.gen(function* () {
      const { answer, apps } = guarded((heard, peer) =>
        peer.send(Replies.connectRejected(heard.command.transactionId, describeReject("needauth&salt=s")))
      )
      const { client } = yield* harness(answer)
      expect(yield* Effect.flip(client.publish("rtmp://joe:secret@h/live/cam"))).toMatchObject({
        _tag: "RtmpUnauthorized"
      })
      expect(apps.length).toBe(3)
    })
  )
})

effect("an interrupted beginning leaves no connection behind", () =>
  Effect.gen(function* () {
    const { client, open } = yield* harness((heard, peer) => heard.name === "connect" && agree(heard, peer))
    const scope = yield* Scope.make()
    const fiber = yield* Effect.forkChild(Scope.provide(client.publish("rtmp://h/live/cam"), scope))
    yield* TestClock.adjust(0)
    expect(open.count).toBe(1)
    yield* Fiber.interrupt(fiber)
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust(0)
    expect(open.count).toBe(0)
  })
)
