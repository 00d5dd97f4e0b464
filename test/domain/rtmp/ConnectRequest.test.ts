import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { amfObject, type AmfValue } from "../../../src/domain/amf/AmfValue.ts"
import { type Command, decodeCommand } from "../../../src/domain/rtmp/Command.ts"
import { connectCall, readConnect } from "../../../src/domain/rtmp/ConnectRequest.ts"

const connect = (commandObject: AmfValue, ...args: ReadonlyArray<AmfValue>): Command => ({
  name: "connect",
  transactionId: 1,
  commandObject,
  args
})

test("reads what a Flash client says", () => {
  const args = amfObject({ srs_sig: "SRS" })
  const request = Result.getOrThrow(
    readConnect(
      connect(
        amfObject({
          app: "live",
          flashVer: "WIN 32",
          swfUrl: "http://p/x.swf",
          tcUrl: "rtmp://h/live",
          pageUrl: "http://p",
          objectEncoding: 3,
          capsEx: 2
        }),
        args
      )
    )
  )
  expect(request).toMatchObject({
    transactionId: 1,
    app: "live",
    flashVer: "WIN 32",
    swfUrl: "http://p/x.swf",
    tcUrl: "rtmp://h/live",
    pageUrl: "http://p",
    objectEncoding: 3
  })
  expect(request.fields.get("capsEx")).toBe(2)
  expect(request.args).toBe(args)
})

test("needs nothing but tcUrl", () => {
  expect(Result.getOrThrow(readConnect(connect(amfObject({ tcUrl: "rtmp://h" }), "text")))).toMatchObject({
    app: "",
    pageUrl: "",
    objectEncoding: 0,
    args: undefined
  })
})

test.each([
  ["quoted", { tcUrl: '"rtmp://h/live"' }],
  ["in lower case", { tcurl: "rtmp://h/live" }],
  ["with white space", { tcUrl: " rtmp://h/live\r\n" }]
] as const)("takes a tcUrl %s", (_name, fields) => {
  expect(Result.getOrThrow(readConnect(connect(amfObject(fields)))).tcUrl).toBe("rtmp://h/live")
})

test.each([
  ["no object", null],
  ["no tcUrl", amfObject({ app: "live" })],
  ["an empty tcUrl", amfObject({ tcUrl: "" })],
  ["a number", amfObject({ tcUrl: 7 })]
])("refuses %s as error 2005", (_name, object) => {
  expect(Result.getOrThrow(Result.flip(readConnect(connect(object))))).toMatchObject({ code: 2005 })
})

test("calls as SRS does, with further fields and arguments", () => {
  const { body, ...message } = connectCall(1, {
    app: "live",
    tcUrl: "rtmp://h/live",
    flashVer: "X",
    fields: amfObject({ fourCcList: ["hvc1"], videoFunction: 9 }),
    args: amfObject({ srs_id: "abc" })
  })
  expect(message).toEqual({ chunkStreamId: 3, type: 20, streamId: 0 })
  const command = Result.getOrThrow(decodeCommand({ type: 20, bytes: body, start: 0, end: body.length }))
  expect(command).toEqual(
    connect(
      amfObject({
        app: "live",
        flashVer: "X",
        swfUrl: "",
        tcUrl: "rtmp://h/live",
        fpad: false,
        capabilities: 239,
        audioCodecs: 3575,
        videoCodecs: 252,
        videoFunction: 9,
        pageUrl: "",
        objectEncoding: 0,
        fourCcList: ["hvc1"]
      }),
      amfObject({ srs_id: "abc" })
    )
  )
})
