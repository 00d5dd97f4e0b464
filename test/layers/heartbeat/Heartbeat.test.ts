import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Transport } from "../../../src/services/Transport.ts"
import { callbackServer } from "../../support/callbackServer.ts"
import { effect } from "../../support/effect.ts"
import { start } from "../reload/harness.ts"

const vhost = "vhost __defaultVhost__ {}"
const beats = (more: string) =>
  `listen 1935; http_api { enabled on; } ${vhost} heartbeat { enabled on; url http://h:8085/api/v1/servers?x=1; ${more} }`

effect("reports after each interval, to the URL without its query, with what is wanted", () =>
  Effect.gen(function* () {
    const server = yield* start(beats("interval 3; device_id d1; summaries on; ports on;"))
    const { received } = yield* Effect.provideService(callbackServer(8085), Transport, server.transport)
    yield* TestClock.adjust(2999)
    expect(received.length).toBe(0)
    yield* TestClock.adjust(1)
    expect(received.length).toBe(1)
    yield* TestClock.adjust(6000)
    expect(received.length).toBe(3)
    const [{ body, head, path }] = received
    expect([path, head[3], head[5]]).toEqual([
      "/api/v1/servers",
      "Content-Type: application/json",
      "User-Agent: SRS/7.0.18(Hang)"
    ])
    expect(body).toMatchObject({ device_id: "d1", server: "test", pid: "1", rtmp: ["1935"], api: ["1985"] })
    expect(Object.keys(body).join(" ")).toBe("device_id ip server service pid summaries rtmp api")
    expect(Object.keys((body["summaries"] as { data: object }).data)).toEqual(["ok", "now_ms", "self", "system"])
  })
)

effect("goes on when nobody hears, and follows the configuration", () =>
  Effect.gen(function* () {
    const server = yield* start(beats("interval 3600; device_ip 192.0.2.1;"))
    yield* TestClock.adjust(3_600_000)
    const { received } = yield* Effect.provideService(callbackServer(8085), Transport, server.transport)
    yield* server.apply(beats("interval 2; device_ip 192.0.2.2;"))
    yield* TestClock.adjust(2000)
    expect(received.map(({ body }) => body["ip"])).toEqual(["192.0.2.2"])
    yield* server.apply(`listen 1935; ${vhost}`)
    yield* TestClock.adjust(60_000)
    expect(received.length).toBe(1)
  })
)
