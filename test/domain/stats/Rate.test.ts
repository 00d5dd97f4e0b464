import { expect, test } from "bun:test"
import { FrameRate, Rate, Rates } from "../../../src/domain/stats/Rate.ts"

test("a rate is 0 until its window has ended, then that of the window until the next one has", () => {
  const rate = new Rate(30_000)
  const seen: Array<readonly [second: number, recv: number, send: number]> = []
  // 1000 kbit/s for 30 s, then 2000; sampled each 3 s.
  for (let second = 0; second <= 60; second += 3) {
    const bytesIn = 125_000 * Math.min(second, 30) + 250_000 * Math.max(0, second - 30)
    rate.sample({ bytesIn, bytesOut: bytesIn / 10 }, 1_000_000 + second * 1000)
    seen.push([second, rate.recvKbps, rate.sendKbps])
  }
  expect(seen.filter(([second]) => [0, 27, 30, 57, 60].includes(second))).toEqual([
    [0, 0, 0],
    [27, 0, 0],
    [30, 1000, 100],
    [57, 1000, 100],
    [60, 2000, 200]
  ])
})

test("a late sample ends the window late, and counts for what it lasted", () => {
  const rate = new Rate(10_000)
  rate.sample({ bytesIn: 1000, bytesOut: 0 }, 0)
  rate.sample({ bytesIn: 1000 + 125_000 * 13, bytesOut: 0 }, 13_000)
  expect(rate.recvKbps).toBe(1000)
})

test("the windows are of 10 s, 30 s and 5 min", () => {
  const rates = new Rates()
  const ended: Array<number> = []
  for (let second = 0; second <= 300; second++) {
    rates.sample({ bytesIn: second * 125, bytesOut: 0 }, second * 1000)
    const windows = [rates.seconds10, rates.seconds30, rates.minutes5].filter(({ recvKbps }) => recvKbps === 1).length
    if (windows > ended.length) ended.push(second)
  }
  expect(ended).toEqual([10, 30, 300])
})

test("frames a second are those of the last whole window", () => {
  const rate = new FrameRate(10_000)
  for (let second = 0; second <= 24; second += 3) {
    rate.sample(25 * Math.min(second, 12) + 50 * Math.max(0, second - 12), second * 1000)
    expect([second, rate.perSecond]).toEqual([second, second < 12 ? 0 : second < 24 ? 25 : 50])
  }
})
