import { expect, test } from "bun:test"

import { descendants, parseStat, parseStatus, usageOf } from "../../bench/procfs.ts"

// proc(5)'s fields typed by hand: utime 151, stime 49, cutime 3, cstime 2; the name as awkward as it may be.
const stat =
  "4242 (nginx: (w) 1 2) S 4241 4241 4000 34816 4241 4194304 1280 7 0 0 151 49 3 2 20 0 1 0 170812 14573568 6950 " +
  "18446744073709551615 1 1 0 0 0 0 0 1073745920 402745863 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"

test("reads CPU time with that of ended children, past a name with spaces and parentheses", () => {
  expect(parseStat(stat)).toEqual({ pid: 4242, parent: 4241, cpuSeconds: (151 + 49 + 3 + 2) / 100 })
})

test("reads memory now and at its peak", () => {
  const status = "Name:\tnginx\nVmPeak:\t   14232 kB\nVmHWM:\t   28500 kB\nVmRSS:\t   27800 kB\nThreads:\t1\n"
  expect(parseStatus(status)).toEqual({ resident: 27_800 * 1024, residentPeak: 28_500 * 1024 })
  expect(parseStatus("")).toEqual({ resident: 0, residentPeak: 0 })
})

test("finds grandchildren, whatever their numbers", () => {
  const times = (pid: number, parent: number) => ({ pid, parent, cpuSeconds: 1 })
  const all = [times(1, 0), times(3, 9), times(9, 5), times(5, 1), times(7, 1)]
  expect(descendants(all, 5).map(({ pid }) => pid)).toEqual([3, 9, 5])
})

test("sees this process", () => {
  const usage = usageOf(process.pid)
  expect(usage.resident).toBeGreaterThan(1_000_000)
  expect(usage.residentPeak).toBeGreaterThanOrEqual(usage.resident)
})
