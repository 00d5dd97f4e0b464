import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { amfObject, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { decodeCommand, type UntimedMessage } from "../../../src/domain/rtmp/Command.ts"
import { connectPrelude, streamBegin, streamEof } from "../../../src/domain/rtmp/ControlReplies.ts"
import * as Replies from "../../../src/domain/rtmp/Replies.ts"

const read = ({ type, body }: UntimedMessage) =>
  Result.getOrThrow(decodeCommand({ type, bytes: body, start: 0, end: body.length }))

const hex = (message: UntimedMessage) => Buffer.from(message.body).toString("hex")

const signature = {
  signature: "SRS",
  server: "sluice/1",
  license: "MIT",
  url: "https://example.org",
  version: "7.0.18",
  authors: "us"
}

test("the answer to connect has SRS's properties and information, and the capabilities among the properties", () => {
  const reply = Replies.connectResult({
    transactionId: 1,
    objectEncoding: 3,
    signature,
    serverIp: "10.0.0.1",
    processId: 42,
    sessionId: "abc",
    capabilities: amfObject({ capsEx: 2 })
  })
  expect(reply).toMatchObject({ chunkStreamId: 3, type: 20, streamId: 0 })
  expect(read(reply)).toEqual({
    name: "_result",
    transactionId: 1,
    commandObject: amfObject({ fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1, capsEx: 2 }),
    args: [
      amfObject({
        level: "status",
        code: "NetConnection.Connect.Success",
        description: "Connection succeeded",
        objectEncoding: 3,
        data: ecmaArray({
          version: "3,5,3,888",
          srs_sig: "SRS",
          srs_server: "sluice/1",
          srs_license: "MIT",
          srs_url: "https://example.org",
          srs_version: "7.0.18",
          srs_authors: "us",
          srs_server_ip: "10.0.0.1",
          srs_pid: 42,
          srs_id: "abc"
        })
      })
    ]
  })
})

test("the prelude of connect is window, bandwidth and chunk size", () => {
  expect(
    connectPrelude(2_500_000, 60_000).map((message) => [message.chunkStreamId, message.type, hex(message)])
  ).toEqual([
    [2, 5, "002625a0"],
    [2, 6, "002625a002"],
    [2, 1, "0000ea60"]
  ])
  expect([hex(streamBegin(1)), hex(streamEof(1))]).toEqual(["000000000001", "000100000001"])
})

const status = (code: string, description: string, extra = {}) => ({
  name: "onStatus",
  transactionId: 0,
  commandObject: null,
  args: [amfObject({ level: "status", code, description, ...extra, clientid: "ASAICiss" })]
})

test.each([
  [Replies.publishStarted(3), status("NetStream.Publish.Start", "Started publishing stream.")],
  [Replies.publishStopped(3), status("NetStream.Unpublish.Success", "Stream is now unpublished")],
  [Replies.playPaused(3), status("NetStream.Pause.Notify", "Paused stream.")],
  [Replies.playUnpaused(3), status("NetStream.Unpause.Notify", "Unpaused stream.")],
  [Replies.playStopped(3), status("NetStream.Play.Stop", "Stopped playing stream.", { details: "stream" })],
  [Replies.playStarted(3)[0], status("NetStream.Play.Reset", "Playing and resetting stream.", { details: "stream" })],
  [Replies.playStarted(3)[1], status("NetStream.Play.Start", "Started playing stream.", { details: "stream" })]
])("a status goes out on the stream's own id, %#", (message, expected) => {
  expect(message).toMatchObject({ chunkStreamId: 5, type: 20, streamId: 3 })
  expect(read(message)).toEqual(expected)
})

test("play ends its greeting with access to samples", () => {
  // AMF0: string "|RtmpSampleAccess", true, true.
  const [, , access, ...more] = Replies.playStarted(3)
  expect(more).toEqual([])
  expect(access).toMatchObject({ type: 18, streamId: 3 })
  expect(hex(access)).toBe("0200117c52746d7053616d706c6541636365737301010101")
})

test("refusals have level error and a description", () => {
  const busy = read(Replies.refused(1, "NetStream.Publish.BadName", "busy")).args[0]
  expect(busy).toEqual(
    amfObject({ level: "error", code: "NetStream.Publish.BadName", description: "busy", clientid: "ASAICiss" })
  )
  const rejected = read(Replies.connectRejected(1, "no"))
  expect([rejected.name, rejected.transactionId, rejected.args[0]]).toEqual([
    "_error",
    1,
    amfObject({ level: "error", code: "NetConnection.Connect.Rejected", description: "no" })
  ])
  expect(read(Replies.connectionRejected("no")).args[0]).toEqual(rejected.args[0])
})

test("names the old and the new place in a reconnect request", () => {
  const code = "NetConnection.Connect.ReconnectRequest"
  expect(read(Replies.reconnectRequested("", "update")).args[0]).toEqual(
    amfObject({ level: "status", code, description: "update" })
  )
  expect(read(Replies.reconnectRequested("rtmp://b/live", "update")).args[0]).toEqual(
    amfObject({ level: "status", code, tcUrl: "rtmp://b/live", description: "update" })
  )
})

test("FMLE's events and onBWDone carry no transaction", () => {
  expect(read(Replies.onBWDone)).toEqual({ name: "onBWDone", transactionId: 0, commandObject: null, args: [] })
  expect(read(Replies.onFCPublish(1)).args[0]).toEqual(
    amfObject({ code: "NetStream.Publish.Start", description: "Started publishing stream." })
  )
  expect(read(Replies.onFCUnpublish(1)).args[0]).toEqual(
    amfObject({ code: "NetStream.Unpublish.Success", description: "Stop publishing stream." })
  )
})
