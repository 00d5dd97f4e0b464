import { describe, expect, test } from "bun:test"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { decodeAll, decodeAmf3Message, encodeAll } from "../../../src/domain/amf/Amf0.ts"
import { AmfDate, AmfObject, amfObject, type AmfValue, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { hex, hexOf, seeded } from "../rtmp/chunkBytes.ts"

const decoded = (text: string) => Result.getOrThrow(decodeAll(hex(text)))
const codeOf = (bytes: Uint8Array): number | undefined => {
  const result = decodeAll(bytes)
  return Result.isFailure(result) ? result.failure.code : undefined
}

/** Hand-typed from Adobe's AMF0 specification, section 2. Each runs both ways. */
const cases: ReadonlyArray<readonly [name: string, bytes: string, value: AmfValue]> = [
  ["number 1", "00 3ff0000000000000", 1],
  ["number -2000", "00 c09f400000000000", -2000],
  ["false", "01 00", false],
  ["true", "01 01", true],
  ["string", "02 0004 6c697665", "live"],
  ["empty string", "02 0000", ""],
  ["string in UTF-8", "02 0006 e382b9e38388", "スト"],
  ["string with a byte order mark", "02 0004 efbbbf61", "\ufeffa"],
  ["string of 40 000 bytes, which SRS takes as empty", `02 9c40 ${"61".repeat(40_000)}`, "a".repeat(40_000)],
  ["object", "03 0001 61 00 3ff0000000000000 0001 62 05 000009", amfObject({ a: 1, b: null })],
  ["empty object", "03 000009", amfObject({})],
  ["object with an empty name", "03 0000 05 000009", amfObject({ "": null })],
  [
    "object with a name that is special in JavaScript",
    "03 0009 5f5f70726f746f5f5f 05 000009",
    new AmfObject([["__proto__", null]])
  ],
  ["nested object", "03 0001 61 03 0001 62 02 0001 63 000009 000009", amfObject({ a: amfObject({ b: "c" }) })],
  ["null", "05", null],
  ["undefined", "06", undefined],
  ["ECMA array", "08 00000001 0001 61 01 01 000009", ecmaArray({ a: true })],
  ["strict array", "0a 00000002 05 02 0001 61", [null, "a"]],
  ["empty strict array", "0a 00000000", []],
  ["date", "0b 426d1a94a2000000 0000", new AmfDate({ epochMillis: 1_000_000_000_000, zoneMinutes: 0 })],
  ["date with a time zone", "0b 0000000000000000 ffc4", new AmfDate({ epochMillis: 0, zoneMinutes: -60 })],
  ["long string", `0c 00010000 ${"61".repeat(65_536)}`, "a".repeat(65_536)],
  ["typed object", "10 0003 466f6f 0001 61 05 000009", new AmfObject([["a", null]], "object", "Foo")]
]

describe("Amf0", () => {
  for (const [name, text, value] of cases) {
    test(`${name}: both ways`, () => {
      const [only, ...more] = decoded(text)
      expect(only).toEqual(value)
      expect(more).toEqual([])
      expect(hexOf(encodeAll([value]))).toBe(hexOf(hex(text)))
    })
  }

  test("keeps the kind and class of objects, and the order of their members", () => {
    const [array, typed] = decoded("08 00000000 0001 62 05 0001 61 05 000009 10 0003 466f6f 000009")
    expect([(array as AmfObject).kind, (typed as AmfObject).className]).toEqual(["ecmaArray", "Foo"])
    expect([...(array as AmfObject).keys()]).toEqual(["b", "a"])
  })

  test("reads a connect command", () => {
    const text =
      "02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665" +
      "0008 66706164 66706164 01 00 000009"
    expect(decoded(text)).toEqual(["connect", 1, amfObject({ app: "live", fpadfpad: false })])
  })

  test("decodes a range of a buffer", () => {
    const bytes = hex("ffff 05 06 ffff")
    expect(Result.getOrThrow(decodeAll(bytes, 2, 4))).toEqual([null, undefined])
    expect(Result.getOrThrow(decodeAll(bytes, 6))).toEqual([])
  })
})

/** What other programs send and only a tolerant reader takes; not written so. */
const tolerated: ReadonlyArray<readonly [name: string, bytes: string, values: ReadonlyArray<AmfValue>]> = [
  ["an object that ends with the message", "03 0001 61 05", [amfObject({ a: null })]],
  ["an ECMA array that ends with the message", "08 00000001 0001 61 05", [ecmaArray({ a: null })]],
  ["an ECMA array with a wrong count", "08 ffffffff 0001 61 05 000009 06", [ecmaArray({ a: null }), undefined]],
  ["unsupported", "0d 05", [undefined, null]],
  ["an XML document", "0f 00000003 3c612f", ["<a/"]],
  ["a long string that could be short", "0c 00000001 61", ["a"]],
  ["a reference", "03 0001 61 05 000009 07 0000", [amfObject({ a: null }), amfObject({ a: null })]],
  ["a reference to a member", "03 0001 61 0a 00000000 0001 62 07 0001 000009", [amfObject({ a: [], b: [] })]],
  ["a reference to the object around it", "03 0001 61 07 0000 000009", [amfObject({ a: undefined })]],
  ["a member twice, of which the last counts", "03 0001 61 05 0001 61 01 01 000009", [amfObject({ a: true })]],
  ["bad UTF-8", "02 0002 c328", ["\ufffd("]],
  ["what cannot be read behind the third value", "05 05 05 04 ffff", [null, null, null]],
  ["a fourth value that is cut", "05 05 05 02 0004 6c69", [null, null, null]]
]

describe("Amf0 tolerates", () => {
  for (const [name, text, values] of tolerated) test(name, () => expect(decoded(text)).toEqual([...values]))
})

describe("Amf0 refuses", () => {
  const refused: ReadonlyArray<readonly [name: string, bytes: string, code: number]> = [
    ["a movie clip", "04", 2004],
    ["an object end without object", "05 09", 2004],
    ["a record set", "0e", 2004],
    ["an unknown marker", "12", 2004],
    ["a reference to nothing", "07 0000", 2003],
    ["a string longer than the message", "02 0005 6c697665", 2003],
    ["a long string longer than the message", "0c ffffffff 61", 2003],
    ["an array longer than the message", "0a ffffffff 05", 2003],
    ["FFmpeg's timecode data, four bytes from 0x00 on", "00 010203", 2003]
  ]
  for (const [name, text, code] of refused) test(name, () => expect(codeOf(hex(text))).toBe(code))

  test("more than 64 levels", () => {
    const nested = (levels: number) => hex("0a00000001".repeat(levels) + "05")
    expect(codeOf(nested(64))).toBeUndefined()
    expect(codeOf(nested(65))).toBe(2003)
    expect(codeOf(hex("030000".repeat(100_000)))).toBe(2003)
  })

  test("more than 65 536 values", () => {
    const array = (length: number) => hex(`0a ${length.toString(16).padStart(8, "0")} ${"05".repeat(length)}`)
    expect(codeOf(array(65_535))).toBeUndefined()
    expect(codeOf(array(65_536))).toBe(2003)
  })

  test("more than a megabyte of strings", () => {
    const string = (length: number) => hex(`0c ${length.toString(16).padStart(8, "0")} ${"61".repeat(length)}`)
    expect(codeOf(string(1024 * 1024))).toBeUndefined()
    expect(codeOf(string(1024 * 1024 + 1))).toBe(2003)
  })

  test("a few references that stand for many values", () => {
    // Each level is an array of ten references to the one before: 10^9 values when written.
    const levels = (count: number) =>
      Array.from({ length: count }, (_, i) => `0a 0000000a ${`07 000${i + 1} `.repeat(10)}`).join("")
    const nulls = `0a 0000000a ${"05".repeat(10)}`
    expect(codeOf(hex(`0a 00000004 ${nulls} ${levels(3)}`))).toBeUndefined()
    expect(codeOf(hex(`0a 00000009 ${nulls} ${levels(8)}`))).toBe(2003)
  })
})

describe("AMF3 messages", () => {
  test("are AMF0 behind a zero byte, or without it", () => {
    const text = "02 0001 61 00 3ff0000000000000"
    expect(Result.getOrThrow(decodeAmf3Message(hex(`00 ${text}`)))).toEqual(["a", 1])
    expect(Result.getOrThrow(decodeAmf3Message(hex(text)))).toEqual(["a", 1])
    expect(Result.getOrThrow(decodeAmf3Message(hex("")))).toEqual([])
  })

  test("have AMF3 values behind a marker", () => {
    expect(Result.getOrThrow(decodeAmf3Message(hex("00 02 0001 61 11 04 05 11 06 03 78 05")))).toEqual([
      "a",
      5,
      "x",
      null
    ])
  })
})

describe("Amf0 with any input", () => {
  const fixtures = path.resolve(import.meta.dirname, "../../fixtures/rtmp")
  /** Real commands and metadata somewhere in the first bytes behind the handshake. */
  const captured = ["ffmpeg", "librtmp", "gstreamer", "ffmpegPlay"].map((name) => {
    const file = fs.readFileSync(path.join(fixtures, `${name}.bin`))
    return new Uint8Array(file.subarray(file.indexOf("connect", 3073) - 3, 5000))
  })
  const sources = [...captured, ...cases.map(([, text]) => hex(text)).filter((bytes) => bytes.length < 200)]

  test("cuts a name that is too long for AMF0", () => {
    const [object] = Result.getOrThrow(decodeAll(encodeAll([new AmfObject([["a".repeat(70_000), 1]])])))
    expect([...(object as AmfObject)]).toEqual([["a".repeat(0xffff), 1]])
  })

  test("survives every prefix of every case", () => {
    for (const [, text] of cases) {
      const bytes = hex(text)
      for (let length = 0; length < Math.min(bytes.length, 100); length++) decodeAll(bytes.subarray(0, length))
    }
  })

  test("survives 100 000 random and mutated inputs, and writes again what it read", () => {
    const random = seeded(10)
    const below = (limit: number) => Math.floor(random() * limit)
    for (let i = 0; i < 100_000; i++) {
      const source = sources[below(sources.length)]
      const bytes = i % 4 === 0 ? Uint8Array.from({ length: below(60) }, () => below(0x14)) : source.slice(0, 400)
      if (i % 4 > 0)
        for (let flips = below(5); flips > 0; flips--) bytes[below(bytes.length)] = below(i % 2 ? 0x14 : 256)
      const result = decodeAll(bytes)
      if (i % 5 > 0 || Result.isFailure(result)) continue
      // The first time a byte array becomes unsupported, the second time that becomes undefined.
      const again = (values: ReadonlyArray<AmfValue>) => Result.getOrThrow(decodeAll(encodeAll(values)))
      const values = again(again(result.success))
      expect(hexOf(encodeAll(again(values)))).toBe(hexOf(encodeAll(values)))
    }
  })
})
