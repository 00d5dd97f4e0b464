import { expect, test } from "bun:test"
import { isLalSecret, isSignedStream, signStream } from "../../../src/domain/access/signedUrl.ts"
import { parseQuery } from "../../../src/domain/http/query.ts"

const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
const other = { vhost: "v.com", app: "live", stream: "a" }
const expires = 1_700_000_000
/** By Python's hmac. */
const publishSign = "d0dafbf8bdbfff0f8ead321d9ea55d5c6a607c6578b8e9b12b0ea02b2a2791d4"
const playSign = "c43f9a693288d7dded6a6e945c25c2dc3c570cccc0f0aa7e46211537aef3051a"

test("a signature is the HMAC of action, stream and expiry", () => {
  expect(signStream("s3cret", "publish", stream, expires)).toBe(`?expires=${expires}&sign=${publishSign}`)
  expect(signStream("s3cret", "play", other, expires)).toBe(`?expires=${expires}&sign=${playSign}`)
})

test("it permits that action on that stream until then, and nothing else", () => {
  const query = `?token=1&expires=${expires}&sign=${publishSign.toUpperCase()}`
  const holds = (now: number, text = query, action: "publish" | "play" = "publish", name = stream, secret = "s3cret") =>
    isSignedStream(secret, action, name, parseQuery(text), now)
  expect(holds(expires - 0.5)).toBe(true)
  expect(holds(expires)).toBe(false)
  expect(holds(0, query, "play")).toBe(false)
  expect(holds(0, query, "publish", { ...stream, stream: "b" })).toBe(false)
  expect(holds(0, query, "publish", other)).toBe(false)
  expect(holds(0, query, "publish", stream, "S3cret")).toBe(false)
  expect(holds(0, query, "publish", stream, "")).toBe(false)
  for (const text of ["", "?sign=", `?sign=${publishSign}`, `?expires=&sign=${publishSign}`]) {
    expect(holds(0, text)).toBe(false)
  }
  expect(holds(0, `?expires=${expires + 1}&sign=${publishSign}`)).toBe(false)
  expect(holds(0, `?expires=1e12&sign=${publishSign}`)).toBe(false)
})

test("lal's secret is the MD5 of key and name", () => {
  const query = parseQuery("?lal_secret=74378B19b736af202de0a80ec489697e")
  expect(isLalSecret("key", stream, query)).toBe(true)
  expect(isLalSecret("kez", stream, query)).toBe(false)
  expect(isLalSecret("", { ...stream, stream: "keya" }, query)).toBe(false)
  expect(isLalSecret("key", stream, parseQuery(""))).toBe(false)
})
