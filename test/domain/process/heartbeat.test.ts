import { expect, test } from "bun:test"
import { heartbeatBody } from "../../../src/domain/process/heartbeat.ts"
import { localAddresses } from "../../../src/domain/process/localAddresses.ts"

const facts = { deviceId: "d", ip: "10.0.0.1", server: "vid-1", service: "s", pid: 7 }

test("a report has SRS's names in SRS's order", () => {
  expect(heartbeatBody({ ...facts, summaries: undefined, ports: undefined })).toBe(
    '{"device_id":"d","ip":"10.0.0.1","server":"vid-1","service":"s","pid":"7"}'
  )
  const ports = {
    rtmp: [
      { host: "0.0.0.0", port: 1935 },
      { host: "127.0.0.1", port: 19350 }
    ],
    api: [{ host: "::1", port: 1985 }]
  }
  expect(heartbeatBody({ ...facts, summaries: { ok: true }, ports })).toBe(
    '{"device_id":"d","ip":"10.0.0.1","server":"vid-1","service":"s","pid":"7","summaries":{"data":{"ok":true}},' +
      '"rtmp":["1935","127.0.0.1:19350"],"api":["[::1]:1985"]}'
  )
})

test("addresses of other machines' reach, IPv4 first; loopback where there is nothing else", () => {
  const [six, four] = [
    { address: "2001:db8::1", family: "IPv6", internal: false },
    { address: "10.0.0.1", family: "IPv4", internal: false }
  ]
  const loopback = { address: "127.0.0.1", family: "IPv4", internal: true }
  expect(localAddresses([loopback, six, four])).toEqual(["10.0.0.1", "2001:db8::1"])
  expect(localAddresses([loopback])).toEqual(["127.0.0.1"])
  expect(localAddresses([])).toEqual([])
})
