import { expect, test } from "bun:test"
import { pageOf, pick } from "../../../src/domain/api/paging.ts"

test("start and count as C reads numbers, at least 0 and 10", () => {
  const page = (start?: string, count?: string) => {
    const query = new Map<string, string>()
    if (start !== undefined) query.set("start", start)
    if (count !== undefined) query.set("count", count)
    const { start: from, count: number } = pageOf(query)
    return [from, number]
  }
  expect(page()).toEqual([0, 10])
  expect(page("5", "20")).toEqual([5, 20])
  expect(page("-5", "-20")).toEqual([0, 10])
  expect(page("12x", "x12")).toEqual([12, 10])
  expect(page("", "9")).toEqual([0, 10])
  expect(page("99999999999999999999", "11")).toEqual([Number.MAX_SAFE_INTEGER, 11])
})

test("a page is of the ids in order", () => {
  const ids = Array.from({ length: 26 }, (_, i) => String.fromCharCode(122 - i))
  const of = (start: number, count: number) => pick(ids, (id) => id, { start, count }).join("")
  expect(of(0, 10)).toBe("abcdefghij")
  expect(of(20, 10)).toBe("uvwxyz")
  expect(of(30, 10)).toBe("")
})
