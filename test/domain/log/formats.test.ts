import { expect, test } from "bun:test"
import { humanLine } from "../../../src/domain/log/human.ts"
import { jsonLine } from "../../../src/domain/log/json.ts"
import { minimumLevel } from "../../../src/domain/log/level.ts"
import type { LogRecord } from "../../../src/domain/log/LogRecord.ts"
import { srsLine } from "../../../src/domain/log/srsLine.ts"

// 2026-11-21 09:13:47.042 UTC.
const timeMillis = 1_795_252_427_042
const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

const record = (given: Partial<LogRecord>): LogRecord => ({
  timeMillis,
  level: "Info",
  message: "session opened",
  sessionId: "12a45b78",
  traceId: "",
  spanId: "",
  fields: {},
  cause: "",
  errno: 0,
  ...given
})

const srs = (given: Partial<LogRecord>, color = false) =>
  srsLine(record(given), { utc: true, color, pid: 4711, serverCid: "0c0ffee0", errnoText: (errno) => `text ${errno}` })

const rtmp = { "client.address": "192.0.2.7:50000", "network.protocol.name": "rtmp" }
const stream = { "stream.vhost": "__defaultVhost__", "stream.app": "live", "stream.name": "livestream" }

const head = "[2026-11-21 09:13:47.042]"

test.each<[string, Partial<LogRecord>, string]>([
  ["a new client", { fields: rtmp }, `${head}[INFO][4711][12a45b78] RTMP client ip=192.0.2.7:50000, fd=-1`],
  [
    "connect",
    { message: "connect app", fields: { ...rtmp, "rtmp.tc_url": "rtmp://h/live", "stream.app": "live" } },
    `${head}[INFO][4711][12a45b78] connect app, tcUrl=rtmp://h/live, app=live`
  ],
  [
    "identification",
    { message: "client identified", fields: { ...rtmp, ...stream, "client.type": "fmle-publish" } },
    `${head}[INFO][4711][12a45b78] client identified, type=fmle-publish, vhost=__defaultVhost__, app=live, stream=livestream`
  ],
  [
    "publishing",
    { message: "start publish", fields: { "publish.merged_read": 0 } },
    `${head}[INFO][4711][12a45b78] start publish mr=0`
  ],
  [
    "publish progress",
    {
      message: "publish progress",
      fields: {
        "session.age_ms": 10002,
        "rate.out_kbps": "0,0,0",
        "rate.in_kbps": "251,250,0",
        "publish.merged_read": 0
      }
    },
    `${head}[INFO][4711][12a45b78] <- CPB time=10002, okbps=0,0,0, ikbps=251,250,0, mr=0`
  ],
  [
    "the peer's leaving",
    { message: "session closed", fields: { "session.end": "closed", "session.end_by": "peer" } },
    `${head}[INFO][4711][12a45b78] client disconnect peer. ret=1004`
  ],
  [
    "an ordinary end",
    { message: "session closed", fields: { "session.end": "closed" } },
    `${head}[INFO][4711][12a45b78] client finished.`
  ],
  [
    "a kick",
    { message: "session closed", fields: { "session.end": "kicked" } },
    `${head}[INFO][4711][12a45b78] client finished. end=kicked`
  ],
  [
    "a failure, with the errno bracket",
    {
      level: "Warn",
      message: "session failed",
      fields: { "error.code": 1028, "error.name": "StreamBusy" },
      cause: "StreamBusy: stream live/a already has a publisher"
    },
    `${head}[WARN][4711][12a45b78][0] serve error code=1028(StreamBusy) : StreamBusy: stream live/a already has a publisher`
  ],
  [
    "a system error, with its text",
    {
      level: "Error",
      message: "session failed",
      cause: "Error: write EPIPE\nat x",
      errno: 32,
      fields: { "error.name": "Error" }
    },
    `${head}[ERROR][4711][12a45b78][32] serve error code=-1(Error) : Error: write EPIPE (text 32)\n    at x`
  ],
  [
    "a line outside of sessions, and any other event",
    { sessionId: "", message: "listener ready", fields: { "listen.port": 1935, "listen.name": "rtmp main" } },
    `${head}[INFO][4711][0c0ffee0] listener ready, listen.port=1935, listen.name="rtmp main"`
  ],
  ["fatal as error", { level: "Fatal", message: "x" }, `${head}[ERROR][4711][12a45b78][0] x`]
])("SRS's form: %s", (_, given, line) => {
  expect(srs(given)).toBe(line)
})

