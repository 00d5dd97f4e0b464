/** HTTP callbacks in the API: what waits, who does not answer, what was given up, and how it is told again. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { callbackServerJson, deadLetterJson } from "../../domain/api/callbackAnswers.ts"
import { pageOf } from "../../domain/api/paging.ts"
import { Hooks } from "../../services/Hooks.ts"
import { HttpGateway } from "../../services/HttpGateway.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Settings } from "../../services/Settings.ts"
import { type ApiCall, type ApiEndpoint, apiRoute, commonFields } from "./answers.ts"

/** What was told may be nobody else's business, so only who may change something sees it. */
const guarded = { mutating: () => true, jsonp: false } as const

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const hooks = yield* Hooks
    const gateway = yield* HttpGateway
    const settings = yield* Settings
    const identity = yield* ServerIdentity

    const show = Effect.fnUntraced(function* ({ query }: ApiCall) {
      const { count, start } = pageOf(query)
      const dead = hooks.deadLetters()
      return {
        json: {
          ...commonFields(identity),
          waiting: hooks.waiting(),
          servers: (yield* hooks.servers).map(callbackServerJson),
          dead: dead.length,
          dead_letters: dead.slice(start, start + count).map(deadLetterJson)
        }
      }
    })
    const replay = Effect.map(hooks.replay, (replayed) => ({ json: { ...commonFields(identity), replayed } }))

    const endpoints: ReadonlyArray<ApiEndpoint> = [
      { ...guarded, path: "/api/v1/callbacks/", methods: ["GET"], reply: show },
      { ...guarded, path: "/api/v1/callbacks/replay", methods: ["POST"], reply: () => replay }
    ]
    for (const endpoint of endpoints) yield* gateway.plain(apiRoute(settings, endpoint))
  })
)
