import { expect, test } from "bun:test"
import { type HttpSection, wantedEndpoints } from "../../../src/layers/http/endpoints.ts"

const section = (port: number, httpsPort?: number, host = "0.0.0.0"): HttpSection => ({
  enabled: port > 0,
  listen: { host, port: Math.abs(port) },
  https: { enabled: httpsPort !== undefined, listen: { host, port: httpsPort ?? 1 }, key: "key", cert: "cert" }
})

const brief = (server: HttpSection, api: HttpSection) =>
  wantedEndpoints(server, api).map(
    ({ api, port, scheme, server, tls }) =>
      `${scheme} ${port}${server ? " server" : ""}${api ? " api" : ""}${tls === undefined ? "" : ` ${tls.key}`}`
  )

test("each section listens where it says, and equal endpoints are one", () => {
  expect(brief(section(8080), section(1985))).toEqual(["http 8080 server", "http 1985 api"])
  expect(brief(section(8080), section(8080))).toEqual(["http 8080 server api"])
  expect(brief(section(8080, 8088), section(8080, 8088))).toEqual(["http 8080 server api", "https 8088 server api key"])
  expect(brief(section(8080, 8088), section(1985, 1990))).toEqual([
    "http 8080 server",
    "https 8088 server key",
    "http 1985 api",
    "https 1990 api key"
  ])
})

test("an API at the server's endpoint is at that of its HTTPS too", () => {
  expect(brief(section(8080, 8088), section(8080))).toEqual(["http 8080 server api", "https 8088 server api key"])
  expect(brief(section(8080, 8088), section(1985))).toEqual([
    "http 8080 server",
    "https 8088 server key",
    "http 1985 api"
  ])
})

test("what is switched off does not listen", () => {
  expect(brief(section(-1), section(1985))).toEqual(["http 1985 api"])
  expect(brief(section(-1, 8088), section(-1, 1990))).toEqual([])
})

test("endpoints differ by address, by scheme, and where the system chooses the port", () => {
  expect(brief(section(8080), section(8080, undefined, "127.0.0.1"))).toHaveLength(2)
  expect(brief(section(8080), section(1985, 8080))).toHaveLength(3)
  expect(
    wantedEndpoints({ ...section(1), listen: { host: "", port: 0 } }, { ...section(1), listen: { host: "", port: 0 } })
  ).toHaveLength(2)
})

test("the exporter has the whole API on a listener of its own, also where that is off", () => {
  const exporter = { enabled: true, listen: { host: "0.0.0.0", port: 9972 } }
  const ports = (api: HttpSection, listen = exporter.listen) =>
    wantedEndpoints(section(-1), api, { ...exporter, listen }).map(({ api, port, server }) => [port, api, server])
  expect(ports(section(1985))).toEqual([
    [1985, true, false],
    [9972, true, false]
  ])
  expect(ports(section(-1))).toEqual([[9972, true, false]])
  expect(ports(section(1985), { host: "0.0.0.0", port: 1985 })).toEqual([[1985, true, false]])
  expect(wantedEndpoints(section(-1), section(-1), { ...exporter, enabled: false })).toEqual([])
})