test("SRS's form colours warnings and errors only", () => {
  expect(srs({ message: "x" }, true)).not.toContain("\u001b")
  expect(srs({ message: "x", level: "Warn" }, true)).toBe(`\u001b[33m${head}[WARN][4711][12a45b78][0] x\u001b[0m`)
  expect(srs({ message: "x", level: "Error" }, true)).toStartWith("\u001b[31m")
})

test("the form for eyes has time, level, event, session, facts and trace", () => {
  const given = record({ fields: { ...rtmp, "client.agent": "FMLE/3.0 (compatible; FMSc/1.0)" }, traceId: trace })
  expect(humanLine(given, { utc: true, color: false })).toBe(
    "09:13:47.042 INFO  session opened session=12a45b78 client.address=192.0.2.7:50000 network.protocol.name=rtmp " +
      `client.agent="FMLE/3.0 (compatible; FMSc/1.0)" trace=${trace}`
  )
  expect(humanLine(given, { utc: true, color: true })).toContain("\u001b[32mINFO \u001b[0m session opened")
})

test("JSON is flat, keeps numbers, and facts cannot pass for the line's own keys", () => {
  const line = jsonLine(
    record({
      traceId: trace,
      spanId: "00f067aa0ba902b7",
      cause: "Busy: x",
      fields: { level: "FAKE", "a.b": 3, "a.c": [1n] }
    })
  )
  expect(JSON.parse(line)).toEqual({
    time: "2026-11-21T09:13:47.042Z",
    level: "INFO",
    message: "session opened",
    "session.id": "12a45b78",
    trace_id: trace,
    span_id: "00f067aa0ba902b7",
    "a.b": 3,
    "a.c": "[object]",
    cause: "Busy: x"
  })
})

const loop: Record<string, unknown> = {}
loop["self"] = loop

test("no form lets a peer's text end a line, paint the terminal or grow without limit", () => {
  const evil = "a\nb\u001b[31m\u0085\u2028" + "x".repeat(10_000)
  const given = record({
    message: evil,
    fields: { [evil]: evil, n: null, u: undefined, f: () => 1, s: Symbol("s"), loop }
  })
  for (const line of [humanLine(given, { utc: false, color: false }), srs(given), jsonLine(given)]) {
    expect(/\p{Cc}/u.test(line)).toBe(false)
    expect(line.length).toBeLessThan(16_000)
  }
  expect(srs(given)).toContain("a\\nb\\u001b[31m\\u0085\\u2028xxx")
})

test("local time is that of the process's zone", () => {
  const local = new Date(timeMillis)
  const hours = String(local.getHours()).padStart(2, "0")
  expect(humanLine(record({}), { utc: false, color: false })).toStartWith(`${hours}:`)
})

test.each([
  ["trace", "", "Info"],
  ["verbose", "", "Trace"],
  ["info", "", "Debug"],
  ["warn", "", "Warn"],
  ["error", "", "Error"],
  ["error", "trace", "Trace"],
  ["error", "info", "Info"],
  ["nonsense", "", "None"],
  ["trace", "verbose", "None"],
  ["constructor", "", "None"]
] as const)("srs_log_level %s and srs_log_level_v2 '%s' log from %s", (v1, v2, level) => {
  expect(minimumLevel(v1, v2)).toBe(level)
})
