import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { AmfObject, type AmfValue } from "../../../src/domain/amf/AmfValue.ts"
import { decodeCommand, stringMember, type UntimedMessage } from "../../../src/domain/rtmp/Command.ts"
import { CommandDialogue, maxStreamsPerConnection } from "../../../src/domain/rtmp/CommandDialogue.ts"

/** A reply in one line: `_result 4 1`, `onStatus@1 NetStream.Publish.Start`, `control 0000…`. */
const show = ({ type, streamId, body }: UntimedMessage): string => {
  if (type === 4) return `control ${Buffer.from(body).toString("hex")}`
  const command = Result.getOrThrow(decodeCommand({ type, bytes: body, start: 0, end: body.length }))
  const value = command.args[0]
  const said = value instanceof AmfObject ? stringMember(value, "code") : String(value)
  return streamId === 0 ? `${command.name} ${command.transactionId} ${said}` : `${command.name}@${streamId} ${said}`
}

const client = () => {
  const dialogue = new CommandDialogue()
  const call = (name: string, transactionId: number, streamId = 0, ...args: ReadonlyArray<AmfValue>) => {
    const { replies, events } = dialogue.accept({ name, transactionId, commandObject: null, args }, streamId)
    return { replies: replies.map(show), events }
  }
  return { call, dialogue }
}

const unpublished = "NetStream.Unpublish.Success"

describe("publishing", () => {
  test("as OBS and FFmpeg do", () => {
    const { call } = client()
    expect(call("releaseStream", 2, 0, "cam?t=1")).toEqual({ replies: ["_result 2 undefined"], events: [] })
    expect(call("FCPublish", 3, 0, "cam?t=1")).toEqual({ replies: ["_result 3 undefined"], events: [] })
    expect(call("createStream", 4)).toEqual({ replies: ["_result 4 1"], events: [] })
    expect(call("_checkbw", 5)).toEqual({ replies: ["_result 5 null"], events: [] })
    expect(call("publish", 6, 1, "cam?t=1", "live")).toEqual({
      replies: ["onFCPublish@1 NetStream.Publish.Start"],
      events: [{ kind: "publish", streamId: 1, type: "fmle-publish", name: "cam?t=1" }]
    })
    expect(call("FCUnpublish", 7, 0, "cam?t=1")).toEqual({
      replies: [`onFCUnpublish@1 ${unpublished}`, "_result 7 undefined", `onStatus@1 ${unpublished}`],
      events: [{ kind: "unpublish", streamId: 1 }]
    })
    expect(call("deleteStream", 8, 0, 1)).toEqual({ replies: [], events: [] })
  })

  test("as GStreamer does, which wants no answers", () => {
    const { call } = client()
    expect(call("releaseStream", 0, 0, "cam").replies).toEqual([])
    expect(call("FCPublish", 0, 0, "cam").replies).toEqual([])
    expect(call("createStream", 2).replies).toEqual(["_result 2 1"])
    expect(call("publish", 0, 1, "cam", "live").events).toMatchObject([{ kind: "publish", type: "fmle-publish" }])
  })

  test.each(["releaseStream", "FCPublish"])("with only %s before it", (name) => {
    const { call } = client()
    call(name, 2, 0, "cam")
    call("createStream", 3)
    expect(call("publish", 4, 1, "cam").events).toMatchObject([{ type: "fmle-publish", name: "cam" }])
  })

  test("as Flash does", () => {
    const { call } = client()
    call("createStream", 2)
    expect(call("publish", 3, 1, "cam", "live")).toEqual({
      replies: [],
      events: [{ kind: "publish", streamId: 1, type: "flash-publish", name: "cam" }]
    })
    expect(call("closeStream", 0, 1)).toEqual({
      replies: [`onStatus@1 ${unpublished}`],
      events: [{ kind: "unpublish", streamId: 1 }]
    })
    expect(call("publish", 0, 1, "cam", "live").events).toMatchObject([{ kind: "publish", type: "flash-publish" }])
    expect(call("publish", 0, 1, false).events).toEqual([{ kind: "unpublish", streamId: 1 }])
  })

  test("as Haivision does", () => {
    const { call } = client()
    call("createStream", 2)
    call("releaseStream", 3, 0, "cam")
    call("FCPublish", 4, 0, "cam")
    expect(call("publish", 5, 1, "cam")).toEqual({
      replies: ["onFCPublish@1 NetStream.Publish.Start"],
      events: [{ kind: "publish", streamId: 1, type: "haivision-publish", name: "cam" }]
    })
  })

  test("without createStream, on stream 1", () => {
    expect(client().call("publish", 2, 0, "cam").events).toMatchObject([{ kind: "publish", streamId: 1 }])
  })

  test("on a stream id that was never created, as the client wants it", () => {
    const { call } = client()
    expect(call("publish", 2, 5, "cam").events).toMatchObject([{ kind: "publish", streamId: 5 }])
    expect(call("createStream", 3).replies).toEqual(["_result 3 1"])
  })

  test.each([
    ["cam", "cam?t=1", "cam?t=1"],
    ["", "cam", "cam"],
    [undefined, "cam", "cam"],
    ["cam?t=2", "cam?t=1", "cam?t=2"],
    ["camera", "cam", "camera"],
    ["cam", "camera?t=1", "cam"]
  ])("named %p after FCPublish of %p takes %p", (published, announced, name) => {
    const { call } = client()
    call("FCPublish", 2, 0, announced)
    expect(call("publish", 3, 1, published).events).toMatchObject([{ name }])
  })

  test("again on the same connection, with FCPublish alone", () => {
    const { call } = client()
    for (let round = 0; round < 3; round++) {
      call("FCPublish", 2, 0, "cam")
      if (round === 0) call("createStream", 3)
      expect(call("publish", 4, 1, "cam").events).toEqual([
        { kind: "publish", streamId: 1, type: "fmle-publish", name: "cam" }
      ])
      expect(call("FCUnpublish", 5, 0, "cam").events).toEqual([{ kind: "unpublish", streamId: 1 }])
    }
  })

  test("again without having stopped ends the first", () => {
    const { call } = client()
    call("createStream", 2)
    call("publish", 3, 1, "cam")
    expect(call("publish", 4, 1, "other").events.map((event) => event.kind)).toEqual(["unpublish", "publish"])
    call("createStream", 5)
    expect(call("publish", 6, 2, "other?t=1").events).toMatchObject([
      { kind: "unpublish", streamId: 1 },
      { kind: "publish", streamId: 2 }
    ])
  })

  test("goes on when FCPublish comes late, and for FCUnpublish of another of its streams", () => {
    const { call } = client()
    call("createStream", 2)
    call("createStream", 3)
    call("publish", 4, 1, "a")
    expect(call("FCPublish", 5, 0, "a").events).toEqual([])
    call("publish", 6, 2, "b")
    expect(call("FCUnpublish", 7, 0, "b?x").events).toEqual([{ kind: "unpublish", streamId: 2 }])
    expect(call("FCUnpublish", 8, 0, "c").events).toEqual([{ kind: "unpublish", streamId: 1 }])
    expect(call("FCUnpublish", 9, 0, "a")).toEqual({ replies: ["_result 9 undefined"], events: [] })
  })

  test("takes media sent on another stream id while there is no doubt", () => {
    const { call, dialogue } = client()
    expect(dialogue.publishingStream(1)).toBeUndefined()
    call("createStream", 2)
    call("createStream", 3)
    call("publish", 4, 1, "a")
    expect([0, 1, 2, 9].map((id) => dialogue.publishingStream(id))).toEqual([1, 1, 1, 1])
    call("publish", 5, 2, "b")
    expect([0, 1, 2, 9].map((id) => dialogue.publishingStream(id))).toEqual([undefined, 1, 2, undefined])
    dialogue.ended(2)
    expect(dialogue.publishingStream(2)).toBe(1)
    call("deleteStream", 0, 0, 1)
    expect(dialogue.publishingStream(1)).toBeUndefined()
  })
})

