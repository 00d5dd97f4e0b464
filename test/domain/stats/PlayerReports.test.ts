import { expect, test } from "bun:test"
import { maxReportLength, PlayerReports, reportOf } from "../../../src/domain/stats/PlayerReports.ts"

test("a report is in the query, or spread over four headers", () => {
  expect(reportOf(new Map([["CMCD", "bl=1"]]), new Map([["cmcd-object", "br=2"]]))).toBe("bl=1")
  expect(
    reportOf(
      new Map(),
      new Map([
        ["cmcd-session", 'sid="x"'],
        ["cmcd-request", "bl=1"]
      ])
    )
  ).toBe('bl=1,sid="x"')
  expect(reportOf(new Map(), new Map([["cookie", "a"]]))).toBe("")
})

test("the newest is kept, all are counted, and those of an empty buffer", () => {
  const reports = new PlayerReports()
  for (const text of [
    "",
    "bl=100",
    "bs,bl=0",
    "bl=0,bs",
    'bl=0,bs=?1,sid="bs"',
    "bsx",
    "x".repeat(maxReportLength + 1)
  ])
    reports.note(text)
  expect(reports).toMatchObject({ last: "bsx", count: 5, starvations: 3 })
})
