/** What docs/migration.md is made from agrees with the tables. */
import { expect, test } from "bun:test"
import { better, migrationPage } from "../../../scripts/migration.ts"
import { srsDirectives } from "../../../scripts/srsDirectives.ts"
import { coreSchema } from "./loading.ts"

test("every directive of SRS is known here", () => {
  const known = new Set(coreSchema.entries.map(({ path }) => path))
  expect([...srsDirectives].filter((path) => !known.has(path))).toEqual([])
})

test("what is better is a directive of SRS that has an effect here", () => {
  const active = new Set(coreSchema.entries.filter(({ active }) => active).map(({ path }) => path))
  expect(Object.keys(better).filter((path) => !active.has(path) || !srsDirectives.has(path))).toEqual([])
})

test("the page has each directive in one row, or its block", () => {
  const page = migrationPage()
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (same|better|new|not here) \|/gm)].map(
    ([, path = "", mark = ""]): readonly [string, string] => [path, mark]
  )
  expect(new Set(rows.map(([path]) => path)).size).toBe(rows.length)
  const said = new Map(rows)
  const blockOf = (path: string): string | undefined =>
    [...said.keys()].find((row) => path.startsWith(`${row}.`) && /new|not here/.test(said.get(row) ?? ""))
  for (const { path } of coreSchema.entries)
    expect([path, said.has(path) || blockOf(path) !== undefined]).toEqual([path, true])
})