describe("playing", () => {
  test("as FFmpeg does", () => {
    const { call } = client()
    call("createStream", 2)
    expect(call("FCSubscribe", 3, 0, "cam").replies).toEqual(["_result 3 null"])
    expect(call("getStreamLength", 4, 0, "cam").replies).toEqual(["_result 4 null"])
    expect(call("play", 5, 1, "cam?t=1", -2000)).toEqual({
      replies: [],
      events: [
        {
          kind: "play",
          streamId: 1,
          type: "rtmp-play",
          name: "cam?t=1",
          start: -2000,
          durationMillis: -1,
          reset: true
        }
      ]
    })
  })

  test.each([
    [[], { name: "", start: -2, durationMillis: -1, reset: true }],
    [["a", 0, 5000, false], { name: "a", start: 0, durationMillis: 5000, reset: false }],
    [["a", null, undefined, 0], { name: "a", start: -2, durationMillis: -1, reset: false }],
    [["a", "x", true, 1], { name: "a", start: -2, durationMillis: -1, reset: true }]
  ] as const)("with arguments %j", (args, expected) => {
    expect(client().call("play", 1, 0, ...args).events).toMatchObject([{ streamId: 1, ...expected }])
  })

  test("pauses and goes on", () => {
    const { call } = client()
    call("createStream", 2)
    call("play", 3, 1, "cam")
    expect(call("pause", 0, 1, true, 1000)).toEqual({
      replies: ["onStatus@1 NetStream.Pause.Notify", "control 000100000001"],
      events: [{ kind: "pause", streamId: 1, paused: true }]
    })
    expect(call("pause", 0, 1, false, 1000)).toEqual({
      replies: ["onStatus@1 NetStream.Unpause.Notify", "control 000000000001"],
      events: [{ kind: "pause", streamId: 1, paused: false }]
    })
    expect(call("seek", 4, 1, 5000)).toEqual({
      replies: ["_result 4 null"],
      events: [{ kind: "seek", streamId: 1, millis: 5000 }]
    })
    expect(call("receiveAudio", 5, 1, false)).toEqual({ replies: ["_result 5 null"], events: [] })
    expect(call("receiveAudio", 0, 1, false)).toEqual({ replies: [], events: [] })
  })

  test("closes the stream and plays again on it", () => {
    const { call } = client()
    call("createStream", 2)
    call("play", 3, 1, "a")
    expect(call("closeStream", 0, 1)).toEqual({ replies: [], events: [{ kind: "stop", streamId: 1 }] })
    expect(call("closeStream", 0, 1)).toEqual({ replies: [], events: [] })
    expect(call("play", 4, 1, "b").events).toMatchObject([{ kind: "play", streamId: 1, name: "b" }])
    expect(call("play", 5, 1, "c").events.map((event) => event.kind)).toEqual(["stop", "play"])
    expect(call("play", 0, 1, false).events).toEqual([{ kind: "stop", streamId: 1 }])
  })

  test("several streams at a time", () => {
    const { call } = client()
    expect([2, 3, 4].map((id) => call("createStream", id).replies)).toEqual([
      ["_result 2 1"],
      ["_result 3 2"],
      ["_result 4 3"]
    ])
    call("play", 5, 1, "a")
    call("play", 6, 2, "b")
    call("publish", 7, 3, "c")
    expect(call("pause", 0, 2, true).events).toEqual([{ kind: "pause", streamId: 2, paused: true }])
    expect(call("pause", 8, 0, true)).toEqual({ replies: ["_result 8 null"], events: [] })
    expect(call("deleteStream", 0, 0, 1).events).toEqual([{ kind: "stop", streamId: 1 }])
    expect(call("closeStream", 0, 3).events).toEqual([{ kind: "unpublish", streamId: 3 }])
    expect(call("createStream", 9).replies).toEqual(["_result 9 4"])
  })
})

