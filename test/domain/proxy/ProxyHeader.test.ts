import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { crc32c } from "../../../src/domain/proxy/crc32c.ts"
import { maxHeaderBytes, maxLineBytes, readProxyHeader } from "../../../src/domain/proxy/ProxyHeader.ts"

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"))

type Outcome = readonly [client: string, length: number] | "more" | string

const read = (bytes: Uint8Array): Outcome => {
  const result = readProxyHeader(bytes)
  if (Result.isFailure(result)) return result.failure.reason
  const header = result.success
  return header === undefined ? "more" : [header.client ?? "own", header.length]
}

const none = "the connection begins with something else"
/** Signature of version 2. */
const v2 = "0d0a0d0a000d0a515549540a"

const lines: ReadonlyArray<readonly [line: string, outcome: Outcome]> = [
  // The examples of §2.1.
  ["PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", ["255.255.255.255:65535", 56]],
  [
    "PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".replaceAll("f...f", "ffff:ffff:ffff:ffff:ffff:ffff"),
    ["[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 104]
  ],
  ["PROXY UNKNOWN\r\n", ["own", 15]],
  [`PROXY UNKNOWN ${"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ".repeat(2)}65535 65535\r\n`, ["own", maxLineBytes]],
  ["PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n", ["192.168.0.1:56324", 47]],
  ["PROXY TCP6 2001:DB8::1 ::1 0 1\r\n", ["[2001:db8::1]:0", 32]],
  ["PROXY TCP6 ::ffff:1.2.3.4 ::1 1 1\r\n", ["1.2.3.4:1", 35]],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "a line that does not end in CR LF"],
  ["PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "addresses that are not of their family"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "ports that are none"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "ports that are none"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", "ports that are none"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "ports that are none"],
  ["PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", "addresses that are not of their family"],
  ["PROXY TCP4 ::1 ::1 1 2\r\n", "addresses that are not of their family"],
  ["PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "addresses that are not of their family"],
  ["PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "addresses that are not of their family"],
  ["PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "a family other than TCP4, TCP6 and UNKNOWN"],
  ["PROXY\r\n", none],
  ["proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", none],
  ["GET / HTTP/1.1\r\n\r\n", none],
  ["\x03".padEnd(1537, "x"), none],
  [`PROXY TCP4 ${"1".repeat(maxLineBytes)}`, `a line of more than ${maxLineBytes} bytes`]
]

const binaries: ReadonlyArray<readonly [bytes: string, outcome: Outcome]> = [
  [`${v2} 21 11 000c 01020304 05060708 1234 01bb`, ["1.2.3.4:4660", 28]],
  [`${v2} 21 21 0024 20010db8${"00".repeat(11)}01 ${"00".repeat(15)}01 0001 0002`, ["[2001:db8::1]:1", 52]],
  [`${v2} 21 21 0024 ${"00".repeat(10)}ffff01020304 ${"00".repeat(15)}01 0001 0002`, ["1.2.3.4:1", 52]],
  [`${v2} 20 00 0000`, ["own", 16]],
  // A look at the server's health has what it likes behind it (§2.2: must be skipped).
  [`${v2} 20 11 0003 ffffff`, ["own", 19]],
  [`${v2} 21 00 0000`, ["own", 16]],
  [`${v2} 21 12 000c 01020304 05060708 1234 01bb`, ["own", 28]],
  [`${v2} 21 31 00d8 ${"00".repeat(216)}`, ["own", 232]],
  // ALPN "h2", a field of nothing, an unknown one, then what belongs to the connection.
  [`${v2} 21 11 0019 01020304 05060708 1234 01bb 010002 6832 040000 e00002 ffff 474554`, ["1.2.3.4:4660", 41]],
  [`${v2} 11 11 000c 01020304 05060708 1234 01bb`, "version 1"],
  [`${v2} 22 11 000c 01020304 05060708 1234 01bb`, "command 2"],
  [`${v2} 21 41 000c 01020304 05060708 1234 01bb`, "family 4, transport 1"],
  [`${v2} 21 13 000c 01020304 05060708 1234 01bb`, "family 1, transport 3"],
  [`${v2} 21 11 000b 01020304 05060708 1234 01`, "addresses that do not fit"],
  [`${v2} 21 11 0011 01020304 05060708 1234 01bb 010003 6832`, "a field that does not fit"],
  [`${v2} 21 11 000e 01020304 05060708 1234 01bb 0100`, "a field that does not fit"],
  [`${v2} 21 11 0010 01020304 05060708 1234 01bb 030001 00`, "a checksum that is none"],
  [`${v2} 21 11 0013 01020304 05060708 1234 01bb 030004 00000000`, "a checksum that is wrong"],
  [`${v2} 21 11 ffff`, `a header of 65551 bytes, which is more than ${maxHeaderBytes}`]
]

describe("a line of version 1", () => {
  for (const [line, outcome] of lines) {
    test(`${JSON.stringify(line.slice(0, 60))} is ${outcome}`, () => expect(read(ascii(line))).toEqual(outcome))
  }
})

describe("a header of version 2", () => {
  for (const [bytes, outcome] of binaries) {
    test(`${bytes.slice(v2.length, 90)} is ${outcome}`, () => expect(read(hex(bytes))).toEqual(outcome))
  }
})

const headers = [
  ...lines.filter(([, outcome]) => typeof outcome === "object").map(([line]) => ascii(line)),
  ...binaries.filter(([, outcome]) => typeof outcome === "object").map(([bytes]) => hex(bytes))
]

test("every byte of a header is needed, and none after it", () => {
  for (const bytes of headers) {
    const [client, length] = read(bytes) as readonly [string, number]
    for (let end = 0; end < length; end++) expect(read(bytes.subarray(0, end))).toBe("more")
    expect(read(bytes.subarray(0, length))).toEqual([client, length])
  }
})

let seed = 1
const below = (limit: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * limit)
}
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256))

