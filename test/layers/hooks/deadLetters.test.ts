/** The whole server: an operator sees by the API what could not be told, and has it told again. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "../../../src/embed.ts"
import { maxAttempts } from "../../../src/layers/hooks/Courier.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { accept, answer, callbackServer } from "../../support/callbackServer.ts"
import { effect } from "../../support/effect.ts"
import { goldenShape, jsonShape } from "../../support/jsonShape.ts"

const config = `http_api { enabled on; listen 1985; }
vhost __defaultVhost__ { http_hooks { enabled on; on_unpublish http://h:8085/; } }`

const ask = Effect.fnUntraced(function* (method: string, path: string, ...fields: ReadonlyArray<string>) {
  const transport = yield* Transport
  const connection = yield* transport.connect({ host: "127.0.0.1", port: 1985 }, { timeoutMillis: 1000 })
  const lines = [`${method} ${path} HTTP/1.1`, "Host: h", "Connection: close", ...fields, "", ""]
  connection.write(Buffer.from(lines.join("\r\n")))
  let text = ""
  while (true) {
    const read = yield* Effect.option(connection.read)
    if (read._tag === "None") break
    text += Buffer.from(read.value).toString()
  }
  return { status: text.split(" ")[1], body: text.slice(text.indexOf("\r\n\r\n") + 4) }
}, Effect.scoped)

effect("what could not be told is seen by the API, kept, and told again on demand", () =>
  Effect.gen(function* () {
    let isUp = false
    const { received } = yield* callbackServer(8085, () => (isUp ? accept : answer(503, "")))
    const path = "/api/v1/callbacks/"
    yield* Effect.scoped(Sluice.publish("live/cam?token=1"))
    yield* TestClock.adjust(3000)
    const early = JSON.parse((yield* ask("GET", path)).body)
    expect(early).toMatchObject({ waiting: 1, dead: 0, servers: [{ server: "http://h:8085", circuit: "closed" }] })
    for (let i = 0; i < 40; i++) yield* TestClock.adjust(30_000)
    expect(received.length).toBe(maxAttempts)
    const { body } = yield* ask("GET", path)
    expect(jsonShape(body)).toEqual(goldenShape("callbacks"))
    const { dead, dead_letters: letters, servers, waiting } = JSON.parse(body)
    expect([dead, waiting, servers[0].failures]).toEqual([1, 0, maxAttempts])
    expect(letters[0]).toMatchObject({ event: "on_unpublish", url: "http://h:8085/", reason: "status 503" })
    expect(JSON.parse(letters[0].body)).toMatchObject({ action: "on_unpublish", stream: "cam", param: "?token=1" })

    for (const [method, target, ...fields] of [
      ["GET", path, "X-Forwarded-For: 1.2.3.4"],
      ["POST", `${path}replay`, "X-Forwarded-For: 1.2.3.4"]
    ] as const) {
      expect((yield* ask(method, target, ...fields)).status).toBe("401")
    }
    expect((yield* ask("GET", `${path}replay`)).status).toBe("405")

    isUp = true
    const replayed = yield* ask("POST", `${path}replay`)
    expect(jsonShape(replayed.body)).toEqual(goldenShape("callbacks_replay"))
    expect(JSON.parse(replayed.body).replayed).toBe(1)
    yield* TestClock.adjust(60_000)
    expect(received.length).toBe(maxAttempts + 1)
    expect(received.at(-1)!.headers.get("idempotency-key")).toBe(letters[0].idempotency_key)
    expect(JSON.parse((yield* ask("GET", path)).body)).toMatchObject({ dead: 0, waiting: 0, dead_letters: [] })
  }).pipe(Effect.provide(Sluice.layer({ config })), Effect.scoped)
)
