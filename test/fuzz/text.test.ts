/** What comes as text: requests, URLs, mounts, configuration and environment. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { parseCommandLine } from "../../src/domain/config/commandLine.ts"
import { parse } from "../../src/domain/config/Grammar.ts"
import { loadEnvironment } from "../../src/domain/config/load.ts"
import { knownVariables, misspelledVariables, overrideOf, variablesOf } from "../../src/domain/config/environment.ts"
import { compileMount, matchMount, mountUrl, vhostsOf } from "../../src/domain/http/mount.ts"
import { parseQuery } from "../../src/domain/http/query.ts"
import { maxHeadBytes, RequestHeadReader } from "../../src/domain/http/RequestHead.ts"
import { parseTarget } from "../../src/domain/http/target.ts"
import { parseClientUrl } from "../../src/domain/rtmp/ClientUrl.ts"
import { isReferAllowed } from "../../src/domain/access/Refer.ts"
import { parseRequestUrl, parseTcUrl } from "../../src/domain/rtmp/RequestUrl.ts"
import { coreSchema, optionsOf, tryLoad } from "../domain/config/loading.ts"
import { fuzz } from "./fuzz.ts"
import { bytesOf, textOf } from "./seeds.ts"

/** As curl, FFmpeg, VLC and a browser ask. */
const requests = [
  "GET /live/livestream.flv HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
  "GET /live/livestream.flv?vhost=a.com&token=1%2F2 HTTP/1.1\r\nUser-Agent: Lavf/59.27.100\r\nAccept: */*\r\nRange: bytes=0-\r\nConnection: close\r\nHost: a.com:8080\r\nIcy-MetaData: 1\r\n\r\n",
  "GET /live/a.flv HTTP/1.0\r\n\r\n",
  'POST /api/v1/clients/abc HTTP/1.1\r\nHost: [::1]:1985\r\nContent-Length: 12\r\nContent-Type: application/json\r\n\r\n{"code":  0}',
  "GET /a.flv HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://b.com\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "PUT http://a.b/c HTTP/1.1\nHost: a.b\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n"
]

fuzz({
  name: "request heads",
  seeds: bytesOf(requests),
  run: (input) => {
    const reader = new RequestHeadReader()
    const half = input.length >> 1
    for (const part of [input.subarray(0, half), input.subarray(half)]) {
      const head = reader.push(part)
      if (Result.isFailure(head)) return
      if (head.success === undefined) continue
      if (head.success.headLength > maxHeadBytes + 8) throw new Error("a head above its limit")
      parseQuery(head.success.query)
      return
    }
  }
})

const urls = [
  "rtmp://user:pass@a.com:1935/live/livestream?vhost=b.com&token=%20x",
  "rtmps://[2001:db8::1]:443/live...vhost...b.com/stream",
  "rtmp://1.2.3.4/app/instance/stream?a=b;c,d",
  "/live/%e4%bd%a0.flv?a=%",
  "http://[::1]:8080/a/../b/./c//d.flv#x",
  "rtmp://a.com/live?vhost=v/livestream"
]

fuzz({
  name: "URLs",
  seeds: bytesOf(urls),
  run: (input) => {
    const text = textOf(input)
    parseTcUrl(text)
    const request = parseRequestUrl(text, text.slice(text.lastIndexOf("/") + 1))
    if (Result.isSuccess(request) && request.success.stream.length > 20_000) throw new Error("a name above its limit")
    parseClientUrl(text)
    parseTarget("GET", text, "a.com:80")
    parseTarget("GET", "/", text)
    parseQuery(text)
    isReferAllowed(text, ["a.com", "b.com"])
  }
})

const mounts = [
  "[vhost]/[app]/[stream].flv",
  "/[app]/[stream].ts",
  "[vhost]/live/[stream]-hd.mp3",
  "/a/[app]/[app]/[stream][stream].aac",
  "/static.flv"
]

fuzz({
  name: "mounts",
  seeds: bytesOf(mounts),
  run: (input) => {
    const template = textOf(input)
    const mount = compileMount(template)
    for (const path of ["/live/livestream.flv", "/a/b/c/d-hd.mp3", template, `/${"a/".repeat(200)}b.flv`]) {
      matchMount(mount, path)
      vhostsOf({ path, host: "a.com", query: parseQuery(template) } as unknown as Parameters<typeof vhostsOf>[0])
    }
    mountUrl(template, { vhost: "v", app: "live", stream: "a" })
  }
})

const conf = path.resolve(import.meta.dirname, "../../conf")
/** Shipped and example configurations, in pieces of a block or so. */
const configurations = fs
  .readdirSync(conf)
  .flatMap((name) => fs.readFileSync(path.join(conf, name), "utf8").split(/\n(?=\S)/))
  .filter((text) => text.trim() !== "" && !text.startsWith("#"))
  .map((text) => text.slice(0, 300))

const noFiles = () => Result.fail("no such file")

fuzz({
  name: "configuration grammar",
  seeds: bytesOf(configurations),
  run: (input) => void parse(textOf(input), "a.conf", noFiles)
})

fuzz({
  name: "configurations",
  seeds: bytesOf(configurations),
  count: 5000,
  run: (input) => {
    const result = tryLoad(`listen 1935;\n${textOf(input)}`)
    if (Result.isFailure(result) && result.failure[0].message === "") throw new Error("a refusal without words")
  }
})

const variables = [...knownVariables(coreSchema)]
const fields = coreSchema.entries.filter(({ entry }) => entry._tag === "Field")
const environments = ["=1935", "=on", "=[::1]:80 1.2.3.4:90", "=99999999999999999999", "=-1", "= ", "=127.0.0.1:"]

fuzz({
  name: "values of variables",
  seeds: bytesOf(environments.map((text) => text.slice(1))),
  run: (input) => {
    const { entry, path } = fields[(input.length * 31 + (input[0] ?? 0)) % fields.length]
    if (entry._tag !== "Field") return
    const environment = Object.fromEntries(variablesOf(entry, path).map((name) => [name, textOf(input)]))
    const override = overrideOf(entry, path, environment)
    if (override === undefined) return
    entry.misfit(override.args)
    const value = entry.read(override.args, "environment")
    if (value === undefined || Number.isNaN(value)) throw new Error(`${path} is ${String(value)}`)
  }
})

fuzz({
  name: "whole environments",
  seeds: bytesOf(variables.flatMap((name, index) => `${name}${environments[index % environments.length]}`)),
  count: 2000,
  run: (input) => {
    const lines = textOf(input).split("\n")
    const environment = Object.fromEntries(lines.map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]))
    loadEnvironment(optionsOf(environment))
  }
})

/** So many names in each input. */
const namesAtOnce = 20

fuzz({
  name: "names of variables",
  count: 100_000 / namesAtOnce,
  seeds: bytesOf(variables.map((_, at) => variables.slice(at, at + namesAtOnce).join("\n"))),
  run: (input) => {
    const names = textOf(input).split("\n")
    misspelledVariables(coreSchema, Object.fromEntries(names.map((name) => [name, "1"])))
  }
})

fuzz({
  name: "command line",
  seeds: bytesOf([
    "-c a.conf -t",
    "doctor -e",
    "-h",
    "--version",
    "dump --listen 1 --to a:2 -o f",
    "replay f --to a:1"
  ]),
  run: (input) => void parseCommandLine(textOf(input).split(" "), {})
})
