import { expect, test } from "bun:test"
import { reconnectMillis } from "../../../src/domain/forward/reconnect.ts"

test("waits double up to a bound, each by chance from half of it on", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map((failures) => reconnectMillis(failures, 0))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000
  ])
  expect([0, 1, 5, 1000].map((failures) => reconnectMillis(failures, 0.999_999))).toEqual([1000, 2000, 30_000, 30_000])
})
