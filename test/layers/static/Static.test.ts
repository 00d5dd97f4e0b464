import { expect } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { spawnSync } from "node:child_process"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { openFile, readPieces } from "../../../src/layers/static/files.ts"
import * as Static from "../../../src/layers/static/Static.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { effect } from "../../support/effect.ts"
import { apiPort, get, harness, makeLive, serverPort } from "../http/harness.ts"

const long = "0123456789".repeat(20_000)

/** `root` is served, `secret` beside it is not. */
const makeTree = Effect.acquireRelease(
  Effect.sync(() => {
    const base = mkdtempSync(join(tmpdir(), "sluice-static-"))
    const write = (path: string, text: string) => {
      mkdirSync(join(base, path, ".."), { recursive: true })
      writeFileSync(join(base, path), text)
    }
    write("root/index.html", "<p>mine")
    write("root/folder/index.html", "<p>folder")
    write("root/console/index.html", "<p>console")
    write("root/empty.txt", "")
    write("root/clip.mp4", long)
    write("root/.hidden", "hidden")
    write("root/bare/file.txt", "bare")
    write("root/live/a.flv", "FLV\x01\x00\x00\x00\x00\x09\x00\x00\x00\x00tail")
    write("secret/password.txt", "secret")
    write("root-secret/password.txt", "secret")
    write("vod/movie.flv", "movie")
    const link = (to: string, from: string) => symlinkSync(join(base, to), join(base, from))
    link("secret", "root/out")
    link("secret/password.txt", "root/out.txt")
    link("root-secret/password.txt", "root/sibling.txt")
    link("root/clip.mp4", "root/inside.mp4")
    symlinkSync("loop", join(base, "root/loop"))
    spawnSync("mkfifo", [join(base, "root/pipe")])
    return base
  }),
  (base) => Effect.sync(() => rmSync(base, { recursive: true, force: true }))
)

const start = Effect.fnUntraced(function* (vhost = "", dir?: string) {
  const base = yield* makeTree
  const { ask, services } = yield* harness({
    settings: `http_server { enabled on; listen ${serverPort}; dir ${dir ?? `${base}/root`}; }
      http_api { enabled on; listen ${apiPort}; }
      vhost __defaultVhost__ { ${vhost.replaceAll("BASE", base)} }`
  })
  yield* Layer.build(Layer.provide(Static.layer, Layer.succeedContext(services)))
  const gateway = Context.get(services, HttpGateway)
  const live = makeLive()
  yield* gateway.live(live.route)
  yield* gateway.listen
  const request = Effect.fnUntraced(function* (path: string, fields: ReadonlyArray<string> = [], port = serverPort) {
    const answer = yield* ask(get(path, ...fields, "Connection: close"), port)
    const at = answer.indexOf("\r\n\r\n")
    return { status: Number(answer.slice(9, 12)), head: answer.slice(0, at), body: answer.slice(at + 4) }
  })
  return { request, ask, live, base, gateway }
})

effect("files, folders with an index, and nothing else", () =>
  Effect.gen(function* () {
    const { request } = yield* start()
    expect((yield* request("/")).body).toBe("<p>mine")
    expect((yield* request("/folder/")).body).toBe("<p>folder")
    expect((yield* request("/folder?a=b")).head).toMatch(/^HTTP\/1.1 302 [^]*Location: \/folder\/\?a=b/)
    expect(yield* request("/empty.txt")).toMatchObject({ status: 200, body: "" })
    expect(yield* request("/bare/file.txt")).toMatchObject({ status: 200, body: "bare" })
    for (const path of ["/bare/", "/bare", "/missing", "/missing/x", "/empty.txt/", "/clip.mp4/x", "/pipe", "/loop"]) {
      expect(yield* request(path)).toMatchObject({ status: 404, body: "Not Found" })
    }
  })
)

effect("no path leaves the directory", () =>
  Effect.gen(function* () {
    const { request } = yield* start()
    const paths = [
      "/../secret/password.txt",
      "/folder/../../secret/password.txt",
      "/%2e%2e/secret/password.txt",
      "/..%2fsecret%2fpassword.txt",
      "/%2e%2e%2fsecret/password.txt",
      "/..%5csecret%5cpassword.txt",
      "/%252e%252e/secret/password.txt",
      "/....//secret/password.txt",
      "//secret/password.txt",
      "/out/password.txt",
      "/out.txt",
      "/sibling.txt",
      "/empty.txt%00.html",
      "/%00",
      "/.hidden",
      "/..%c0%afsecret/password.txt",
      "/%c0%ae%c0%ae/secret/password.txt",
      "/..;/secret/password.txt"
    ]
    for (const path of paths) {
      const { body, status } = yield* request(path)
      expect(`${path} ${status}`).toMatch(/ 40[04]$/)
      expect(body).not.toContain("secret")
    }
    expect(yield* request("/inside.mp4", ["Range: bytes=0-3"])).toMatchObject({ status: 206, body: "0123" })
  })
)

