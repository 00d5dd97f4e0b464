import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { limitsPage, unlistedCaps } from "../../scripts/limits.ts"

test("docs/limits.md has every cap as the code has it (bun run docs writes it)", () => {
  expect(readFileSync(join(import.meta.dir, "../../docs/limits.md"), "utf8")).toBe(limitsPage())
})

test("no cap of the code is missing on it", () => {
  expect(unlistedCaps(limitsPage())).toEqual([])
})
