import { expect, test } from "bun:test"
import { changesBetween, type SettingsChange } from "../../../src/domain/config/changes.ts"
import { coreSchema, loaded } from "./loading.ts"

const changes = (before: string, after: string): ReadonlyArray<SettingsChange> =>
  changesBetween(coreSchema, loaded(`listen 1935;\n${before}`).snapshot, loaded(`listen 1935;\n${after}`).snapshot)

const top = (...directives: ReadonlyArray<string>) => ({ change: "changed", vhost: undefined, directives, atStart: [] })
const inV = (...directives: ReadonlyArray<string>) => ({ change: "changed", vhost: "v", directives, atStart: [] })
const whole = (change: string, vhost: string) => ({ change, vhost, directives: [], atStart: [] })

const table: ReadonlyArray<readonly [before: string, after: string, expected: ReadonlyArray<unknown>]> = [
  ["", "", []],
  ["", "max_connections 1000; # the default", []],
  ["max_connections 5;", "max_connections 6;", [top("max_connections")]],
  ["chunk_size 4096; vhost v {}", "chunk_size 5000; vhost v {}", [top("chunk_size"), inV("vhost.chunk_size")]],
  ["server_id a;", "", [{ ...top("server_id"), atStart: ["server_id"] }]],
  ["srs_log_level warn;", "", [top("srs_log_level")]],
  ["http_api { enabled on; }", "http_api { enabled on; listen 1986; }", [top("http_api.listen")]],
  ["", "vhost v {}", [whole("added", "v")]],
  ["vhost v {}", "", [whole("removed", "v")]],
  ["vhost v {}", "vhost v { enabled off; }", [whole("removed", "v")]],
  ["vhost a {} vhost b {}", "vhost b {} vhost c {}", [whole("removed", "a"), whole("added", "c")]],
  ["vhost v { play { atc on; } }", "vhost v {}", [inV("vhost.play.atc")]],
  [
    "vhost v { forward { destination a b; } }",
    "vhost v { forward { destination b a; } }",
    [inV("vhost.forward.destination")]
  ],
  [
    "vhost v { security { allow play all; } }",
    "vhost v { security { allow play all; allow publish all; } }",
    [inV("vhost.security.allow")]
  ],
  ["vhost v { ingest x { enabled on; } }", "vhost v { ingest x { enabled on; } ingest y {} }", [inV("vhost.ingest")]]
]

test.each(table)("from %j to %j", (before, after, expected) => {
  expect<ReadonlyArray<unknown>>(changes(before, after)).toEqual(expected)
})
