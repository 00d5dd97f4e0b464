/** Who may use the API. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { defaultVhost } from "../../../src/domain/media/StreamName.ts"
import { effect } from "../../support/effect.ts"
import { goldenShape, jsonShape } from "../../support/jsonShape.ts"
import { apiPort, get, serverPort } from "../http/harness.ts"
import { harness, ports } from "./harness.ts"

const stream = { vhost: defaultVhost, app: "live", stream: "a" }
const guarded = `http_server { enabled on; listen 8080; }
http_api { enabled on; listen 1985; auth { enabled on; username admin; password secret; } }
vhost __defaultVhost__ {}`
const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString("base64")}`

effect("with Basic auth every path of the API asks for name and password, on both listeners", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness({ settings: guarded })
    for (const path of ["/api/", "/api/v1/", "/api/v1/versions", "/api/v1/clients/", "/api/v1/raw?rpc=raw"]) {
      const { body, head } = yield* ask(path)
      expect([path, head.split("\r\n")[0], body]).toEqual([path, "HTTP/1.1 401 Unauthorized", ""])
      expect(head).toContain("WWW-Authenticate: Basic")
      expect((yield* ask(path, apiPort, basic("admin:secret"))).head).toStartWith("HTTP/1.1 200 ")
    }
    expect((yield* ask("/api/v1/versions", serverPort)).head).toStartWith("HTTP/1.1 401 ")
    for (const open of ["/", "/metrics"]) expect((yield* ask(open)).head).toStartWith("HTTP/1.1 200 ")
  })
)

effect("a wrong password is asked again, a malformed header is not", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness({ settings: guarded })
    const challenged = (field: string) =>
      Effect.map(ask("/api/v1/versions", apiPort, field), ({ head }) => [
        head.slice(9, 12),
        head.includes("WWW-Authenticate")
      ])
    for (const text of ["admin:wrong", "other:secret", ":", "admin:"]) {
      expect(yield* challenged(basic(text))).toEqual(["401", true])
    }
    for (const field of [
      basic("admin"),
      basic("admin:secret:x"),
      "Authorization: Bearer abc",
      "Authorization: Basic"
    ]) {
      expect(yield* challenged(field)).toEqual(["401", false])
    }
  })
)

effect("without Basic auth only this machine may end a client", () =>
  Effect.gen(function* () {
    const { client, request } = yield* harness({ settings: `${ports} vhost __defaultVhost__ {}` })
    const { session } = yield* client("fmle-publish", stream)
    const kick = (...fields: ReadonlyArray<string>) =>
      request(get(`/api/v1/clients/${session.id}`, "Connection: close", ...fields).replace(/^GET/, "DELETE"))
    for (const field of ["X-Forwarded-For: 1.2.3.4", "X-Real-IP: 1.2.3.4", "Sec-Fetch-Site: cross-site"]) {
      const { body, head } = yield* kick(field)
      expect([head.split("\r\n")[0], body]).toEqual(["HTTP/1.1 401 Unauthorized", ""])
    }
    expect(session.kicked).toBeUndefined()
    expect((yield* kick()).head).toStartWith("HTTP/1.1 200 ")
    expect(session.kicked).toBeDefined()
  })
)

effect("with name and password a client can be ended from anywhere", () =>
  Effect.gen(function* () {
    const { client, request } = yield* harness({ settings: guarded })
    const { session } = yield* client("fmle-publish", stream)
    const fields = ["Connection: close", "X-Forwarded-For: 1.2.3.4", basic("admin:secret")]
    const { head } = yield* request(get(`/api/v1/clients/${session.id}`, ...fields).replace(/^GET/, "DELETE"))
    expect(head).toStartWith("HTTP/1.1 200 ")
    expect(session.kicked).toBeDefined()
  })
)

effect("the raw API shows its own settings, and does nothing until it is switched on", () =>
  Effect.gen(function* () {
    const { json, reloads } = yield* harness({ settings: ports })
    expect((yield* json("/api/v1/raw?rpc=raw")).http_api).toEqual({
      enabled: true,
      listen: "1985",
      crossdomain: true,
      raw_api: { enabled: false, allow_reload: false, allow_query: false, allow_update: false }
    })
    for (const rpc of ["reload", "reload-fetch", "other"]) {
      expect(yield* json(`/api/v1/raw?rpc=${rpc}`)).toEqual({ code: 1061 })
    }
    const raw = yield* harness({ settings: "http_api { enabled on; listen 1985; raw_api { enabled on; } }" })
    expect(yield* raw.json("/api/v1/raw?rpc=other")).toEqual({ code: 1060 })
    expect(yield* raw.json("/api/v1/raw")).toEqual({ code: 1060 })
    expect(yield* raw.json("/api/v1/raw?rpc=reload")).toEqual({ code: 1061 })
    expect((yield* raw.json("/api/v1/raw?rpc=reload-fetch")).code).toBe(0)
    expect([...reloads, ...raw.reloads]).toEqual([])
  })
)

effect("the raw API reloads where that is allowed, for this machine, and tells how it went", () =>
  Effect.gen(function* () {
    const settings = "http_api { enabled on; listen 1985; raw_api { enabled on; allow_reload on; } }"
    const { ask, json, reloads } = yield* harness({ settings })
    const before = (yield* ask("/api/v1/raw?rpc=reload-fetch")).body
    expect(jsonShape(before)).toEqual(goldenShape("reload_fetch"))
    expect((yield* ask("/api/v1/raw?rpc=reload", apiPort, "X-Real-IP: 1.2.3.4")).head).toStartWith("HTTP/1.1 401 ")
    expect(reloads.length).toBe(0)
    expect(yield* json("/api/v1/raw?rpc=reload")).toEqual({ code: 0 })
    yield* TestClock.adjust(1000)
    expect(reloads.length).toBe(1)
    expect(yield* json("/api/v1/raw?rpc=reload-fetch")).toEqual({
      code: 0,
      data: { err: 0, msg: "", state: 90, rid: "abcdefg" }
    })
  })
)
