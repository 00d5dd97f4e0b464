import { expect, test } from "bun:test"
import { Breaker, failuresToOpen, maxOpenMillis, openMillis } from "../../../src/domain/hooks/Breaker.ts"

const opened = (now: number): Breaker => {
  const breaker = new Breaker()
  for (let i = 1; i <= failuresToOpen; i++) {
    expect(breaker.admit(now)).toBe(true)
    expect(breaker.failed(now)).toBe(i === failuresToOpen)
  }
  return breaker
}

test("opens after failures in a row, not after as many with a success between", () => {
  const breaker = new Breaker()
  for (let i = 0; i < 100; i++) {
    breaker.admit(i)
    expect(i % failuresToOpen === 0 ? breaker.succeeded() : breaker.failed(i)).toBe(false)
  }
  expect(opened(0).admit(openMillis - 1)).toBe(false)
})

test("then one may try; its success lets all in, its failure keeps them out for longer, up to a limit", () => {
  const breaker = opened(0)
  expect([breaker.admit(openMillis), breaker.admit(openMillis)]).toEqual([true, false])
  expect(breaker.failed(openMillis)).toBe(true)
  expect(breaker.waitMillis(openMillis)).toBe(2 * openMillis)
  let now = openMillis
  for (let i = 0; i < 10; i++) {
    now += breaker.waitMillis(now)
    expect(breaker.admit(now)).toBe(true)
    breaker.failed(now)
  }
  expect(breaker.waitMillis(now)).toBe(maxOpenMillis)
  now += maxOpenMillis
  expect([breaker.admit(now), breaker.succeeded(), breaker.admit(now), breaker.admit(now)]).toEqual([
    true,
    true,
    true,
    true
  ])
  expect(breaker.isOpen).toBe(false)
})

test("calls that were under way when it opened do not keep it open for longer", () => {
  const breaker = opened(0)
  expect(breaker.failed(100)).toBe(false)
  expect(breaker.waitMillis(100)).toBe(openMillis - 100)
})

test("one that leaves while it tries makes room for another", () => {
  const breaker = opened(0)
  breaker.admit(openMillis)
  breaker.abandoned()
  expect(breaker.admit(openMillis)).toBe(true)
})
