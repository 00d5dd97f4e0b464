import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import * as Sluice from "sluice"
import { Callbacks } from "../../examples/callbacks.ts"
import { answer, callbackServer, type Received } from "../support/callbackServer.ts"
import { effect } from "../support/effect.ts"

const requestOf = ({ headers, text }: Received) => ({ headers: Object.fromEntries(headers), body: text })

const config = `vhost __defaultVhost__ { http_hooks {
  enabled on; secret s3cret; on_publish http://h:8085/; on_unpublish http://h:8085/;
} }`

effect(
  "examples/callbacks.ts lets in who has the token, if the server's signature is right, and does nothing twice",
  () =>
    Effect.gen(function* () {
      const callbacks = new Callbacks("s3cret", "open sesame")
      const { received } = yield* callbackServer(8085, (request) => {
        const { body, status } = callbacks.answer(requestOf(request), 0)
        return answer(status, body)
      })
      const refused = yield* Effect.flip(Effect.scoped(Sluice.publish("live/a?token=x")))
      expect(refused).toMatchObject({ _tag: "Refused" })
      const scope = Scope.makeUnsafe()
      const publishing = yield* Effect.forkChild(Scope.provide(Sluice.publish("live/a?token=open+sesame"), scope))
      yield* TestClock.adjust(0)
      yield* Fiber.join(publishing)
      expect([...callbacks.publishers.keys()]).toEqual(["/live/a"])
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust(0)
      expect(callbacks.publishers.size).toBe(0)
      const [, publish] = received.map(requestOf)
      // What was done is accepted again and not done again; what is older than five minutes, or changed, is not accepted.
      expect([callbacks.answer(publish, 299).status, callbacks.publishers.size]).toEqual([200, 0])
      expect(callbacks.answer(publish, 301).status).toBe(403)
      expect(callbacks.answer({ ...publish, body: publish.body.replace("live", "evil") }, 0).status).toBe(403)
      expect(callbacks.answer({ ...publish, headers: {} }, 0).status).toBe(403)
    }).pipe(Effect.provide(Sluice.layer({ config })), Effect.scoped)
)
