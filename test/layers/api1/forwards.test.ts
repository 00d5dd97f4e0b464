/** Forwards by the API: who may, what is refused, what is shown. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { effect } from "../../support/effect.ts"
import { goldenShape, jsonShape } from "../../support/jsonShape.ts"
import { harness, ports } from "./harness.ts"

const settings = `${ports} vhost __defaultVhost__ {} vhost a.com {}`
const json = "Content-Type: application/json"

const started = Effect.fnUntraced(function* (text = settings) {
  const all = yield* harness({ settings: text })
  const send = (method: string, path: string, body = "", ...fields: ReadonlyArray<string>) =>
    all.request(
      [
        `${method} ${path} HTTP/1.1`,
        "Host: h",
        "Connection: close",
        `Content-Length: ${body.length}`,
        ...fields,
        "",
        body
      ].join("\r\n")
    )
  const add = (order: unknown, ...fields: ReadonlyArray<string>) =>
    Effect.map(send("POST", "/api/v1/forwards/", JSON.stringify(order), json, ...fields), ({ body }) =>
      JSON.parse(body)
    )
  return { ...all, send, add }
})

const order = { app: "live", stream: "cam", url: "rtmps://me:secret@a.example/live2/key" }

effect("a destination is added, seen without its password, and removed", () =>
  Effect.gen(function* () {
    const { add, ask, json, send } = yield* started()
    const { code, forward } = yield* add(order)
    expect([code, forward.state]).toEqual([0, "idle"])
    yield* add({ ...order, vhost: "a.com" })
    const { body } = yield* ask("/api/v1/forwards/")
    expect(jsonShape(body).slice(0, 18)).toEqual([...goldenShape("forwards")])
    expect(body).not.toContain("secret")
    expect((yield* json("/api/v1/forwards/")).forwards).toContainEqual({
      id: forward.id,
      stream: "/live/cam",
      url: "rtmps://me:***@a.example/live2/key",
      origin: "api",
      state: "idle",
      attempts: 0,
      connects: 0,
      send_bytes: 0,
      frames: 0,
      drops: 0,
      dropped_frames: 0,
      last_error: ""
    })
    expect((yield* json(`/api/v1/forwards/${forward.id}`)).forward).toEqual(forward)
    expect((yield* send("DELETE", `/api/v1/forwards/${forward.id}`)).body).toBe(
      '{"code":0,"server":"vid-1234567","service":"abcdefgh","pid":"42"}'
    )
    for (const method of ["DELETE", "GET"]) {
      expect((yield* send(method, `/api/v1/forwards/${forward.id}`)).body).toBe(
        '{"code":2048,"message":"no such forward"}'
      )
    }
    expect((yield* json("/api/v1/forwards/")).forwards).toMatchObject([{ stream: "a.com/live/cam" }])
  })
)

const refusals: ReadonlyArray<readonly [unknown, string]> = [
  [{ ...order, url: "http://a.example/x/y" }, "neither rtmp nor rtmps"],
  [{ ...order, url: "a.example" }, "neither rtmp nor rtmps"],
  [{ ...order, url: "rtmp://" }, "not a URL with a host"],
  [{ ...order, url: "rtmp://a.example:99999/live/x" }, "not a URL with a host"],
  [{ ...order, url: "rtmp://a.example/live/../../x" }, "forbidden name"],
  [{ ...order, url: "rtmp://a.example/live/x\r\ny" }, "control characters"],
  [{ ...order, url: "file:///etc/passwd" }, "neither rtmp nor rtmps"],
  [{ ...order, url: 5 }, "url is missing, or no text"],
  [{ ...order, app: undefined }, "app is missing"],
  [{ ...order, stream: "x".repeat(513) }, "stream is longer than 512"],
  [[], "app is missing"],
  [null, "no JSON object"]
]

effect("what is no destination is refused, and says why", () =>
  Effect.gen(function* () {
    const { add, json, send } = yield* started()
    for (const [bad, reason] of refusals) {
      const answer = yield* add(bad)
      expect([bad, answer.code]).toEqual([bad, 3008])
      expect(answer.message).toContain(reason)
    }
    expect(yield* add({ ...order, vhost: "b.com" })).toMatchObject({ code: 0, forward: { stream: "/live/cam" } })
    expect(yield* add(order)).toMatchObject({ code: 3008, message: "it is forwarded there already" })
    for (const fields of [[], ["Content-Type: text/plain"]]) {
      const { body } = yield* send("POST", "/api/v1/forwards/", JSON.stringify(order), ...fields)
      expect(body).toBe('{"code":3008,"message":"Content-Type is not application/json"}')
    }
    expect((yield* send("POST", "/api/v1/forwards/", "{", "Content-Type: application/json")).body).toContain("no JSON")
    expect((yield* send("PUT", "/api/v1/forwards/")).head).toStartWith("HTTP/1.1 405 ")
    expect((yield* json("/api/v1/forwards/")).forwards.length).toBe(1)
  })
)

effect("a stream has so many destinations of its own", () =>
  Effect.gen(function* () {
    const { add } = yield* started()
    for (let i = 0; i < 64; i++) expect((yield* add({ ...order, url: `rtmp://h/live/${i}` })).code).toBe(0)
    expect((yield* add(order)).message).toBe("more than 64 destinations of one stream")
    expect((yield* add({ ...order, stream: "other" })).code).toBe(0)
  })
)

effect("only this machine, or who has name and password, sees and changes them; never a script tag", () =>
  Effect.gen(function* () {
    const { add, ask, json: read, send } = yield* started()
    const { forward } = yield* add(order)
    for (const field of ["X-Forwarded-For: 1.2.3.4", "Sec-Fetch-Site: cross-site"]) {
      for (const method of ["GET", "POST", "DELETE"]) {
        expect((yield* send(method, `/api/v1/forwards/${forward.id}`, "", field)).head).toStartWith("HTTP/1.1 401 ")
      }
    }
    for (const query of ["callback=f", "callback=f&method=DELETE"]) {
      expect((yield* ask(`/api/v1/forwards/${forward.id}?${query}`)).head).toStartWith("HTTP/1.1 400 ")
    }
    expect((yield* read("/api/v1/forwards/")).forwards.length).toBe(1)

    const guarded = "http_api { enabled on; listen 1985; auth { enabled on; username a; password b; } }"
    const other = yield* started(`${guarded} vhost __defaultVhost__ {}`)
    const basic = `Authorization: Basic ${Buffer.from("a:b").toString("base64")}`
    expect((yield* other.send("GET", "/api/v1/forwards/")).head).toStartWith("HTTP/1.1 401 ")
    expect((yield* other.add(order, basic, "X-Forwarded-For: 1.2.3.4")).code).toBe(0)
  })
)
