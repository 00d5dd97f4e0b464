import { describe, expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as AuthorizerLayer from "../../../src/layers/access/Authorizer.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import { Authorizer } from "../../../src/services/Authorizer.ts"
import { HookRefused, Hooks } from "../../../src/services/Hooks.ts"
import { StreamBusy } from "../../../src/services/SourceRegistry.ts"
import { effect } from "../../support/effect.ts"
import { accessRequest } from "./accessRequest.ts"

const harness = Effect.fnUntraced(function* (
  directives: string,
  answer: (event: string) => Effect.Effect<void, HookRefused> = () => Effect.void
) {
  const calls: Array<string> = []
  const note = (event: string) => Effect.sync(() => void calls.push(event))
  const hooks = Layer.mock(Hooks, {
    ask: (event) =>
      Effect.andThen(
        note(event),
        Effect.suspend(() => answer(event))
      ),
    tell: note,
    waiting: () => 0,
    deadLetters: () => []
  })
  const settings = layerText(`vhost __defaultVhost__ { ${directives} }`)
  const context = yield* Layer.build(AuthorizerLayer.layer.pipe(Layer.provide([hooks, settings])))
  return { authorizer: Context.get(context, Authorizer), calls }
})

const refuse = (event: string) => Effect.fail(new HookRefused({ event, url: "http://h/", reason: "no" }))

effect("everybody may do everything where nothing is configured", () =>
  Effect.gen(function* () {
    const { authorizer, calls } = yield* harness("")
    yield* Effect.scoped(authorizer.connect(accessRequest()))
    expect((yield* authorizer.publish(accessRequest())).action).toBe("publish")
    expect((yield* authorizer.play(accessRequest())).action).toBe("play")
    expect(calls).toEqual([])
  })
)

effect("rules by address come before callbacks, with SRS's numbers", () =>
  Effect.gen(function* () {
    const security = "security { enabled on; allow publish 10.0.0.0/8; allow play all; deny play 10.9.0.0/16; }"
    const { authorizer, calls } = yield* harness(security)
    yield* authorizer.publish(accessRequest("10.0.0.1"))
    expect((yield* Effect.flip(authorizer.publish(accessRequest("192.168.0.1")))).code).toBe(1054)
    expect((yield* Effect.flip(authorizer.play(accessRequest("10.9.0.1")))).code).toBe(1053)
    expect(calls).toEqual(["on_publish"])
  })
)

effect("rules that are switched off are none", () =>
  Effect.gen(function* () {
    const { authorizer } = yield* harness("security { enabled off; deny publish all; }")
    yield* authorizer.publish(accessRequest())
  })
)

describe("the end is told", () => {
  const run = (
    action: "connect" | "publish" | "play",
    answer?: (event: string) => Effect.Effect<void, HookRefused>,
    end: Exit.Exit<unknown, unknown> = Exit.void
  ) =>
    Effect.gen(function* () {
      const { authorizer, calls } = yield* harness("http_hooks { enabled on; }", answer)
      const scope = Scope.makeUnsafe()
      yield* Effect.ignore(Scope.provide(authorizer[action](accessRequest()), scope))
      yield* Scope.close(scope, end)
      return calls
    })

  effect("of a connection, a publish and a play that were accepted", () =>
    Effect.gen(function* () {
      expect(yield* run("connect")).toEqual(["on_connect", "on_close"])
      expect(yield* run("publish")).toEqual(["on_publish", "on_unpublish"])
      expect(yield* run("play")).toEqual(["on_play", "on_stop"])
    })
  )

  effect("of a connection once, however many streams it is asked about for", () =>
    Effect.gen(function* () {
      const { authorizer, calls } = yield* harness("http_hooks { enabled on; }")
      const first = accessRequest()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* authorizer.connect(first)
          yield* authorizer.connect({ ...first, stream: { ...first.stream, stream: "b" } })
        })
      )
      expect(calls).toEqual(["on_connect", "on_connect", "on_close"])
      yield* Effect.scoped(authorizer.connect(accessRequest()))
      expect(calls.slice(3)).toEqual(["on_connect", "on_close"])
    })
  )

  effect("of a refused connection, not of a refused publish or play", () =>
    Effect.gen(function* () {
      expect(yield* run("connect", refuse)).toEqual(["on_connect", "on_close"])
      expect(yield* run("publish", refuse)).toEqual(["on_publish"])
      expect(yield* run("play", refuse)).toEqual(["on_play"])
    })
  )

  effect("not of a publish whose stream was busy", () =>
    Effect.gen(function* () {
      expect(yield* run("publish", undefined, Exit.fail(new StreamBusy({ stream: "/live/a" })))).toEqual(["on_publish"])
      expect(yield* run("publish", undefined, Exit.fail(new StreamBusy({ stream: "/live/b" })))).toEqual([
        "on_publish",
        "on_unpublish"
      ])
      expect(yield* run("publish", undefined, Exit.die("defect"))).toEqual(["on_publish", "on_unpublish"])
    })
  )

  effect("of a publisher that left while it was asked about", () =>
    Effect.gen(function* () {
      const { authorizer, calls } = yield* harness("http_hooks { enabled on; }", () => Effect.never)
      const fiber = yield* Effect.forkChild(Effect.scoped(authorizer.publish(accessRequest())))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)
      expect(calls).toEqual(["on_publish", "on_unpublish"])
    })
  )
})

effect("who is refused by a callback server learns nothing of it", () =>
  Effect.gen(function* () {
    const { authorizer } = yield* harness("http_hooks { enabled on; }", refuse)
    const { code, message } = yield* Effect.flip(authorizer.publish(accessRequest()))
    expect([code, message]).toEqual([3064, "publish of /live/a refused: on_publish does not accept it"])
  })
)

effect("an address has only so many streams at a time", () =>
  Effect.gen(function* () {
    const { authorizer } = yield* harness("auth { enabled on; max_streams 2; }")
    const scope = Scope.makeUnsafe()
    yield* Scope.provide(authorizer.publish(accessRequest()), scope)
    yield* authorizer.play(accessRequest())
    expect((yield* Effect.flip(authorizer.play(accessRequest()))).code).toBe(1074)
    yield* authorizer.play(accessRequest("10.0.0.2"))
    yield* Scope.close(scope, Exit.void)
    yield* authorizer.play(accessRequest())
  })
)

effect("who may log in over HTTP is told so", () =>
  Effect.gen(function* () {
    const { authorizer, calls } = yield* harness("auth { enabled on; play password; publish key; }")
    expect((yield* Effect.flip(authorizer.play(accessRequest()))).needsLogin).toBe(true)
    expect((yield* Effect.flip(authorizer.publish(accessRequest()))).needsLogin).toBe(false)
    expect(calls).toEqual([])
  })
)
