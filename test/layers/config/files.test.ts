/** The files that are shipped and the files that are made from the tables. */
import { expect, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"
import * as Result from "effect/Result"
import { fullConfiguration, generatedFiles } from "../../../scripts/docs.ts"
import type { MachineFacts } from "../../../src/domain/config/refusals.ts"
import { load } from "../../../src/layers/config/Settings.ts"

const root = new URL("../../../", import.meta.url).pathname
const facts: MachineFacts = { docker: false, localAddresses: 1, openFiles: 4096 }
const examples = readdirSync(`${root}conf`).filter((name) => name.endsWith(".conf"))

const loadExample = (name: string, environment = {}) =>
  Result.getOrThrowWith(
    load({ _tag: "File", path: `${root}conf/${name}` }, { environment, facts }),
    (errors) => new Error(errors.map(({ message }) => message).join("\n"))
  )

for (const name of examples) {
  test(`conf/${name} is accepted without a warning`, () => {
    expect(loadExample(name).warnings).toEqual([])
  })
}

for (const name of examples.filter((name) => name !== "full.conf")) {
  test(`conf/${name} has nothing that is not active`, () => {
    expect(loadExample(name).inactive).toEqual([])
  })
}

test("the shipped file serves RTMP, HTTP-FLV and the API in the foreground", () => {
  const { global, vhosts } = loadExample("default.conf").snapshot
  const vhost = vhosts.get("__defaultVhost__")
  expect({
    rtmp: global.listen.map(({ port }) => port),
    http: global.httpServer.enabled && global.httpServer.listen.port,
    api: global.httpApi.enabled && global.httpApi.listen.port,
    flv: vhost?.httpRemux.enabled,
    daemon: global.daemon,
    tank: global.logTank,
    connections: global.maxConnections
  }).toEqual({ rtmp: [1935], http: 8080, api: 1985, flv: true, daemon: false, tank: "console", connections: 1000 })
})

for (const [path, content] of generatedFiles) {
  test(`${path} is what bun scripts/docs.ts writes`, () => {
    expect(readFileSync(`${root}${path}`, "utf8")).toBe(content())
  })
}

test("defaults that are written down give the defaults", () => {
  const blocks = ["streamCasters", "ingests", "transcodes"]
  const without = (values: object): object =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !blocks.includes(key)))
  const loaded = (text: string) => Result.getOrThrow(load({ _tag: "Text", text }, { environment: {}, facts })).snapshot
  const full = loaded(fullConfiguration())
  const empty = loaded("listen 1935; vhost __defaultVhost__ {}")
  expect(without(full.global)).toEqual(without(empty.global))
  const [vhosts, others] = [full, empty].map((snapshot) => [...snapshot.vhosts.values()].map(without))
  // min_latency is off for RTMP and on for WebRTC; written down it is the same for both.
  expect(vhosts).toEqual(others.map((vhost) => ({ ...vhost, rtcMinLatency: false })))
})
