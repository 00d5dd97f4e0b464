import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import {
  maxBodyBytes,
  maxHeadBytes,
  maxHeaders,
  maxRequestLineBytes,
  type RequestHead,
  RequestHeadReader
} from "../../../src/domain/http/RequestHead.ts"

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

type Outcome = RequestHead | number | undefined

/** The head, the status of a refusal, or `undefined` while more is needed. */
const read = (text: string, pieces: (bytes: Uint8Array) => ReadonlyArray<Uint8Array> = (bytes) => [bytes]): Outcome => {
  const reader = new RequestHeadReader()
  for (const piece of pieces(bytesOf(text))) {
    const result = reader.push(piece)
    if (Result.isFailure(result)) return result.failure.status
    if (result.success !== undefined) return result.success
  }
  return undefined
}

const headOf = (text: string): RequestHead => {
  const head = read(text)
  if (typeof head !== "object") throw new Error(`no head but ${head}`)
  return head
}

const eachByte = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** Sent by curl 7.88 and by Chromium 120. */
const curl = "GET /live/a.flv?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
const chromium =
  "GET /live/a.flv HTTP/1.1\r\nHost: localhost:8080\r\nConnection: Upgrade\r\nPragma: no-cache\r\n" +
  "Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nUpgrade: websocket\r\n" +
  "Origin: http://localhost\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

test("reads method, path, query, host, version and fields", () => {
  const head = headOf(curl)
  expect(head).toMatchObject({
    method: "GET",
    target: "/live/a.flv?x=1",
    path: "/live/a.flv",
    query: "?x=1",
    host: "127.0.0.1",
    authority: "127.0.0.1:8080",
    minor: 1,
    contentLength: 0,
    chunked: false,
    headLength: curl.length
  })
  expect(head.headers.get("user-agent")).toBe("curl/7.88.1")
})

test("needs every byte up to the empty line, and no more", () => {
  for (const text of [curl, chromium]) {
    for (let length = 0; length < text.length; length++) expect(read(text.slice(0, length))).toBeUndefined()
    expect(read(text, eachByte)).toEqual(read(text))
  }
})

test("reads one head after the other as if each were the first, whether or not their fields are the same", () => {
  const line = (path: string, minor = 1) => `GET ${path} HTTP/1.${minor}\r\n`
  const fields = "Host: a\r\nX: 1\r\n\r\n"
  const chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n"
  const heads = [
    line("/1") + fields,
    line("/2") + fields,
    line("/3") + fields.replace("1", "2"),
    line("/4", 0) + fields.replace("1", "2"),
    line("/5") + fields.replace("a", "b"),
    line("/6") + chunked,
    line("/7", 0) + chunked
  ]
  const reader = new RequestHeadReader()
  const found = heads.map((text): Outcome => {
    const result = reader.push(bytesOf(text))
    reader.take()
    return Result.isSuccess(result) ? result.success : result.failure.status
  })
  expect(reader.bytes).toHaveLength(0)
  expect(found).toEqual(heads.map((text) => read(text)))
  expect(found.at(-1)).toBe(400)
})

test("keeps what follows the head", () => {
  const reader = new RequestHeadReader()
  const result = reader.push(bytesOf(`${curl}rest`))
  if (Result.isFailure(result) || result.success === undefined) throw new Error("no head")
  expect(reader.bytes.subarray(result.success.headLength)).toEqual(bytesOf("rest"))
})

const get = (target: string, host = "h") => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

describe("targets:", () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, expected: Partial<RequestHead>]> = [
    ["an escape", get("/live/a%20b.flv"), { path: "/live/a b.flv" }],
    ["UTF-8 in escapes", get("/%E4%B8%AD.flv"), { path: "/中.flv" }],
    ["UTF-8 as it is", get("/\xe4\xb8\xad.flv"), { path: "/中.flv" }],
    ["several slashes", get("//live///a.flv"), { path: "/live/a.flv" }],
    ["dots within a name", get("/live/a..b.flv"), { path: "/live/a..b.flv" }],
    ["a fragment", get("/a?b#c"), { path: "/a", query: "?b" }],
    [
      "absolute form",
      get("http://v.example:81/a?b"),
      { path: "/a", query: "?b", host: "v.example", authority: "v.example:81" }
    ],
    ["absolute form without path", get("http://v.example?b"), { path: "/", query: "?b" }],
    ["host with IPv6", get("/", "[::1]:8080"), { host: "::1" }],
    ["host in capitals", get("/", "Example.COM"), { host: "example.com" }],
    ["empty host", get("/", ""), { host: "" }],
    ["asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", { path: "*", method: "OPTIONS" }],
    ["HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", { minor: 0, host: "" }],
    ["lines that end in LF alone", "GET / HTTP/1.1\nHost: h\n\n", { path: "/", host: "h" }],
    ["empty lines in front", `\r\n\r\n${get("/")}`, { path: "/" }],
    [
      "a field twice",
      "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\n\r\n",
      {
        headers: new Map([
          ["host", "h"],
          ["a", "1, 2"]
        ])
      }
    ],
    ["a body with length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n", { contentLength: 7 }],
    ["a chunked body", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", { chunked: true }]
  ]
  for (const [name, text, expected] of cases) test(name, () => expect(headOf(text)).toMatchObject(expected))
})

