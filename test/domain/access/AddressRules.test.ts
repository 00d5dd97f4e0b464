import { describe, expect, test } from "bun:test"
import { compileRules, denialOf } from "../../../src/domain/access/AddressRules.ts"
import { isInNetwork, parseAddress, parseNetwork } from "../../../src/domain/access/NetworkAddress.ts"

const rules = (text: string) => {
  const lines = text.split(";").map((line) => line.trim().split(/\s+/))
  const of = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...args]) => args)
  return compileRules({ allow: of("allow"), deny: of("deny") })
}

/** By the rules of callbacks.md 8; the code of the refusal, or 0. */
const decisions: ReadonlyArray<readonly [rules: string, action: "publish" | "play", address: string, code: number]> = [
  ["", "play", "10.0.0.1", 1054],
  ["deny publish all", "publish", "10.0.0.1", 1053],
  ["deny publish all", "play", "10.0.0.1", 0],
  ["deny publish 10.0.0.1", "publish", "10.0.0.2", 0],
  ["allow play all", "play", "10.0.0.1", 0],
  ["allow play all", "publish", "10.0.0.1", 1054],
  ["allow publish 10.0.0.1; allow play all", "publish", "10.0.0.1", 0],
  ["allow publish 10.0.0.1; allow play all", "publish", "10.0.0.2", 1054],
  ["allow publish all; deny publish 10.0.0.0/8", "publish", "10.9.9.9", 1053],
  ["deny publish 10.0.0.0/8; allow publish 10.0.0.1", "publish", "10.0.0.1", 1053],
  ["allow publish 192.168.1.0/24", "publish", "192.168.1.255", 0],
  ["allow publish 192.168.1.0/24", "publish", "192.168.2.0", 1054],
  ["allow publish 192.168.1.0/24", "publish", "::ffff:192.168.1.7", 0],
  ["allow play 2001:db8::/32", "play", "2001:db8:1::2", 0],
  ["allow play 2001:db8::/32", "play", "2001:db9::1", 1054],
  ["deny play ::1", "play", "::1", 1053],
  ["deny play ::1", "play", "127.0.0.1", 0],
  ["deny play all", "play", "no address", 1053],
  ["allow play 10.0.0.0/8", "play", "no address", 1054],
  // A denial that cannot be read must not let everybody in.
  ["deny publish 10.0.0.0/33", "publish", "10.0.0.1", 1054],
  ["deny pubish all", "publish", "10.0.0.1", 1054]
]

test.each(decisions)("%s: %s from %s", (text, action, address, code) => {
  expect(denialOf(rules(text), action, address)?.code ?? 0).toBe(code)
})

test("a rule that is none is told", () => {
  expect(rules("allow publish; deny play 1.2.3; allow play all; deny play 1::/129").misfits).toEqual([
    "allow publish",
    "deny play 1.2.3",
    "deny play 1::/129"
  ])
})

describe("addresses", () => {
  const forms: ReadonlyArray<readonly [string, string | undefined]> = [
    ["1.2.3.4", "00000000000000000000ffff01020304"],
    ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["2001:DB8::ff00:42:8329", "20010db8000000000000ff0000428329"],
    ["fe80::1%eth0", "fe800000000000000000000000000001"],
    ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
    ["1.2.3", undefined],
    ["1.2.3.256", undefined],
    [":::", undefined],
    ["", undefined]
  ]
  test.each(forms)("%s", (text, hex) => {
    const bytes = parseAddress(text)
    expect(bytes === undefined ? undefined : Buffer.from(bytes).toString("hex")).toBe(hex)
  })

  test("a network of each length holds what agrees in its bits, and nothing else", () => {
    const base = parseAddress("a5a5:5a5a:ffff:0:1234:5678:9abc:def0")!
    for (let bits = 0; bits <= 128; bits++) {
      const network = parseNetwork(`a5a5:5a5a:ffff:0:1234:5678:9abc:def0/${bits}`)!
      for (let bit = 0; bit < 128; bit++) {
        const other = new Uint8Array(base)
        other[bit >> 3] ^= 0x80 >> (bit & 7)
        expect([bits, bit, isInNetwork(other, network)]).toEqual([bits, bit, bit >= bits])
      }
    }
  })
})
