import { expect } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { maxUnreadBytes } from "../../../src/services/Transport.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../../src/services/Authorizer.ts"
import { effect } from "../../support/effect.ts"
import { harness, mediaAt, tick } from "./memoryClient.ts"

const refusal = (action: "connect" | "publish" | "play") =>
  Effect.fail(new Refused({ action, stream: "/live/a", reason: "no", code: 2015 }))

/** Asks the test, and writes down when each grant ends. */
const scripted = (answers: {
  readonly connect?: Effect.Effect<void, Refused>
  readonly publish?: Effect.Effect<void, Refused>
  readonly play?: Effect.Effect<void, Refused>
}) => {
  const order: Array<string> = []
  const requests: Array<AccessRequest> = []
  const ask = (action: "connect" | "publish" | "play", request: AccessRequest) =>
    Effect.gen(function* () {
      requests.push(request)
      order.push(action)
      yield* answers[action] ?? Effect.void
      yield* Effect.addFinalizer(() => Effect.sync(() => order.push(`end of ${action}`)))
    })
  const layer = Layer.succeed(Authorizer, {
    connect: (request) => ask("connect", request),
    publish: (request) => Effect.as(ask("publish", request), Permit.grantUnsafe("publish", request)),
    play: (request) => Effect.as(ask("play", request), Permit.grantUnsafe("play", request))
  })
  return { layer, order, requests }
}

effect("nothing enters a source before its publisher is authorised; then nothing is missing", () =>
  Effect.gen(function* () {
    const gate = Deferred.makeUnsafe<void>()
    const { layer } = scripted({ publish: Deferred.await(gate) })
    const { player, publisher, registry } = yield* harness("", {}, layer)
    const viewer = yield* player("a")
    const client = yield* publisher("a")
    expect(client.heard()).toEqual(["_result"])
    client.media(1, 1000)
    for (let i = 0; i < 1000; i++) client.audio(1, 1002 + i, 1, ...Buffer.alloc(1000))
    yield* TestClock.adjust(400)
    expect(registry.find("/live/a")?.log.end).toBe(0)
    expect(registry.find("/live/a")?.publisher()).toBeUndefined()
    // The rest waits at the client.
    expect(client.connection.bytesOut() - client.connection.queuedBytes()).toBeLessThan(maxUnreadBytes + 10_000)
    expect(client.connection.queuedBytes()).toBeGreaterThan(500_000)
    yield* Deferred.succeed(gate, undefined)
    yield* TestClock.adjust(400)
    expect(client.heard()).toEqual(["onStatus NetStream.Publish.Start"])
    expect(client.connection.queuedBytes()).toBe(0)
    expect(viewer.played.slice(0, 4)).toEqual(mediaAt(1, 0))
    expect(viewer.played.length).toBe(1004)
  })
)

effect("a refused publish is told, and closes the connection; nobody sees a publisher", () =>
  Effect.gen(function* () {
    const { layer, order } = scripted({ publish: refusal("publish") })
    const { publisher, registry } = yield* harness("", {}, layer)
    const client = yield* publisher("a")
    client.media(1, 0)
    yield* TestClock.adjust(1100)
    expect(client.heard().at(-1)).toBe("onStatus NetStream.Publish.Denied")
    expect(client.closed).toBe(true)
    expect(registry.find("/live/a")?.publisher()).toBeUndefined()
    expect(order).toEqual(["connect", "publish", "end of connect"])
  })
)

effect("a refused play is told, and closes the connection", () =>
  Effect.gen(function* () {
    const { layer } = scripted({ play: refusal("play") })
    const { player, publisher } = yield* harness("", {}, layer)
    const client = yield* publisher("a")
    client.media(1, 0)
    const viewer = yield* player("a")
    yield* TestClock.adjust(1100)
    expect(viewer.heard().at(-1)).toBe("onStatus NetStream.Play.Failed")
    expect(viewer.played).toEqual([])
    expect([viewer.closed, client.closed]).toEqual([true, false])
  })
)

effect("a refused connect ends the connection before anything is published", () =>
  Effect.gen(function* () {
    const { layer, order } = scripted({ connect: refusal("connect") })
    const { publisher } = yield* harness("", {}, layer)
    const client = yield* publisher("a")
    yield* TestClock.adjust(1100)
    expect(client.closed).toBe(true)
    expect(order).toEqual(["connect"])
  })
)

effect("each grant ends once: with its stream, and the connection's with the connection", () =>
  Effect.gen(function* () {
    const { layer, order, requests } = scripted({})
    const { connected } = yield* harness("", {}, layer)
    const client = yield* connected("rtmp://localhost/live?vhost=x&token=9")
    client.call(0, "createStream", 2, null)
    client.call(1, "publish", 3, null, "a?k=1", "live")
    yield* tick
    client.call(1, "closeStream", 0, null)
    client.call(1, "play", 4, null, "b")
    yield* tick
    const sofar = ["connect", "publish", "end of publish", "connect", "play"]
    expect(order).toEqual(sofar)
    yield* client.connection.end
    yield* tick
    expect(order).toEqual([...sofar, "end of play", "end of connect", "end of connect"])
    expect(requests.map(({ stream }) => `${stream.vhost}/${stream.app}/${stream.stream}`)).toEqual([
      "__defaultVhost__/live/a",
      "__defaultVhost__/live/a",
      "__defaultVhost__/live/b",
      "__defaultVhost__/live/b"
    ])
    expect(requests[1].param).toContain("k=1")
  })
)

effect("a connect that is refused for a second stream ends the connection with all its streams", () =>
  Effect.gen(function* () {
    let asked = 0
    const { layer, order } = scripted({
      connect: Effect.suspend(() => (++asked > 1 ? refusal("connect") : Effect.void))
    })
    const { connected, registry } = yield* harness("", {}, layer)
    const client = yield* connected("rtmp://localhost/live")
    client.call(0, "createStream", 2, null)
    client.call(0, "createStream", 3, null)
    client.call(1, "publish", 4, null, "a", "live")
    yield* tick
    expect(registry.find("/live/a")?.publisher()).toBeDefined()
    client.call(2, "publish", 5, null, "b", "live")
    yield* TestClock.adjust(1100)
    expect(order.slice(0, 3)).toEqual(["connect", "publish", "connect"])
    expect(registry.find("/live/a")?.publisher()).toBeUndefined()
    expect([client.closed, registry.find("/live/b")]).toEqual([true, undefined])
  })
)

effect("a publisher that leaves while it is being authorised is forgotten", () =>
  Effect.gen(function* () {
    const { layer, order } = scripted({ publish: Effect.never })
    const { publisher, registry, sessions } = yield* harness("", {}, layer)
    const client = yield* publisher("a")
    yield* client.connection.end
    yield* TestClock.adjust(31_000)
    expect(order).toEqual(["connect", "publish", "end of connect"])
    expect(sessions.all().size).toBe(0)
    expect(registry.find("/live/a")?.publisher()).toBeUndefined()
  })
)
