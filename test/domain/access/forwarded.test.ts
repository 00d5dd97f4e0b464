import { expect, test } from "bun:test"
import { clientAddress } from "../../../src/domain/access/forwarded.ts"
import { parseNetwork } from "../../../src/domain/access/NetworkAddress.ts"

const trusted = ["10.0.0.0/8", "2001:db8::/32"].flatMap((text) => parseNetwork(text) ?? [])

const rows: ReadonlyArray<readonly [peer: string, forwarded: string, realIp: string, client: string]> = [
  ["10.0.0.1", "", "", "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4", "", "1.2.3.4"],
  // Nobody else is believed.
  ["192.168.0.1", "1.2.3.4", "1.2.3.4", "192.168.0.1"],
  // What the client itself has made up stands on the left.
  ["10.0.0.1", "9.9.9.9, 1.2.3.4", "", "1.2.3.4"],
  ["10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "", "1.2.3.4"],
  ["10.0.0.1", "1.2.3.4,2001:db8::7 ,10.0.0.2", "", "1.2.3.4"],
  ["10.0.0.1", "10.0.0.3, 10.0.0.2", "", "10.0.0.3"],
  ["10.0.0.1", "1.2.3.4, garbage, 10.0.0.2", "", "10.0.0.2"],
  ["10.0.0.1", "unknown", "", "10.0.0.1"],
  ["10.0.0.1", ",", "", "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4:5678", "", "1.2.3.4"],
  ["10.0.0.1", "[2001:DB9::1]:5678", "", "2001:db9::1"],
  ["10.0.0.1", "2001:DB9:0:0::1", "", "2001:db9::1"],
  ["10.0.0.1", "::ffff:1.2.3.4", "", "1.2.3.4"],
  ["2001:db8::1", "1.2.3.4", "5.6.7.8", "1.2.3.4"],
  ["2001:db8::1", "", "5.6.7.8", "5.6.7.8"]
]

for (const [peer, forwarded, realIp, client] of rows) {
  test(`${peer} with ${JSON.stringify(forwarded)} and ${JSON.stringify(realIp)} is ${client}`, () => {
    const headers = new Map(Object.entries({ "x-forwarded-for": forwarded, "x-real-ip": realIp }))
    expect(clientAddress(peer, headers, trusted)).toBe(client)
  })
}

test("without trusted proxies a header says nothing", () => {
  expect(clientAddress("127.0.0.1", new Map([["x-forwarded-for", "1.2.3.4"]]), [])).toBe("127.0.0.1")
})
