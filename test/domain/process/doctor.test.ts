import { expect, test } from "bun:test"
import {
  type CertificateFact,
  diagnose,
  doctorReport,
  type DoctorFacts,
  type Finding
} from "../../../src/domain/process/doctor.ts"
import { isDocker, openFilesLimit, startMillis } from "../../../src/domain/process/procfs.ts"
import { makeServerId, serverIdPath } from "../../../src/domain/process/serverId.ts"

const now = Date.UTC(2026, 10, 21)
const day = 86_400_000
const sound: DoctorFacts = { nowMillis: now, ports: [], maxConnections: 1000, descriptors: 20_000, certificates: [] }
const rtmp = { name: "rtmp", host: "", port: 1935, transport: "tcp", error: undefined } as const
const certificate: CertificateFact = {
  name: "https_api",
  certPath: "conf/server.crt",
  keyPath: "conf/server.key",
  error: undefined,
  validFromMillis: now - day,
  validToMillis: now + 90 * day,
  matches: true
}

test.each<[string, Partial<DoctorFacts>, Finding["state"], RegExp]>([
  ["a free port", { ports: [rtmp] }, "ok", /^tcp port 1935 \(rtmp\) is free$/],
  ["a port in use", { ports: [{ ...rtmp, error: "EADDRINUSE" }] }, "failure", /1935 .*another process listens/],
  ["a port one may not bind", { ports: [{ ...rtmp, port: 80, error: "EACCES" }] }, "failure", /80 .*port from 1024/],
  [
    "an address of another machine",
    { ports: [{ ...rtmp, host: "192.0.2.1", error: "EADDRNOTAVAIL" }] },
    "failure",
    /192\.0\.2\.1/
  ],
  ["too few descriptors", { descriptors: 1128 }, "failure", /needs more than 1128 open files, the limit is 1128/],
  ["just enough descriptors", { descriptors: 1129 }, "ok", /fits/],
  ["no known limit", { descriptors: undefined }, "warning", /not known/],
  ["a clock that was never set", { nowMillis: 0 }, "failure", /1970/],
  ["a good certificate", { certificates: [certificate] }, "ok", /valid until 2027-02-19/],
  [
    "one that ends soon",
    { certificates: [{ ...certificate, validToMillis: now + 13 * day }] },
    "warning",
    /2026-12-04/
  ],
  ["one that has ended", { certificates: [{ ...certificate, validToMillis: now - 1 }] }, "failure", /expired/],
  [
    "one of the future",
    { certificates: [{ ...certificate, validFromMillis: now + 1 }] },
    "failure",
    /not valid before/
  ],
  ["another's key", { certificates: [{ ...certificate, matches: false }] }, "failure", /does not belong to the key/],
  [
    "a file that is not there",
    { certificates: [{ ...certificate, error: "ENOENT: no such file" }] },
    "failure",
    /ENOENT/
  ]
])("the doctor on %s", (_, facts, state, text) => {
  const expected = expect.objectContaining({ state, text: expect.stringMatching(text) })
  expect(diagnose({ ...sound, ...facts })).toContainEqual(expected)
})

test("the report ends with a sum", () => {
  expect(doctorReport(diagnose(sound))).toBe(
    "ok       max_connections 1000 fits the limit of 20000 open files\n" +
      "ok       the clock shows 2026-11-21T00:00:00.000Z\nready to serve\n"
  )
  expect(doctorReport(diagnose({ ...sound, nowMillis: 0 }))).toEndWith("1 of 2 checks failed\n")
})

test("reads when a process started, whatever its name", () => {
  const stat = "4711 (a b) (c)) S 1 4711 4711 0 -1 4194560 1 0 0 0 5 1 0 0 20 0 12 0 123456 18000 500"
  expect(startMillis(stat, "cpu 1\nbtime 1700000000\nprocesses 1\n")).toBe(1_700_000_000_000 + 1_234_560)
  expect(startMillis("", "")).toBeUndefined()
  expect(startMillis(stat, "cpu 1\n")).toBeUndefined()
})

test("reads the soft limit of open files", () => {
  const limits = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}    524288    files\n`
  expect([limits("1024"), limits("unlimited"), ""].map(openFilesLimit)).toEqual([1024, Infinity, undefined])
})

test("knows Docker by its control group", () => {
  expect([isDocker("12:cpu:/docker/0123abc\n"), isDocker("0::/\n")]).toEqual([true, false])
})

test("a server id is vid- and seven characters, in a file beside the pid file", () => {
  expect([makeServerId(() => 0), makeServerId(() => 0.999)]).toEqual(["vid-aaaaaaa", "vid-9999999"])
  expect(["objs/srs.pid", "/run/srs"].map(serverIdPath)).toEqual(["objs/srs.id", "/run/srs.id"])
})
