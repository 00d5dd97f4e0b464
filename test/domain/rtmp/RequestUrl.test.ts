import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { parseRequestUrl, parseTcUrl, streamNameOf, withoutExtension } from "../../../src/domain/rtmp/RequestUrl.ts"
import { maxNameLength, maxUrlLength } from "../../../src/domain/rtmp/UrlText.ts"

/** tcUrl, stream argument, then vhost, app, stream, param. */
const table: ReadonlyArray<readonly [string, string, string, string, string, string, string]> = [
  ["plain", "rtmp://h/live", "cam", "h", "live", "cam", ""],
  ["app of two parts", "rtmp://h/live/inst", "cam", "h", "live/inst", "cam", ""],
  ["no app", "rtmp://h", "cam", "h", "__defaultApp__", "cam", ""],
  ["no app with a slash", "rtmp://h/", "cam", "h", "__defaultApp__", "cam", ""],
  ["slash in the stream name", "rtmp://h/live", "a/b", "h", "live/a", "b", ""],
  ["slash before the stream name", "rtmp://h/live/", "/cam", "h", "live", "cam", ""],
  ["vhost in tcUrl", "rtmp://h/live?vhost=v.com", "cam", "v.com", "live", "cam", "?vhost=v.com"],
  ["vhost in the stream name", "rtmp://h/live", "cam?vhost=v.com", "v.com", "live", "cam", "?vhost=v.com"],
  ["domain", "rtmp://h/live", "cam?domain=v.com&a=1", "v.com", "live", "cam", "?domain=v.com&a=1"],
  ["vhost before domain", "rtmp://h/live", "cam?domain=d&vhost=v", "v", "live", "cam", "?domain=d&vhost=v"],
  ["Flash-safe vhost", "rtmp://h/live...vhost...v.com", "cam", "v.com", "live", "cam", "?vhost=v.com"],
  ["Flash-safe vhost in the name", "rtmp://h/live", "cam...vhost...v.com", "v.com", "live", "cam", "?vhost=v.com"],
  ["both queries", "rtmp://h/live?vhost=v", "cam?token=t", "v", "live", "cam", "?token=t&vhost=v"],
  ["semicolons", "rtmp://h/live", "cam?a=1;vhost=v", "v", "live", "cam", "?a=1;vhost=v"],
  ["comma for equals", "rtmp://h/live", "cam?vhost,v", "v", "live", "cam", "?vhost,v"],
  ["double separators", "rtmp://h/live", "cam?a=1&&vhost=v", "v", "live", "cam", "?a=1&&vhost=v"],
  ["a key that ends in vhost", "rtmp://h/live", "cam?myvhost=v", "h", "live", "cam", "?myvhost=v"],
  ["default vhost alone", "rtmp://h/live?vhost=__defaultVhost__", "cam", "h", "live", "cam", ""],
  [
    "default vhost and a token",
    "rtmp://h/live",
    "s?vhost=__defaultVhost__&t=1",
    "h",
    "live",
    "s",
    "?vhost=__defaultVhost__&t=1"
  ],
  ["FMLE query in the app", "rtmp://h/live?k=v/inst", "cam", "h", "live", "cam", "?k=v/inst"],
  ["token with a slash", "rtmp://h/live", "cam?token=a/b==", "h", "live", "cam", "?token=a/b=="],
  ["token with a slash in tcUrl", "rtmp://h/live?token=a/b", "cam", "h", "live", "cam", "?token=a/b"],
  ["_definst_", "rtmp://h/live/_definst_", "cam", "h", "live", "cam", ""],
  ["_definst_ inside", "rtmp://h/live/_definst_/x", "cam", "h", "live/x", "cam", ""],
  ["extension stays in the name", "rtmp://h/live", "cam.flv", "h", "live", "cam.flv", ""],
  ["all in tcUrl", "rtmp://h/live/livestream", "", "h", "live", "livestream", ""],
  ["all in tcUrl with query", "rtmp://h/live/livestream?a=b", "", "h", "live", "livestream", "?a=b"],
  ["name in the query", "rtmp://h/live?secret=x/livestream", "", "h", "live", "livestream", "?secret=x"],
  ["vhost then name in the query", "rtmp://h/live?vhost=v/livestream", "", "v", "live", "livestream", "?vhost=v"],
  ["name and query in the query", "rtmp://h/live?a=1/s?b=2", "", "h", "live", "s", "?a=1&b=2"],
  ["white space", "rtmp://h/ live ", " cam\r\n", "h", "live", "cam", ""],
  [
    "white space and slash around the vhost",
    "rtmp://h/live",
    "cam?vhost= v.com/",
    "v.com",
    "live",
    "cam",
    "?vhost= v.com/"
  ],
  ["double slashes", "rtmp://h//live//x//", "cam", "h", "live/x", "cam", ""],
  ["fragment", "rtmp://h/live", "cam#k=v", "h", "live", "cam", "?k=v"],
  ["IPv6", "rtmp://[2001:db8::1]:1936/live", "cam", "2001:db8::1", "live", "cam", ""],
  ["upper case scheme", "RTMP://h/live", "cam", "h", "live", "cam", ""],
  ["user in tcUrl", "rtmp://u:p@h/live", "cam", "h", "live", "cam", ""],
  ["a name not in ASCII", "rtmp://h/live", "摄像头", "h", "live", "摄像头", ""],
  ["a name with dots", "rtmp://h/live", "a..b", "h", "live", "a..b", ""]
]