effect("a long file comes whole, in parts, and again only when it has changed", () =>
  Effect.gen(function* () {
    const { ask, request } = yield* start()
    const { body, head } = yield* request("/clip.mp4", ["Origin: http://page"])
    expect(body).toBe(long)
    expect(head).toContain(`Content-Length: ${long.length}\r\n`)
    expect(head).toContain("Access-Control-Allow-Origin: *")
    const part = yield* request("/clip.mp4", ["Range: bytes=65530-65545"])
    expect(part).toMatchObject({ status: 206, body: "0123456789012345" })
    expect(part.head).toContain(`Content-Range: bytes 65530-65545/${long.length}`)
    expect((yield* request("/clip.mp4", ["Range: bytes=-5"])).body).toBe("56789")
    expect((yield* request("/clip.mp4?bytes=5-9")).body).toBe("56789")
    expect((yield* request("/clip.mp4", ["Range: bytes=200000-"])).status).toBe(416)
    const etag = head.match(/ETag: (\S+)/)![1]
    const date = head.match(/Last-Modified: ([^\r]+)/)![1]
    for (const field of [`If-None-Match: ${etag}`, `If-Modified-Since: ${date}`]) {
      const answer = yield* request("/clip.mp4", [field])
      expect(answer).toMatchObject({ status: 304, body: "" })
      expect(answer.head).not.toContain("Content-Length")
    }
    expect((yield* request("/clip.mp4", ['If-Match: "x"'])).status).toBe(412)
    const asked = yield* ask("HEAD /clip.mp4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    expect(asked).toContain(`Content-Length: ${long.length}\r\n`)
    expect(asked).toEndWith("\r\n\r\n")
    const posted = yield* ask("POST /clip.mp4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    expect(posted).toStartWith("HTTP/1.1 405 ")
  })
)

effect("an FLV with a start is a file, also where live streams are", () =>
  Effect.gen(function* () {
    const { live, request } = yield* start()
    expect(yield* request("/live/a.flv?start=15")).toMatchObject({
      status: 200,
      body: "FLV\x01\x00\x00\x00\x00\x09\x00\x00\x00\x00il"
    })
    expect((yield* request("/live/a.flv?start=17")).status).toBe(416)
    expect(live.exchanges.length).toBe(0)
  })
)

effect("a mount of a vhost goes before live streams and before the root", () =>
  Effect.gen(function* () {
    const { request } = yield* start("http_static { enabled on; mount [vhost]/live/; dir BASE/vod; }")
    expect((yield* request("/live/movie.flv")).body).toBe("movie")
    expect((yield* request("/live")).head).toContain("Location: /live/")
    expect((yield* request("/live/a.flv")).status).toBe(404)
    expect((yield* request("/folder/")).body).toBe("<p>folder")
  })
)

effect("the API has the console of the directory and nothing else of it", () =>
  Effect.gen(function* () {
    const { request } = yield* start()
    expect((yield* request("/console/", [], apiPort)).body).toBe("<p>console")
    expect((yield* request("/console", [], apiPort)).head).toContain("Location: /console/")
    expect((yield* request("/clip.mp4", [], apiPort)).status).toBe(404)
  })
)

effect("what another route serves is not taken as a file", () =>
  Effect.gen(function* () {
    const { gateway, request } = yield* start()
    yield* gateway.plain({
      listener: "server",
      path: "/",
      answer: ({ head }) =>
        Effect.succeed(head.path === "/clip.mp4" ? { status: 403, headers: [], body: "refused" } : undefined)
    })
    expect((yield* request("/clip.mp4")).body).toBe("refused")
    expect((yield* request("/bare/file.txt")).body).toBe("bare")
  })
)

effect("a directory that is not there is an empty one", () =>
  Effect.gen(function* () {
    const { request } = yield* start("", "/nonexistent/sluice")
    expect((yield* request("/")).status).toBe(404)
    expect((yield* request("/a.mp4")).status).toBe(404)
  })
)

effect("a file that is cut while it is sent ends the body, and its descriptor is closed", () =>
  Effect.gen(function* () {
    const base = yield* makeTree
    const handle = yield* Effect.scoped(
      Effect.gen(function* () {
        const file = yield* openFile(`${base}/root`, "clip.mp4")
        if (file === undefined || file === "directory") throw new Error("no file")
        const next = readPieces(file.handle, 0, file.size)
        expect((yield* next)?.length).toBe(65_536)
        truncateSync(`${base}/root/clip.mp4`, 65_540)
        expect((yield* next)?.length).toBe(4)
        expect(yield* next).toBeUndefined()
        return file.handle
      })
    )
    expect(handle.fd).toBe(-1)
  })
)
