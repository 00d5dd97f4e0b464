import { describe, expect, test } from "bun:test"
import { evaluate, httpDate, rangeApplies } from "../../../src/domain/static/conditions.ts"

/** The date of RFC 9110 §5.6.7, and its number of seconds. */
const date = "Sun, 06 Nov 1994 08:49:37 GMT"
const modifiedSeconds = 784_111_777
const before = "Sun, 06 Nov 1994 08:49:36 GMT"
const state = { etag: '"abc"', modifiedSeconds }
const fields = (...pairs: ReadonlyArray<readonly [string, string]>) => new Map(pairs)

test("dates are written as RFC 9110 has them", () => {
  expect(httpDate(modifiedSeconds)).toBe(date)
})

describe("a request", () => {
  const cases: ReadonlyArray<
    readonly [verdict: ReturnType<typeof evaluate>, ...ReadonlyArray<readonly [string, string]>]
  > = [
    ["send"],
    ["unmodified", ["if-none-match", '"abc"']],
    ["unmodified", ["if-none-match", 'W/"abc"']],
    ["unmodified", ["if-none-match", '"x", "abc"']],
    ["unmodified", ["if-none-match", "*"]],
    ["send", ["if-none-match", '"x"']],
    // The date is not looked at beside a tag.
    ["send", ["if-none-match", '"x"'], ["if-modified-since", date]],
    ["unmodified", ["if-modified-since", date]],
    ["unmodified", ["if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT"]],
    ["send", ["if-modified-since", before]],
    ["send", ["if-modified-since", "yesterday"]],
    ["send", ["if-match", '"abc"']],
    ["send", ["if-match", "*"]],
    ["failed", ["if-match", '"x"']],
    ["failed", ["if-match", 'W/"abc"']],
    ["failed", ["if-unmodified-since", before]],
    ["send", ["if-unmodified-since", date]]
  ]
  for (const [verdict, ...pairs] of cases) {
    test(`with ${pairs.map((pair) => pair.join(": ")).join(", ") || "no condition"}: ${verdict}`, () => {
      expect(evaluate(fields(...pairs), state)).toBe(verdict)
    })
  }
})

test("a range is of use to who has another part of the same file", () => {
  const applies = (value: string) => rangeApplies(fields(["if-range", value]), state)
  expect(rangeApplies(fields(), state)).toBe(true)
  expect([applies('"abc"'), applies(date)]).toEqual([true, true])
  expect([applies('"x"'), applies('W/"abc"'), applies(before), applies("x")]).toEqual([false, false, false, false])
})
