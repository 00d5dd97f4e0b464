import { expect, test } from "bun:test"
import { type ApiAccess, apiAccess } from "../../../src/domain/api/access.ts"

const auth = { enabled: true, username: "admin", password: "secret" }
const open = { enabled: false, username: "", password: "" }
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`

test("with name and password", () => {
  const rows: ReadonlyArray<readonly [header: string | undefined, access: ApiAccess]> = [
    // "admin:secret", by hand: RFC 7617 §2.
    ["Basic YWRtaW46c2VjcmV0", "granted"],
    ["basic YWRtaW46c2VjcmV0", "granted"],
    [undefined, "challenge"],
    [basic("admin:other"), "challenge"],
    [basic("admin:secret2"), "challenge"],
    [basic("admi:secret"), "challenge"],
    [basic(":"), "challenge"],
    [basic("admin"), "malformed"],
    [basic("admin:secret:"), "malformed"],
    ["YWRtaW46c2VjcmV0", "malformed"],
    ["Bearer YWRtaW46c2VjcmV0", "malformed"],
    ["Basic", "malformed"],
    ["Basic ***", "malformed"],
    ["", "malformed"]
  ]
  for (const [header, access] of rows) {
    const headers = new Map(header === undefined ? [] : [["authorization", header]])
    for (const mutating of [true, false]) {
      for (const address of ["127.0.0.1", "8.8.8.8"]) {
        expect([header, apiAccess(auth, { address, headers, mutating })]).toEqual([header, access])
      }
    }
  }
})

test("without them everybody may look, and this machine may act", () => {
  const none: ReadonlyMap<string, string> = new Map()
  const rows: ReadonlyArray<readonly [address: string, access: ApiAccess]> = [
    ["127.0.0.1", "granted"],
    ["127.8.9.1", "granted"],
    ["::1", "granted"],
    ["::ffff:127.0.0.1", "granted"],
    ["10.0.0.1", "remote"],
    ["1270.0.0.1", "remote"],
    ["::ffff:10.127.0.1", "remote"],
    ["::12", "remote"],
    ["fe80::1", "remote"],
    ["", "remote"]
  ]
  for (const [address, access] of rows) {
    expect([address, apiAccess(open, { address, headers: none, mutating: true })]).toEqual([address, access])
    expect(apiAccess(open, { address, headers: none, mutating: false })).toBe("granted")
  }
})

test("who comes through a proxy or from another site's page is not this machine", () => {
  for (const name of ["x-forwarded-for", "x-real-ip", "forwarded"]) {
    const headers = new Map([[name, "127.0.0.1"]])
    expect(apiAccess(open, { address: "127.0.0.1", headers, mutating: true })).toBe("remote")
  }
  const from = (site: string, host: string) => {
    const headers = new Map([
      ["sec-fetch-site", site],
      ["host", host]
    ])
    return apiAccess(open, { address: "::1", headers, mutating: true })
  }
  for (const host of ["localhost:1985", "127.0.0.1:1985", "[::1]:1985", "a.localhost"]) {
    expect(from("same-origin", host)).toBe("granted")
    expect(from("none", host)).toBe("granted")
    expect(from("cross-site", host)).toBe("remote")
  }
  // A name of somebody else that leads to 127.0.0.1.
  expect([from("same-origin", "evil.example:1985"), from("none", "localhost.example")]).toEqual(["remote", "remote"])
})