describe("refuses", () => {
  const post = (fields: string) => `POST / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`
  const cases: ReadonlyArray<readonly [name: string, status: number, text: string]> = [
    ["length and chunks", 400, post("Content-Length: 1\r\nTransfer-Encoding: chunked")],
    ["two lengths", 400, post("Content-Length: 1\r\nContent-Length: 1")],
    ["a list of lengths", 400, post("Content-Length: 1, 1")],
    ["a signed length", 400, post("Content-Length: +1")],
    ["a length in hexadecimal", 400, post("Content-Length: 0x10")],
    ["an unknown coding", 400, post("Transfer-Encoding: gzip, chunked")],
    ["a disguised coding", 400, post("Transfer-Encoding: xchunked")],
    ["a coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["a space before the colon", 400, post("Content-Length : 1")],
    ["a folded field", 400, post("A: 1\r\n b")],
    ["a field without colon", 400, post("A")],
    ["a field without name", 400, post(": a")],
    ["a bare CR", 400, post("A: 1\rB: 2")],
    ["a zero byte", 400, post("A: \0")],
    ["no Host", 400, "GET / HTTP/1.1\r\n\r\n"],
    ["two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["a Host with a path", 400, get("/", "a/b")],
    ["a Host with a user", 400, get("/", "a@b")],
    ["a target without slash", 400, get("live/a.flv")],
    ["a broken escape", 400, get("/%zz")],
    ["an escaped zero", 400, get("/a%00b")],
    ["a way out", 400, get("/live/../../etc/passwd")],
    ["an escaped way out", 400, get("/live/%2e%2e/%2e%2e/etc/passwd")],
    ["a space in the target", 400, get("/a b")],
    ["no version", 400, "GET /\r\n\r\n"],
    ["a method in words", 405, "BREW / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["CONNECT", 405, "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["TRACE", 405, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a large body", 413, post(`Content-Length: ${maxBodyBytes + 1}`)],
    ["a long target", 414, get(`/${"a".repeat(maxRequestLineBytes)}`)],
    ["a long target without end", 414, `GET /${"a".repeat(maxRequestLineBytes + 1)}`],
    ["a long field", 431, post(`A: ${"a".repeat(9000)}`)],
    ["many fields", 431, post(Array.from({ length: maxHeaders }, (_, i) => `A${i}: 1`).join("\r\n"))],
    ["a long head", 431, `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(maxHeadBytes)}`],
    ["a TLS hello", 400, "\x16\x03\x01\x02\x00\x01\x00"],
    ["an RTMP handshake", 400, "\x03\0\0\0\0"],
    ["an endless word", 400, "A".repeat(33)],
    ["endless empty lines", 400, "\r\n".repeat(100)]
  ]
  for (const [name, status, text] of cases) {
    test(`${name} with ${status}`, () => {
      expect(read(text)).toBe(status)
      expect(read(text, eachByte)).toBe(status)
    })
  }
})

/** Numbers from 0 to 2^32 - 1 (xorshift32). */
const makeRandom = (seed: number) => () => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return seed >>> 0
}

describe("no input throws, hangs or is kept without bound:", () => {
  test("random bytes", () => {
    const random = makeRandom(0x5eed)
    for (let i = 0; i < 50_000; i++) {
      const reader = new RequestHeadReader()
      reader.push(Uint8Array.from({ length: random() % 64 }, () => random() & 0xff))
    }
  })

  test("real requests with some bytes changed, in pieces", () => {
    const random = makeRandom(0xfeed)
    const alphabet = bytesOf("\r\n\0 :%/?#[]@\t,;=&\xff\x7fA")
    for (let i = 0; i < 50_000; i++) {
      const bytes = bytesOf(i % 2 === 0 ? curl : chromium)
      for (let n = random() % 4; n >= 0; n--) bytes[random() % bytes.length] = alphabet[random() % alphabet.length]
      const cut = random() % bytes.length
      const reader = new RequestHeadReader()
      const first = reader.push(bytes.subarray(0, cut))
      const whole = new RequestHeadReader().push(bytes)
      if (Result.isFailure(first) || first.success !== undefined) continue
      const second = reader.push(bytes.subarray(cut))
      expect(Result.isSuccess(second)).toBe(Result.isSuccess(whole))
    }
  })

  test("a head that never ends", () => {
    const reader = new RequestHeadReader()
    const line = bytesOf("A: b\r\n")
    let pushes = 0
    while (Result.isSuccess(reader.push(pushes === 0 ? bytesOf("GET / HTTP/1.1\r\n") : line))) pushes++
    expect(reader.bytes.length).toBeLessThanOrEqual(maxHeadBytes + line.length)
  })
})
