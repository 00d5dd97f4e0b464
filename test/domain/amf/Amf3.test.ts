import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { decodeAll, encodeAll } from "../../../src/domain/amf/Amf0.ts"
import { AmfDate, AmfObject, amfObject, type AmfValue, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { hex, seeded } from "../rtmp/chunkBytes.ts"

const decode = (text: string) => decodeAll(hex(`11 ${text}`))
const decoded = (text: string): ReadonlyArray<AmfValue> => Result.getOrThrow(decode(text))

/** Hand-typed from Adobe's AMF3 specification, section 3. */
const cases: ReadonlyArray<readonly [name: string, bytes: string, value: AmfValue]> = [
  ["undefined", "00", undefined],
  ["null", "01", null],
  ["false", "02", false],
  ["true", "03", true],
  ["integer of one byte", "04 7f", 127],
  ["integer of two bytes", "04 81 00", 128],
  ["integer of three bytes", "04 ff ff 7f", 0x1fffff],
  ["integer of four bytes", "04 80 c0 80 00", 0x200000],
  ["largest integer", "04 bf ff ff ff", 0x0fffffff],
  ["smallest integer", "04 c0 80 80 00", -0x10000000],
  ["minus one", "04 ff ff ff ff", -1],
  ["double", "05 3ff8000000000000", 1.5],
  ["string", "06 09 6c697665", "live"],
  ["empty string", "06 01", ""],
  ["XML document", "07 07 3c612f", "<a/"],
  ["date", "08 01 426d1a94a2000000", new AmfDate({ epochMillis: 1_000_000_000_000, zoneMinutes: 0 })],
  ["array", "09 05 01 04 01 02", [1, false]],
  ["array with named members", "09 03 03 61 03 01 02", ecmaArray({ a: true, 0: false })],
  ["array that repeats a string", "09 07 01 06 03 61 06 00 06 00", ["a", "a", "a"]],
  ["anonymous dynamic object", "0a 0b 01 03 61 04 01 03 62 06 00 01", amfObject({ a: 1, b: "a" })],
  [
    "object with sealed members",
    "0a 23 07 466f6f 03 61 03 62 02 03",
    new AmfObject(
      [
        ["a", false],
        ["b", true]
      ],
      "object",
      "Foo"
    )
  ],
  [
    "two objects of the same traits",
    "09 05 01 0a 13 01 03 61 02 0a 01 03",
    [amfObject({ a: false }), amfObject({ a: true })]
  ],
  ["an object twice", "09 05 01 0a 0b 01 03 61 02 01 0a 02", [amfObject({ a: false }), amfObject({ a: false })]],
  ["an array inside itself", "09 03 01 09 00", [undefined]],
  [
    "ArrayCollection",
    "0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 02",
    [false]
  ],
  ["XML", "0b 07 3c612f", "<a/"],
  ["byte array", "0c 07 010203", Uint8Array.of(1, 2, 3)],
  ["vector of int", "0d 05 00 ffffffff 00000001", [-1, 1]],
  ["vector of uint", "0e 03 01 ffffffff", [0xffffffff]],
  ["vector of double", "0f 03 00 3ff8000000000000", [1.5]],
  ["vector of objects", "10 05 00 01 02 03", [false, true]],
  ["dictionary, without entries whose key is an object", "11 05 00 06 03 61 02 09 01 01 03", amfObject({ a: false })]
]

describe("Amf3", () => {
  for (const [name, text, value] of cases) {
    test(`reads ${name}`, () => {
      expect(decoded(text)).toEqual([value])
      // What comes behind it is found, so nothing was left or taken too much.
      expect(decoded(`${text} 02 0001 7a`)).toEqual([value, "z"])
    })
  }

  test("begins new reference tables with each value", () => {
    expect(Result.isFailure(decode("06 03 61 11 06 00"))).toBe(true)
  })

  const refused: ReadonlyArray<readonly [name: string, bytes: string, code: number]> = [
    ["an unknown marker", "12", 2004],
    ["an unknown class that writes itself", "0a 07 07 466f6f 00", 2004],
    ["a string reference to nothing", "06 00", 2003],
    ["an object reference to nothing", "0a 00", 2003],
    ["traits that were not there", "0a 05", 2003],
    ["a string longer than the message", "06 ff ff ff ff", 2003],
    ["a byte array longer than the message", "0c ff ff ff ff", 2003],
    ["an array longer than the message", "09 ff ff ff ff 01", 2003],
    ["a vector longer than the message", "0d ff ff ff ff 00", 2003],
    ["a dictionary longer than the message", "11 ff ff ff ff 00", 2003],
    ["traits with more names than the message has bytes", "0a ff ff ff fb 01", 2003],
    ["more than 64 levels", `${"09 03 01 ".repeat(65)} 01`, 2003]
  ]
  for (const [name, text, code] of refused) {
    test(`refuses ${name}`, () => {
      const result = decode(text)
      expect(Result.isFailure(result) ? result.failure.code : undefined).toBe(code as 2003 | 2004)
    })
  }

  test("counts a string each time it is referred to", () => {
    const string = `06 fd 01 ${"61".repeat(8000)}`
    expect(Result.isSuccess(decode(`09 81 4b 01 ${string} ${"06 00 ".repeat(100)}`))).toBe(true)
    expect(Result.isSuccess(decode(`09 83 13 01 ${string} ${"06 00 ".repeat(200)}`))).toBe(false)
  })

  test("survives every prefix, and 100 000 random and mutated inputs that can be written as AMF0", () => {
    const random = seeded(11)
    const below = (limit: number) => Math.floor(random() * limit)
    const sources = cases.map(([, text]) => hex(`11 ${text}`))
    for (const bytes of sources)
      for (let length = 0; length < bytes.length; length++) decodeAll(bytes.subarray(0, length))
    for (let i = 0; i < 100_000; i++) {
      const source = sources[below(sources.length)]
      const bytes = i % 2 === 0 ? Uint8Array.from({ length: 2 + below(50) }, () => below(0x16)) : source.slice()
      if (i % 2 === 1) for (let flips = below(4); flips > 0; flips--) bytes[below(bytes.length)] = below(256)
      bytes[0] = 0x11
      const result = decodeAll(bytes)
      if (Result.isSuccess(result)) expect(Result.isSuccess(decodeAll(encodeAll(result.success)))).toBe(true)
    }
  })
})
