import { expect, test } from "bun:test"
import { failureMillis, Failures, maxAddresses } from "../../../src/domain/access/Failures.ts"

test("an address that has failed too often waits, until its first failure is a minute old", () => {
  const failures = new Failures()
  for (let i = 0; i < 3; i++) {
    expect(failures.isBlocked("a", 3, i)).toBe(false)
    failures.add("a", i)
  }
  expect(failures.isBlocked("a", 3, failureMillis - 1)).toBe(true)
  expect(failures.isBlocked("b", 3, 3)).toBe(false)
  expect(failures.isBlocked("a", 0, 3)).toBe(false)
  expect(failures.isBlocked("a", 3, failureMillis)).toBe(false)
  failures.add("a", failureMillis)
  expect(failures.isBlocked("a", 3, failureMillis)).toBe(false)
})

test("what is remembered is bounded: who failed longest ago is forgotten", () => {
  const failures = new Failures()
  for (let i = 0; i <= maxAddresses; i++) failures.add(`${i}`, 0)
  expect(failures.size).toBe(maxAddresses)
  expect(failures.isBlocked("0", 1, 0)).toBe(false)
  expect(failures.isBlocked("1", 1, 0)).toBe(true)
})
