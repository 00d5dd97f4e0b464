import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { parseClientUrl, playUrl, upstreamUrl } from "../../../src/domain/rtmp/ClientUrl.ts"

const table: ReadonlyArray<readonly [string, Partial<ReturnType<typeof fields>>]> = [
  [
    "rtmp://h/live/cam",
    { encrypted: false, host: "h", port: 1935, app: "live", tcUrl: "rtmp://h/live", playName: "cam" }
  ],
  ["rtmps://h/live/cam", { encrypted: true, host: "h", port: 443, tcUrl: "rtmps://h/live" }],
  ["rtmp://h:19350/live/cam", { port: 19350, tcUrl: "rtmp://h:19350/live" }],
  ["rtmp://[::1]:19350/live/cam", { host: "::1", tcUrl: "rtmp://[::1]:19350/live" }],
  ["rtmp://h/a/b/cam?t=1", { app: "a/b", playName: "cam?t=1", publishName: "cam?t=1" }],
  ["rtmp://h/live/cam?token=a/b", { app: "live", playName: "cam?token=a/b" }],
  ["rtmp://h/live?t=1/cam", { app: "live", playName: "cam?t=1" }],
  ["rtmp://u:p%40ss:x@h/live/cam", { user: "u", password: "p@ss:x", host: "h", tcUrl: "rtmp://h/live" }],
  ["rtmp://u@h/live/cam", { user: "u", password: "" }],
  ["rtmp://%ff%zz:p@h/live/cam", { user: "\ufffd%zz" }],
  [
    "rtmp://10.0.0.1:1936/live/cam?vhost=v.com&t=1",
    {
      host: "10.0.0.1",
      tcUrl: "rtmp://v.com:1936/live",
      playName: "cam?vhost=v.com&t=1",
      publishName: "cam?t=1"
    }
  ]
]

const fields = (url: string) => Result.getOrThrow(parseClientUrl(url))

test.each(table)("reads %s", (url, expected) => {
  expect(fields(url)).toMatchObject(expected)
})

test.each([
  "",
  "h/live/cam",
  "http://h/live/cam",
  "rtmp://h/live",
  "rtmp://h",
  "rtmp://:99/live/cam",
  "rtmp://h/../cam"
])("refuses %j", (url) => {
  expect(Result.isFailure(parseClientUrl(url))).toBe(true)
})

test("shows no password in an error", () => {
  const error = Result.getOrThrow(Result.flip(parseClientUrl("rtmp://user:secret@h/live")))
  expect(error.message).not.toContain("secret")
  expect(error.message).toContain("user:***@h")
})

test.each([
  ["v.com", "?token=t", "v.com", "rtmp://o:1935/live/cam?token=t&vhost=v.com"],
  ["h", "", "v.com", "rtmp://o:1935/live/cam?vhost=v.com"],
  ["h", "?vhost=x", "v.com", "rtmp://o:1935/live/cam?vhost=x"],
  ["localhost", "", "__defaultVhost__", "rtmp://o:1935/live/cam?vhost=localhost"],
  ["10.0.0.1", "", "__defaultVhost__", "rtmp://o:1935/live/cam"],
  ["::1", "?a=b", "__defaultVhost__", "rtmp://o:1935/live/cam?a=b"]
])("asks upstream for host %s param %s vhost %s", (host, param, vhost, expected) => {
  expect(upstreamUrl({ host: "o", port: 1935 }, { host, app: "live", stream: "cam", param }, vhost)).toBe(expected)
})

test("shows where a stream can be played", () => {
  const name = { vhost: "__defaultVhost__", app: "live", stream: "cam" }
  expect(playUrl(name, "rtmp", "h", 1935)).toBe("rtmp://h/live/cam")
  expect(playUrl(name, "rtmps", "::1", 1935)).toBe("rtmps://[::1]:1935/live/cam")
  expect(playUrl({ ...name, vhost: "v.com" }, "rtmp", "h", 19350)).toBe("rtmp://h:19350/live/cam?vhost=v.com")
})
