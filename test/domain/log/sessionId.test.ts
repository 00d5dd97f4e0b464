import { expect, test } from "bun:test"
import { sessionId } from "../../../src/domain/log/sessionId.ts"

test("takes digits five times as often as letters", () => {
  expect(sessionId(() => 0)).toBe("00000000")
  expect(sessionId(() => 49 / 76)).toBe("99999999")
  expect(sessionId(() => 50 / 76)).toBe("aaaaaaaa")
  expect(sessionId(() => 1 - Number.EPSILON)).toBe("zzzzzzzz")
})

test("takes one random number a character", () => {
  let call = 0
  expect(sessionId(() => call++ / 76)).toBe("01234567")
  expect(call).toBe(8)
})
