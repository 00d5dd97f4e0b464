import { expect } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Page from "../../../src/layers/page/Page.ts"
import * as Static from "../../../src/layers/static/Static.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { effect } from "../../support/effect.ts"
import { apiPort, get, harness, serverPort } from "../http/harness.ts"

const registry = Layer.mock(SourceRegistry, { all: () => [], find: () => undefined })

const start = Effect.fnUntraced(function* (api = "") {
  const dir = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-page-"))),
    (dir) => Effect.sync(() => rmSync(dir, { recursive: true }))
  )
  const { ask, services } = yield* harness({
    settings: `http_server { enabled on; listen ${serverPort}; dir ${dir}; }
      http_api { enabled on; listen ${apiPort}; ${api} }`
  })
  const ground = Layer.merge(registry, Layer.succeedContext(services))
  yield* Layer.build(Layer.merge(Page.layer, Static.layer).pipe(Layer.provide(ground)))
  yield* Context.get(services, HttpGateway).listen
  const request = (path: string, port = serverPort) =>
    Effect.map(ask(get(path, "Connection: close"), port), (answer) => {
      const at = answer.indexOf("\r\n\r\n")
      return { head: answer.slice(0, at), body: answer.slice(at + 4) }
    })
  return { request, ask, dir }
})

effect("the page is at the root, and wherever SRS's players were", () =>
  Effect.gen(function* () {
    const { request } = yield* start()
    const { body, head } = yield* request("/")
    expect(head).toStartWith("HTTP/1.1 200 ")
    expect(head).toContain("Content-Type: text/html; charset=utf-8")
    expect(head).toContain("Content-Security-Policy: default-src 'none'; script-src 'self';")
    expect(head).toContain("Cache-Control: no-cache")
    expect(body).toContain('<div id="page"></div>')
    for (const path of [
      "/index.html",
      "/players/",
      "/players/srs_player.html?autostart=true",
      "/players/rtc_player.html"
    ]) {
      expect((yield* request(path)).body).toBe(body)
    }
    expect((yield* request("/players")).head).toContain("Location: /players/")
  })
)

effect("what the page names is there and never changes", () =>
  Effect.gen(function* () {
    const { request } = yield* start()
    const { body } = yield* request("/")
    const names = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name!)
    expect(names.length).toBe(3)
    for (const name of names) {
      const { head } = yield* request(name)
      expect(head).toStartWith("HTTP/1.1 200 ")
      if (!name.endsWith(".svg")) expect(head).toContain("immutable")
    }
  })
)

effect("nothing else is there, and nothing of it on the API's own listener", () =>
  Effect.gen(function* () {
    const { ask, request } = yield* start()
    for (const path of ["/x", "/x.html", "/players/x.js", "/players/a/b.html", "/players/package.json"]) {
      expect((yield* request(path)).head).toStartWith("HTTP/1.1 404 ")
    }
    for (const path of ["/", "/players/", "/players/streams.json"]) {
      expect((yield* request(path, apiPort)).head).toStartWith("HTTP/1.1 404 ")
    }
    const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    expect(yield* ask(post)).toStartWith("HTTP/1.1 405 ")
  })
)

effect("files of the server's directory go before it", () =>
  Effect.gen(function* () {
    const { dir, request } = yield* start()
    writeFileSync(join(dir, "index.html"), "mine")
    expect((yield* request("/")).body).toBe("mine")
    expect((yield* request("/players/")).body).toContain("page")
  })
)

effect("the list is empty, not to be kept, and hidden where the API asks for a password", () =>
  Effect.gen(function* () {
    const open = yield* start()
    const { body, head } = yield* open.request("/players/streams.json")
    expect(JSON.parse(body)).toEqual({ hidden: false, streams: [] })
    expect(head).toContain("Cache-Control: no-store")
    const closed = yield* start("auth { enabled on; username a; password b; }")
    expect(JSON.parse((yield* closed.request("/players/streams.json")).body)).toEqual({ hidden: true, streams: [] })
  })
)

effect("a browser that takes gzip gets it, and the same file", () =>
  Effect.gen(function* () {
    const { ask, request } = yield* start()
    const plain = yield* request("/")
    const packed = yield* ask(get("/", "Accept-Encoding: br, gzip", "Connection: close"))
    const at = packed.indexOf("\r\n\r\n")
    expect(packed.slice(0, at)).toContain("Content-Encoding: gzip")
    expect(gunzipSync(Buffer.from(packed.slice(at + 4), "latin1")).toString()).toBe(plain.body)
    for (const refused of ["gzip;q=0", "identity", "br"]) {
      const answer = yield* ask(get("/", `Accept-Encoding: ${refused}`, "Connection: close"))
      expect(answer).not.toContain("Content-Encoding")
      expect(answer).toContain("Vary: Accept-Encoding")
    }
  })
)
