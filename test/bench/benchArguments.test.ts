import { expect, test } from "bun:test"
import * as Result from "effect/Result"

import { parse, type Plan } from "../../bench/arguments.ts"
import { rows } from "../../bench/rows.ts"

const planOf = (args: string): Plan => {
  const parsed = parse(args.split(" ").filter((word) => word !== ""))
  if (Result.isFailure(parsed) || parsed.success === "help") throw new Error(`no plan from ${args}`)
  return parsed.success
}

test("without arguments every row runs, against all peers", () => {
  const plan = planOf("")
  expect(plan.rows).toEqual(rows)
  expect([...plan.peers]).toEqual(["nginx", "nginx-files", "nms"])
  expect(plan.seconds).toBeUndefined()
})

test("quick leaves out the long rows and node-media-server", () => {
  const plan = planOf("--quick")
  expect(plan.rows.map(({ name }) => name)).not.toContain("rtmp-8000-merged")
  expect([...plan.peers]).toEqual(["nginx"])
})

test("named rows run, in the table's order, also those that are not quick", () => {
  const plan = planOf("--quick --row start --row tracing --peers none --seconds 5 --json out.json")
  expect(plan.rows.map(({ name }) => name)).toEqual(["tracing", "start"])
  expect(plan).toMatchObject({ quick: true, seconds: 5, json: "out.json" })
  expect(plan.peers.size).toBe(0)
})

const refused: ReadonlyArray<[args: string, reason: string]> = [
  ["--row nothing", "no row nothing"],
  ["--peers srs", "no peer srs"],
  ["--peers sluice", "no peer sluice"],
  ["--seconds 0", "--seconds takes a number from 1 to 600"],
  ["--seconds 1.5", "--seconds takes a number from 1 to 600"],
  ["--json", "--json takes a value"],
  ["fast", "unknown argument fast"]
]

for (const [args, reason] of refused) {
  test(`refuses "${args}": ${reason}`, () => {
    const result = parse(args.split(" "))
    expect(Result.isFailure(result) && result.failure.message).toBe(reason)
  })
}

test("every row that a target needs exists and comes first", () => {
  for (const [index, row] of rows.entries()) {
    if (row.kind !== "load" || row.needs === undefined) continue
    const needed = rows.findIndex(({ name }) => name === row.needs)
    expect(needed).toBeGreaterThanOrEqual(0)
    expect(needed).toBeLessThan(index)
  }
})
