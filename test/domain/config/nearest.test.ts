import { expect, test } from "bun:test"
import { editDistance, nearest } from "../../../src/domain/config/nearest.ts"

const distances: ReadonlyArray<readonly [a: string, b: string, distance: number]> = [
  ["", "", 0],
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["kitten", "sitting", 3],
  ["hls", "hsl", 1],
  ["listen", "lisen", 1],
  ["enable", "enabled", 1]
]

test("a distance counts insertions, deletions, replacements and swaps", () => {
  for (const [a, b, distance] of distances)
    expect([editDistance(a, b), editDistance(b, a)]).toEqual([distance, distance])
})

test("only what is near is near", () => {
  expect(nearest("lisen", ["pid", "listen", "daemon"])).toBe("listen")
  expect(nearest("xyz", ["pid", "listen"])).toBeUndefined()
  expect(nearest("listen".repeat(100_000), ["listen"])).toBeUndefined()
})