const v2Header = (address: Uint8Array, port: number, fields: Uint8Array): Uint8Array => {
  const ports = Uint8Array.of(port >> 8, port & 255, 0, 80)
  const rest = Buffer.concat([address, address, ports, fields])
  const family = address.length === 4 ? 0x11 : 0x21
  return Buffer.concat([hex(v2), Uint8Array.of(0x21, family, rest.length >> 8, rest.length & 255), rest])
}

test("what a proxy says is read: any address, port and fields, in both versions, with a right checksum", () => {
  for (let round = 0; round < 2000; round++) {
    const isIpv6 = below(2) === 1
    // Runs of zeros, which have a short form.
    const address = randomBytes(isIpv6 ? 16 : 4).map((byte) => (below(3) > 0 ? 0 : byte))
    if (isIpv6) address[0] = 0x20
    const port = below(65_536)
    const groups = [...Array(8).keys()].map((at) => ((address[2 * at]! << 8) | address[2 * at + 1]!).toString(16))
    const text = isIpv6 ? groups.join(":") : address.join(".")
    // As another reader of addresses writes it (WHATWG URL, which is RFC 5952 here).
    const client = `${isIpv6 ? new URL(`http://[${text}]`).hostname : text}:${port}`
    const line = ascii(`PROXY ${isIpv6 ? "TCP6" : "TCP4"} ${text} ${text} ${port} 80\r\n`)
    expect(read(line)).toEqual([client, line.length])

    const value = randomBytes(below(40))
    const fields = Buffer.concat([hex("030004 00000000"), Uint8Array.of(0xe0, 0, value.length), value])
    const binary = Buffer.from(v2Header(address, port, fields))
    const checksumAt = binary.length - fields.length + 3
    binary.writeUInt32BE(crc32c(binary), checksumAt)
    expect(read(binary)).toEqual([client, binary.length])
    binary[16 + below(2 * address.length + 4)]! ^= 1 << below(8)
    expect(read(binary)).not.toEqual([client, binary.length])
  }
})

test("whatever comes, nothing is thrown, and a decision is made within the limits", () => {
  for (let round = 0; round < 20_000; round++) {
    const base = headers[below(headers.length)]!
    const bytes = Buffer.concat([below(3) > 0 ? base : randomBytes(below(64)), randomBytes(below(16))])
    for (let changes = below(4); changes > 0; changes--) bytes[below(bytes.length)] = below(256)
    const outcome = read(bytes)
    if (outcome === "more") expect(read(Buffer.concat([bytes, new Uint8Array(maxHeaderBytes)]))).not.toBe("more")
    else if (typeof outcome === "object") expect(Number(outcome[1])).toBeLessThanOrEqual(maxHeaderBytes)
  }
})

test("CRC-32C is that of RFC 3720 B.4", () => {
  const cases: ReadonlyArray<readonly [bytes: Uint8Array, crc: number]> = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, byte) => byte), 0x46dd794e],
    [ascii("123456789"), 0xe3069283]
  ]
  for (const [bytes, crc] of cases) expect(crc32c(bytes)).toBe(crc)
})