describe("parseRequestUrl", () => {
  test.each(table)("reads %s", (_name, tcUrl, argument, vhost, app, stream, param) => {
    const { vhost: v, app: a, stream: s, param: p } = Result.getOrThrow(parseRequestUrl(tcUrl, argument))
    expect([v, a, s, p]).toEqual([vhost, app, stream, param])
  })

  test.each([
    ["rtmp://h/a", "rtmp", 1935],
    ["rtmps://h/a", "rtmps", 443],
    ["https://h/a", "https", 443],
    ["http://h/a", "http", 80],
    ["rtmpt://h/a", "rtmpt", 80],
    ["rtmp://h:1936/a", "rtmp", 1936],
    ["rtmp://h:/a", "rtmp", 1935]
  ] as const)("finds the port of %s", (tcUrl, schema, port) => {
    expect(Result.getOrThrow(parseRequestUrl(tcUrl, "s"))).toMatchObject({ schema, port, host: "h", tcUrl })
  })

  test.each([
    ["", "s"],
    ["h/live", "s"],
    ["//h/live", "s"],
    ["rtmp:/h/live", "s"],
    ["rtmp:///live", "s"],
    ["rtmp://h:99999/live", "s"],
    ["rtmp://h:0/live", "s"],
    ["rtmp://h:x/live", "s"],
    ["rtmp://a:b:c/live", "s"],
    ["rtmp://[::1/live", "s"],
    ["rtmp://h/../etc", "s"],
    ["rtmp://h/live", "../../etc/passwd"],
    ["rtmp://h/live", ".."],
    ["rtmp://h/live", "a/./b"],
    ["rtmp://h/live", "a\\..\\b"],
    ["rtmp://h/live", "a\u0000b"],
    ["rtmp://h/li\u001bve", "s"],
    ["rtmp://h\u0001/live", "s"],
    ["rtmp://h/live", "s?vhost=v\u0000"],
    ["rtmp://h/live", "s?vhost=.."],
    ["rtmp://h/live", "s".repeat(maxNameLength + 1)],
    [`rtmp://h/${"a".repeat(maxNameLength + 1)}`, "s"],
    [`rtmp://${"h".repeat(256)}/live`, "s"],
    ["rtmp://h/live", `s?vhost=${"v".repeat(256)}`],
    ["rtmp://h/live", `s?${"v".repeat(maxUrlLength)}`]
  ])("refuses %j with %j as error 2006", (tcUrl, stream) => {
    expect(Result.getOrThrow(Result.flip(parseRequestUrl(tcUrl, stream)))).toMatchObject({ code: 2006 })
  })

  test.each([
    ["rtmp://h/live", ""],
    ["rtmp://h/live", "/"],
    ["rtmp://h/live", "?token=t"],
    ["rtmp://h", ""],
    ["rtmp://h/live", ".flv"]
  ])("refuses the empty name of %j with %j as error 2051", (tcUrl, stream) => {
    expect(Result.getOrThrow(Result.flip(parseRequestUrl(tcUrl, stream)))).toMatchObject({ code: 2051 })
  })

  test("throws at no input", () => {
    let seed = 7
    const next = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) % below
    const words = [
      "rtmp://",
      "h",
      "/",
      "?",
      "#",
      "vhost=",
      "&",
      "...vhost...",
      "_definst_",
      ":",
      "[",
      "]",
      "@",
      "\u0000",
      "..",
      "%",
      " ",
      "\ud800"
    ]
    for (let round = 0; round < 20_000; round++) {
      const text = () => Array.from({ length: next(9) }, () => words[next(words.length)]).join("")
      const url = parseRequestUrl((next(2) === 0 ? "rtmp://h" : "") + text(), text())
      if (Result.isSuccess(url)) expect(url.success.stream).toMatch(/^(?!\.\.?$)[^/?#]+$/)
    }
  })
})

test("parseTcUrl takes the whole path for the app and names no stream", () => {
  expect(Result.getOrThrow(parseTcUrl("rtmp://h/live/inst?vhost=v/x"))).toMatchObject({
    vhost: "v",
    app: "live/inst",
    stream: ""
  })
})

test("drops what follows the last dot from the identity", () => {
  expect(["cam", "cam.flv", "cam.1.flv", "cam."].map(withoutExtension)).toEqual(["cam", "cam", "cam.1", "cam"])
  expect(streamNameOf({ app: "live", stream: "cam.flv" }, "v")).toEqual({ vhost: "v", app: "live", stream: "cam" })
})
