import { describe, expect, test } from "bun:test"
import { compileMount, matchMount, maxNameLength, mountUrl, vhostsOf } from "../../../src/domain/http/mount.ts"
import { parseTarget } from "../../../src/domain/http/target.ts"
import { parseQuery } from "../../../src/domain/http/query.ts"

describe("a mount", () => {
  const usual = "[vhost]/[app]/[stream].flv"
  const cases: ReadonlyArray<
    readonly [template: string, path: string, expected: readonly [app: string, stream: string] | undefined]
  > = [
    [usual, "/live/a.flv", ["live", "a"]],
    [usual, "/live/b/c/a.flv", ["live/b/c", "a"]],
    [usual, "/live/中 文.flv", ["live", "中 文"]],
    [usual, "/live/cam.1.flv", ["live", "cam"]],
    [usual, "/live/a.ts", undefined],
    [usual, "/live/a", undefined],
    [usual, "/live/.flv", undefined],
    [usual, "/a.flv", undefined],
    [usual, "/live/a.flv/b", undefined],
    [usual, "/live/a.flv.flv", ["live", "a"]],
    ["/hdl/[app]/[stream].flv", "/hdl/live/a.flv", ["live", "a"]],
    ["/hdl/[app]/[stream].flv", "/live/a.flv", undefined],
    ["[vhost]/live/[stream].flv", "/live/a.flv", ["live", "a"]],
    ["[vhost]/[stream].flv", "/a.flv", ["__defaultApp__", "a"]],
    ["[vhost]/[app]/[stream]/index.flv", "/live/a/index.flv", ["live", "a"]],
    ["[vhost]/[app]/[stream].+(x).flv", "/live/a.+(x).flv", ["live", "a"]],
    ["[vhost]/[app]/[app].flv", "/live/a.flv", undefined]
  ]
  for (const [template, path, expected] of cases) {
    test(`${template} of ${path}`, () => {
      const found = matchMount(compileMount(template), path)
      expect(found).toEqual(expected && { app: expected[0], stream: expected[1] })
    })
  }

  test("names its extension", () => {
    expect(compileMount(usual).extension).toBe(".flv")
    expect(compileMount("[vhost]/[app]/[stream].ts").extension).toBe(".ts")
    expect(compileMount("[vhost]/[app]/[stream]").extension).toBe("")
  })

  test("refuses names too long for a file", () => {
    const path = (length: number) => `/live/${"a".repeat(length)}.flv`
    expect(matchMount(compileMount(usual), path(maxNameLength))).toBeDefined()
    expect(matchMount(compileMount(usual), path(maxNameLength + 1))).toBeUndefined()
  })

  test("never throws and answers soon, whatever the template and the path", () => {
    const parts = ["[vhost]", "[app]", "[stream]", "/", ".", "flv", "[", "]", "(", "*", "\\", "a", "-", "?"]
    let seed = 7
    const pick = () => parts[(seed = (seed * 1103515245 + 12345) & 0x7fffffff) % parts.length]
    const some = () => Array.from({ length: 8 }, pick).join("")
    for (let i = 0; i < 100_000; i++) matchMount(compileMount(some()), `/${some()}`)
    matchMount(compileMount(usual), `${"/a".repeat(4000)}.ts`)
  })
})

test("a stream's URL is one that its mount matches", () => {
  const url = (template: string, vhost: string) => mountUrl(template, { vhost, app: "live/x", stream: "中 a" })
  expect(url("[vhost]/[app]/[stream].flv", "__defaultVhost__")).toBe("/live/x/%E4%B8%AD%20a.flv")
  expect(url("[vhost]/[app]/[stream].flv", "v.com")).toBe("/v.com/live/x/%E4%B8%AD%20a.flv")
  expect(url("/hdl/[app]/[stream].flv", "v.com")).toBe("/hdl/live/x/%E4%B8%AD%20a.flv?vhost=v.com")
})

describe("the vhost of a request is", () => {
  const of = (path: string, host: string, query = "") => vhostsOf({ path, host, query: parseQuery(query) })
  const named = (vhost: string, path: string) => ({ vhost, path, exact: false })
  const first = (vhost: string, path: string) => ({ vhost, path, exact: true })

  test("the path's first segment, then the host", () =>
    expect(of("/v.com/live/a.flv", "h")).toEqual([first("v.com", "/live/a.flv"), named("h", "/v.com/live/a.flv")]))
  test("the query before the host", () => {
    expect(of("/live/a.flv", "h", "?vhost=v.com").at(-1)).toEqual(named("v.com", "/live/a.flv"))
    expect(of("/live/a.flv", "h", "?domain=v.com").at(-1)).toEqual(named("v.com", "/live/a.flv"))
    expect(of("/live/a.flv", "h", "?vhost=__defaultVhost__").at(-1)).toEqual(named("h", "/live/a.flv"))
  })
  test("the default one without a host", () => expect(of("/a.flv", "")).toEqual([named("__defaultVhost__", "/a.flv")]))
})

test("no query and no target throws", () => {
  const alphabet = "&;=,%+?/.#:[]@0aF\u00ff\\ \0"
  let seed = 11
  const pick = () => alphabet[(seed = (seed * 1103515245 + 12345) & 0x7fffffff) % alphabet.length]
  for (let i = 0; i < 100_000; i++) {
    const text = Array.from({ length: 12 }, pick).join("")
    parseQuery(text)
    const target = parseTarget("GET", `/${text}`, text)
    if (target !== undefined) expect(target.path).toStartWith("/")
  }
})

test("a query is split as SRS splits it", () => {
  const cases: ReadonlyArray<readonly [query: string, pairs: Record<string, string>]> = [
    ["", {}],
    ["?", {}],
    ["?a=1&b=2", { a: "1", b: "2" }],
    ["a=1&&b=2", { a: "1", b: "2" }],
    ["?a=1;b,2", { a: "1", b: "2" }],
    ["?a=1&a=2", { a: "1" }],
    ["?a=b=c", { a: "b=c" }],
    ["?a", { a: "" }],
    ["?=1&&;", {}],
    ["?a=%E4%B8%AD+b", { a: "中 b" }],
    ["?a=%zz", { a: "%zz" }]
  ]
  for (const [query, pairs] of cases) expect(Object.fromEntries(parseQuery(query))).toEqual(pairs)
})
