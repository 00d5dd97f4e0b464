/** Answers that are the same whatever happens. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { randomOf } from "../../domain/config/random.ts"
import { effect } from "../../support/effect.ts"
import { apiPort, get, serverPort } from "../http/harness.ts"
import { harness } from "./harness.ts"

/** Typed from SRS 7.0.18's answer. */
const versions =
  '{"code":0,"server":"vid-1234567","service":"abcdefgh","pid":"42",' +
  '"data":{"major":7,"minor":0,"revision":18,"version":"7.0.18"}}'

effect("versions are SRS's, byte for byte, on both listeners", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness()
    for (const port of [apiPort, serverPort]) {
      const { body, head } = yield* ask("/api/v1/versions", port)
      expect(body).toBe(versions)
      expect(head).toContain("Content-Type: application/json")
      expect(head).toContain(`Content-Length: ${versions.length}`)
      expect(head).toContain("Server: SRS/7.0.18(Hang)")
    }
  })
)

effect("an unknown path on the API's listener has the nearest index", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness()
    const keys = (path: string) =>
      Effect.map(ask(path, apiPort), ({ body }) => Object.keys(JSON.parse(body).urls).join(" "))
    expect(yield* keys("/")).toBe("api rtc")
    expect(yield* keys("/foo")).toBe("api rtc")
    expect(yield* keys("/api/")).toBe("v1")
    expect(yield* keys("/api/v2/x")).toBe("v1")
    expect(yield* keys("/api/v1/nothing")).toBe(
      "versions summaries rusages self_proc_stats system_proc_stats meminfos authors features requests vhosts streams " +
        "clients raw clusters perf tcmalloc tests"
    )
    expect((yield* ask("/api/v1?a=b", apiPort)).head).toMatch(/^HTTP\/1.1 302 [^]*Location: \/api\/v1\/\?a=b/)
    expect((yield* ask("/foo", serverPort)).head).toStartWith("HTTP/1.1 404 ")
  })
)

effect("a shared listener has the endpoints and no indexes", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness({
      settings: "http_server { enabled on; listen 80; } http_api { enabled on; listen 80; }"
    })
    expect((yield* ask("/api/v1/versions", 80)).body).toBe(versions)
    expect((yield* ask("/api/v1/nothing", 80)).head).toStartWith("HTTP/1.1 404 ")
  })
)

effect("a callback makes a script, if it is a name", () =>
  Effect.gen(function* () {
    const { ask } = yield* harness()
    const { body, head } = yield* ask("/api/v1/versions?callback=f.g-1", apiPort)
    expect(body).toBe(`f.g-1(${versions})`)
    expect(head).toContain("Content-Type: text/javascript")
    expect((yield* ask("/api/v1/versions?callback=alert(1)", apiPort)).head).toStartWith("HTTP/1.1 400 ")
  })
)

const paths = ["vhosts/", "streams/", "clients/", "raw", "clusters", "summaries", "requests", "tests/requests", "x"]
const queries = [
  "start=1",
  "count=99999",
  "start=%00",
  "callback=f",
  "method=DELETE",
  "rpc=raw",
  "vhost=%ff",
  "a=b=c;,"
]
const texts = ["", "vid-0000000", "..%2f", "%22%3E%3Cscript%3E", "a/b/c", "?", "%e2%82", "x".repeat(300)]

effect("whatever is asked is answered, and no answer is a failure of ours", () =>
  Effect.gen(function* () {
    const { request } = yield* harness()
    const random = randomOf(11)
    const one = (list: ReadonlyArray<string>): string => list[random(list.length)] ?? ""
    for (let round = 0; round < 300; round++) {
      const target = `/api/v1/${one(paths)}${one(texts)}?${one(queries)}&${one(queries)}&${one(texts)}`
      const method = one(["GET", "GET", "POST", "DELETE", "HEAD"])
      const { body, head } = yield* request(get(target, "Connection: close").replace(/^GET/, method))
      const status = head.split(" ")[1] ?? ""
      expect([method, target, status]).toEqual([method, target, expect.stringMatching(/^(200|302|400|405)$/)])
      if (head.includes("application/json") && method !== "HEAD") expect(() => JSON.parse(body)).not.toThrow()
      // What came from the client is never a page.
      expect(head).not.toContain("text/html")
    }
  })
)
