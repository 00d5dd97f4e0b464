import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { effect } from "../../support/effect.ts"

const harness = Effect.fnUntraced(function* (settings = "") {
  const services = yield* Layer.build(SessionsLayer.layer.pipe(Layer.provide(layerText(settings))))
  const sessions = Context.get(services, Sessions)
  const open = sessions.open({
    protocol: "test",
    address: "10.0.0.1",
    connected: true,
    traffic: { bytesIn: () => 7, bytesOut: () => 9 }
  })
  return { sessions, open }
})

effect("a client is in the register while its scope is open, under an id of its own", () =>
  Effect.gen(function* () {
    const { open, sessions } = yield* harness()
    yield* TestClock.adjust(5000)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const one = yield* open
        const two = yield* open
        expect([...sessions.all().values()]).toEqual([one, two])
        expect(one.id).toMatch(/^[0-9a-z]{8}$/)
        expect(one.id).not.toBe(two.id)
        expect(one).toMatchObject({ protocol: "test", address: "10.0.0.1", openedAt: 5000, role: "", type: "" })
        expect([one.counters.bytesIn(), one.counters.bytesOut(), one.counters.framesIn]).toEqual([7, 9, 0])
      })
    )
    expect(sessions.all().size).toBe(0)
  })
)

effect("refuses more than max_connections, until one has left", () =>
  Effect.gen(function* () {
    const { open } = yield* harness("max_connections 2;")
    yield* open
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* open
        expect((yield* Effect.flip(open)).message).toBe("more than 2 connections (max_connections)")
      })
    )
    yield* open
  })
)

effect("refuses more than max_connections_per_address, each address for itself, but for trusted proxies", () =>
  Effect.gen(function* () {
    const { sessions } = yield* harness("max_connections_per_address 2; trusted_proxies { addresses 10.0.0.9; }")
    const open = (address: string) =>
      sessions.open({ protocol: "test", address, connected: true, traffic: { bytesIn: () => 0, bytesOut: () => 0 } })
    yield* open("10.0.0.1")
    yield* Effect.scoped(
      Effect.gen(function* () {
        const second = yield* open("10.0.0.1")
        // What a proxy has said later of whose it is changes nothing: it was counted as the proxy's.
        second.address = "203.0.113.1"
        const { message } = yield* Effect.flip(open("10.0.0.1"))
        expect(message).toBe("more than 2 connections (max_connections_per_address)")
        yield* open("10.0.0.2")
        yield* Effect.replicateEffect(open("10.0.0.9"), 5)
      })
    )
    yield* open("10.0.0.1")
  })
)

effect("a kick tells the session why, once; nobody else", () =>
  Effect.gen(function* () {
    const { open, sessions } = yield* harness()
    const one = yield* open
    const two = yield* open
    expect(yield* sessions.kick(one.id, "enough")).toBe(true)
    expect(one.kicked?.reason).toBe("enough")
    expect(yield* sessions.kick(one.id, "again")).toBe(true)
    expect(one.kicked?.reason).toBe("enough")
    expect(two.kicked).toBeUndefined()
    expect(yield* sessions.kick("nobody00", "x")).toBe(false)
  })
)

effect("tells of each session that has left, until nobody wants to know", () =>
  Effect.gen(function* () {
    const { open, sessions } = yield* harness()
    const left: Array<string> = []
    const one = yield* Effect.scoped(
      Effect.gen(function* () {
        yield* sessions.onEnd(({ id }) => left.push(id))
        const one = yield* Effect.scoped(open)
        expect(left).toEqual([one.id])
        return one
      })
    )
    yield* Effect.scoped(open)
    expect(left).toEqual([one.id])
  })
)