test("allows so many streams, and as many again once they are deleted", () => {
  const { call } = client()
  for (let id = 1; id <= maxStreamsPerConnection; id++)
    expect(call("createStream", 2).replies).toEqual([`_result 2 ${id}`])
  expect(call("createStream", 2).replies).toEqual(["_error 2 NetConnection.Call.Failed"])
  expect(call("publish", 2, 999, "cam").events).toMatchObject([{ streamId: maxStreamsPerConnection }])
  call("deleteStream", 0, 0, 1)
  expect(call("createStream", 2).replies).toEqual([`_result 2 ${maxStreamsPerConnection + 1}`])
})

test("ignores answers, and streams that are not there", () => {
  const { call } = client()
  for (const name of ["_result", "_error"]) expect(call(name, 9)).toEqual({ replies: [], events: [] })
  expect(call("deleteStream", 2, 0, 7)).toEqual({ replies: [], events: [] })
  expect(call("closeStream", 2, 7)).toEqual({ replies: [], events: [] })
  expect(call("pause", 2, 7, true)).toEqual({ replies: ["_result 2 null"], events: [] })
})

test("each unpublish and stop follows its publish or play, whatever is called", () => {
  let seed = 11
  const next = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) % below
  const names = [
    "createStream",
    "releaseStream",
    "FCPublish",
    "FCUnpublish",
    "publish",
    "play",
    "pause",
    "seek",
    "closeStream",
    "deleteStream",
    "x"
  ]
  const values: ReadonlyArray<AmfValue> = [
    "a",
    "a?t",
    "b",
    1,
    2,
    false,
    true,
    null,
    undefined,
    Number.NaN,
    new AmfObject(),
    -1
  ]
  for (let run = 0; run < 300; run++) {
    const { call } = client()
    const busy = new Map<number, string>()
    for (let step = 0; step < 60; step++) {
      const args = Array.from({ length: next(3) }, () => values[next(values.length)])
      for (const event of call(names[next(names.length)], next(3), next(4), ...args).events) {
        const { kind, streamId } = event
        if (kind === "publish" || kind === "play") {
          expect(busy.has(streamId)).toBe(false)
          busy.set(streamId, kind)
        } else if (kind === "unpublish" || kind === "stop") {
          expect(busy.get(streamId)).toBe(kind === "stop" ? "play" : "publish")
          busy.delete(streamId)
        } else expect(busy.get(streamId)).toBe("play")
      }
    }
  }
})
