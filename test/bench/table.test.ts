import { expect, test } from "bun:test"

import type { Figures } from "../../bench/figures.ts"
import { rows } from "../../bench/rows.ts"
import { compare, format, judge } from "../../bench/table.ts"

const figures: Figures = {
  startToListeningMillis: 120,
  seconds: 10,
  cpuSeconds: 2,
  cpuSecondsTotal: 3,
  resident: 90_000_000,
  residentPeak: 123_400_000,
  mbps: 998.4,
  asked: 1001,
  lost: 0,
  errors: 0,
  viewers: {
    leastRate: 1.02,
    worstGapMillis: 371,
    startMillis: { p50: 12.25, max: 29 },
    addedLatencyMillis: { p50: 180, p99: 355.5 }
  },
  voidReasons: []
}

test("a limit is kept by the limit itself and broken above or below", () => {
  const atMost = { what: "gap", unit: " ms", atMost: 200 }
  expect(compare(atMost, 200)).toEqual({ text: "gap 200 (≤ 200 ms)", outcome: "reached" })
  expect(compare(atMost, 200.5)).toEqual({ text: "gap 201 (≤ 200 ms)", outcome: "missed" })
  expect(compare({ what: "rate", unit: "", atLeast: 0.95 }, 0.9)).toEqual({
    text: "rate 0.90 (≥ 0.95)",
    outcome: "missed"
  })
  expect(compare(atMost, undefined)).toEqual({ text: "gap (≤ 200 ms): no figure", outcome: "unknown" })
  expect(compare(atMost, Number.NaN).outcome).toBe("unknown")
})

const targetsOf = (name: string) => {
  const row = rows.find((each) => each.name === name)
  return row === undefined || !("targets" in row) ? [] : row.targets
}

test("CPU is compared as a share of a core, so windows of unlike length do", () => {
  const [cpu] = targetsOf("rtmp-1000-merged")
  const nginx = { ...figures, cpuSeconds: 40, seconds: 20 }
  const verdict = judge(cpu!, figures, (name) => (name === "nginx" ? nginx : undefined))
  expect(verdict).toEqual({ text: "CPU × nginx-rtmp 0.10 (≤ 0.15)", outcome: "reached" })
  expect(judge(cpu!, figures, () => undefined).outcome).toBe("unknown")
})

test("a row is void when the generator was too slow, whatever the figures say", () => {
  const late = { ...figures, voidReasons: ["lateness p99 over 20 ms"] }
  expect(judge(targetsOf("rtmp-4000-low")[0]!, late, () => undefined).outcome).toBe("void")
  expect(format([{ row: "r", server: "sluice", figures: late, verdicts: [] }])).toContain(
    "VOID (lateness p99 over 20 ms)"
  )
})

test("formats figures, failures and verdicts as one Markdown table", () => {
  const table = format([
    { row: "1 → 1000", server: "sluice", figures, verdicts: [{ text: "gap 371 (≤ 200 ms)", outcome: "missed" }] },
    { row: "1 → 1000", server: "nginx-rtmp", figures: undefined, failure: "failed: not there", verdicts: [] }
  ])
  const cells = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
  )
  expect(new Set(cells.map((row) => row.length))).toEqual(new Set([17]))
  expect(cells[1]!.every((cell) => /^-+$/.test(cell))).toBe(true)
  expect(cells[2]).toEqual([
    "1 → 1000",
    "sluice",
    ..."2 0.20 123 90 998 1.02 371 12.3 29 180 356".split(" "),
    "",
    "0 of 1001",
    "0",
    "✗ MISSED: gap 371 (≤ 200 ms)"
  ])
  expect(cells[3]!.at(-1)).toBe("failed: not there")
})
