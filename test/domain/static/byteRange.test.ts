import { describe, expect, test } from "bun:test"
import { type ByteRange, parseQueryRange, parseRange } from "../../../src/domain/static/byteRange.ts"

const part = (from: number, to: number) => ({ from, to })
const cut = "unsatisfiable"

describe("Range of 100 bytes:", () => {
  const cases: ReadonlyArray<readonly [value: string, range: ByteRange]> = [
    ["bytes=0-0", part(0, 1)],
    ["bytes=0-", part(0, 100)],
    ["bytes=10-19", part(10, 20)],
    ["bytes=99-", part(99, 100)],
    ["bytes=90-1000", part(90, 100)],
    ["Bytes = 5-6", part(5, 7)],
    ["bytes=-10", part(90, 100)],
    ["bytes=-1000", part(0, 100)],
    ["bytes=-0", cut],
    ["bytes=100-", cut],
    [`bytes=${"9".repeat(400)}-`, cut],
    [`bytes=5-${"9".repeat(400)}`, part(5, 100)],
    ["bytes=6-5", undefined],
    ["bytes=-", undefined],
    ["bytes=a-b", undefined],
    ["bytes=0-1,5-6", undefined],
    ["lines=0-1", undefined],
    ["", undefined]
  ]
  test.each(cases)("%s", (value, range) => {
    expect(parseRange(value, 100)).toEqual(range)
  })
})

test("nothing of an empty file can be had", () => {
  expect(parseRange("bytes=0-", 0)).toBe(cut)
  expect(parseRange("bytes=-5", 0)).toBe(cut)
})

test("a query's missing first byte is 0, as in SRS", () => {
  const of = (value: string) => parseQueryRange(value, 100)
  expect([of("10-19"), of("-19"), of("10-"), of("90-200")]).toEqual([
    part(10, 20),
    part(0, 20),
    part(10, 100),
    part(90, 100)
  ])
  expect([of("19-10"), of("x"), of("100-")]).toEqual([undefined, undefined, cut])
})
