import { expect, test } from "bun:test"
import { float, type Json, printJson } from "../../../src/domain/api/Json.ts"
import { randomOf } from "../config/random.ts"

const rows: ReadonlyArray<readonly [value: Json, text: string]> = [
  [{}, "{}"],
  [{ b: 1, a: [true, null, "x"], c: {} }, '{"b":1,"a":[true,null,"x"],"c":{}}'],
  [float(1), "1.00"],
  [float(-0.125), "-0.13"],
  [float(2 / 3), "0.67"],
  [float(NaN), "0.00"],
  [float(Infinity), "0.00"],
  [3.99, "3"],
  [-3.99, "-3"],
  [NaN, "0"],
  [1e15, "1000000000000000"],
  [18_446_744_073_709_551_615n, "18446744073709551615"],
  ['a"b\\c\n\t\u0001é', '"a\\"b\\\\c\\n\\t\\u0001é"'],
  [[], "[]"]
]

for (const [value, text] of rows) test(`prints ${text}`, () => expect(printJson(value)).toBe(text))

test("whatever is printed is JSON with the same meaning", () => {
  const random = randomOf(3)
  const make = (depth: number): Json => {
    switch (random(depth > 3 ? 4 : 6)) {
      case 0:
        return random(2) === 0
      case 1:
        return random(1_000_000) - 500_000
      case 2:
        return String.fromCharCode(...Array.from({ length: random(8) }, () => random(0x10000)))
      case 3:
        return null
      case 4:
        return Array.from({ length: random(5) }, () => make(depth + 1))
    }
    return Object.fromEntries(Array.from({ length: random(5) }, (_, i) => [`k${i}"\\`, make(depth + 1)]))
  }
  for (let round = 0; round < 2000; round++) {
    const value = make(0)
    expect(JSON.parse(printJson(value))).toEqual(value)
  }
})
