import { expect, test } from "bun:test"
import {
  decimalOf,
  endpointOf,
  endpointText,
  integerOf,
  isEndpoint,
  isIpv4,
  isIpv6
} from "../../../src/domain/config/values.ts"

const integers: ReadonlyArray<readonly [text: string, value: number]> = [
  ["1935", 1935],
  ["-7", -7],
  ["+7", 7],
  ["9.3", 9],
  ["0.3", 0],
  [" 12abc", 12],
  ["abc", 0],
  ["", 0],
  ["-", 0],
  ["0x10", 0],
  ["99999999999999999999", Number.MAX_SAFE_INTEGER],
  ["-99999999999999999999", Number.MIN_SAFE_INTEGER]
]

test("whole numbers read as C's atoi reads them", () => {
  expect(integers.map(([text]) => [text, integerOf(text)])).toEqual(integers.map(([text, value]) => [text, value]))
})

const decimals: ReadonlyArray<readonly [text: string, value: number]> = [
  ["9.9", 9.9],
  [".5", 0.5],
  ["5.", 5],
  ["-1.5e2x", -150],
  ["1e", 1],
  ["x", 0],
  ["", 0],
  ["1e999", Number.MAX_VALUE]
]

test("numbers with a fraction read as C's atof reads them", () => {
  expect(decimals.map(([text]) => [text, decimalOf(text)])).toEqual(decimals.map(([text, value]) => [text, value]))
})

const endpoints: ReadonlyArray<readonly [text: string, host: string, port: number]> = [
  ["1935", "0.0.0.0", 1935],
  ["127.0.0.1:1935", "127.0.0.1", 1935],
  ["[::]:1935", "::", 1935],
  ["[2001:db8::1]:1", "2001:db8::1", 1],
  [":1935", "0.0.0.0", 1935],
  ["127.0.0.1:0", "127.0.0.1", 0]
]

test("endpoints are a port, ip:port or [ipv6]:port", () => {
  for (const [text, host, port] of endpoints) {
    expect(endpointOf(text)).toEqual({ host, port })
    expect(isEndpoint(text)).toBe(true)
    expect(endpointOf(endpointText({ host, port }))).toEqual({ host, port })
  }
})

test("other texts are no endpoints", () => {
  const others = ["", "-1", "65536", "x", "1935x", "localhost:1935", "256.0.0.1:1", "1.2.3:1", "[::1]", "::1", "[:]:1"]
  expect(others.filter(isEndpoint)).toEqual([])
})

test("addresses", () => {
  const v4 = ["0.0.0.0", "255.255.255.255", "1.2.3.4"]
  const notV4 = ["", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "a.b.c.d"]
  const v6 = [
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "fe80::1:2",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7::"
  ]
  const notV6 = [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "g::",
    "12345::",
    "1:2:3:4:5:6:7:1.2.3.4"
  ]
  expect([...v4, ...notV4].filter(isIpv4)).toEqual(v4)
  expect([...v6, ...notV6].filter(isIpv6)).toEqual(v6)
})
