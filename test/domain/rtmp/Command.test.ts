import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { AmfObject, amfObject } from "../../../src/domain/amf/AmfValue.ts"
import {
  booleanArgument,
  type Command,
  connectionCommand,
  decodeCommand,
  encodeCommand,
  numberArgument,
  streamCommand,
  stringArgument
} from "../../../src/domain/rtmp/Command.ts"

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"))

const decode = (hex: string, type = 20) => {
  const bytes = fromHex(hex)
  return decodeCommand({ type, bytes, start: 0, end: bytes.length })
}

/** Bytes after AMF 0 §2 by hand: string 02, number 00, null 05, undefined 06, boolean 01, object 03 … 00 00 09. */
const table: ReadonlyArray<readonly [string, string, Command]> = [
  [
    "createStream",
    "02 000c 63726561746553747265616d  00 4000000000000000  05",
    { name: "createStream", transactionId: 2, commandObject: null, args: [] }
  ],
  [
    "publish",
    "02 0007 7075626c697368  00 4014000000000000  05  02 0003 63616d  02 0004 6c697665",
    { name: "publish", transactionId: 5, commandObject: null, args: ["cam", "live"] }
  ],
  [
    "play as FFmpeg sends it",
    "02 0004 706c6179  00 0000000000000000  05  02 0003 63616d  00 c09f400000000000",
    { name: "play", transactionId: 0, commandObject: null, args: ["cam", -2000] }
  ],
  [
    "pause",
    "02 0005 7061757365  00 0000000000000000  05  01 01  00 408f400000000000",
    { name: "pause", transactionId: 0, commandObject: null, args: [true, 1000] }
  ],
  [
    "a result with undefined",
    "02 0007 5f726573756c74  00 3ff0000000000000  05  06",
    { name: "_result", transactionId: 1, commandObject: null, args: [undefined] }
  ],
  [
    "onStatus",
    "02 0008 6f6e537461747573  00 0000000000000000  05  03 0004 636f6465 02 0001 78 000009",
    { name: "onStatus", transactionId: 0, commandObject: null, args: [amfObject({ code: "x" })] }
  ]
]

describe("a command", () => {
  test.each(table)("%s is read and written", (_name, hex, command) => {
    expect(Result.getOrThrow(decode(hex))).toEqual(command)
    expect(Buffer.from(encodeCommand(command)).toString("hex")).toBe(hex.replaceAll(" ", ""))
  })

  test("of type 17 begins with a zero byte, or does not", () => {
    const body = "02 0005 636c6f7365 00 3ff0000000000000 05"
    const expected = { name: "close", transactionId: 1, commandObject: null, args: [] }
    expect(Result.getOrThrow(decode(`00 ${body}`, 17))).toEqual(expected)
    expect(Result.getOrThrow(decode(body, 17))).toEqual(expected)
  })

  test("of type 17 may hold AMF3 values", () => {
    // 11: AMF3 follows; 06 07: string of 3 bytes (AMF 3 §3.8).
    const command = Result.getOrThrow(decode("00 02 0004 706c6179 00 4010000000000000 05 11 06 07 63616d", 17))
    expect(command).toEqual({ name: "play", transactionId: 4, commandObject: null, args: ["cam"] })
  })

  test("may end after its name", () => {
    expect(Result.getOrThrow(decode("02 0005 636c6f7365"))).toEqual({
      name: "close",
      transactionId: 0,
      commandObject: undefined,
      args: []
    })
  })

  test.each(["", "05", "00 3ff0000000000000", "02 00ff 61", "03 000009", "ff"])(
    "without a name (%s) is refused",
    (hex) => {
      const error = Result.getOrThrow(Result.flip(decode(hex)))
      expect([2003, 2004]).toContain(error.code)
      expect(error.message).toStartWith("command message: ")
    }
  )

  test("is read from a range of a larger buffer", () => {
    const bytes = fromHex("ffff 02 0004 706c6179 ffff")
    expect(Result.getOrThrow(decodeCommand({ type: 20, bytes, start: 2, end: 9 })).name).toBe("play")
  })
})

test("an argument of another type is absent", () => {
  const command: Command = {
    name: "x",
    transactionId: 0,
    commandObject: null,
    args: ["text", 7, true, 0, null, undefined, Number.NaN, new AmfObject()]
  }
  expect([0, 1, 4, 5, 9].map((index) => stringArgument(command, index))).toEqual(["text", ...Array<undefined>(4)])
  expect([1, 0, 4, 6, 9].map((index) => numberArgument(command, index))).toEqual([7, ...Array<undefined>(4)])
  expect([2, 3, 1, 0, 7].map((index) => booleanArgument(command, index))).toEqual([
    true,
    false,
    true,
    undefined,
    undefined
  ])
})

test("calls go out on the chunk streams of their kind", () => {
  expect(connectionCommand("a", 1, null)).toMatchObject({ chunkStreamId: 3, type: 20, streamId: 0 })
  expect(streamCommand(7, "a", 0)).toMatchObject({ chunkStreamId: 5, type: 20, streamId: 7 })
})
