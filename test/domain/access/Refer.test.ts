import { expect, test } from "bun:test"
import { isReferAllowed } from "../../../src/domain/access/Refer.ts"

test.each([
  ["", [], true],
  ["http://anywhere.org/x", [], true],
  ["http://ossrs.github.io/index.html", ["github.io"], true],
  ["http://github.io", ["github.io"], true],
  ["https://A.GitHub.IO:8080/x?y#z", ["github.io"], true],
  ["http://github.com/x", ["github.io", "github.com"], true],
  ["http://a.github.io", [".github.io"], true],
  ["http://evilgithub.io/x", ["github.io"], false],
  ["http://github.io.evil.org/", ["github.io"], false],
  ["http://evil.org/github.io", ["github.io"], false],
  ["http://evil.org?x=github.io", ["github.io"], false],
  ["http://github.io@evil.org/", ["github.io"], false],
  ["ossrs.github.io/index.html", ["github.io"], true],
  ["", ["github.io"], false],
  ["http://[", ["github.io"], false],
  ["http://a.org", [""], false]
] as const)("page %j with %j: %p", (page, domains, allowed) => {
  expect(isReferAllowed(page, domains)).toBe(allowed)
})
