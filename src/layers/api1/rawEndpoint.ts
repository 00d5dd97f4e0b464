/** `/api/v1/raw`: the settings of the raw API itself, and reload. */
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../domain/api/Json.ts"
import { anyHost } from "../../domain/config/values.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { Reload } from "../../services/Reload.ts"
import { Settings } from "../../services/Settings.ts"
import { type ApiEndpoint, type ApiReply, errorReply } from "./answers.ts"

export const rawEndpoint = Effect.gen(function* () {
  const settings = yield* Settings
  const reload = yield* Reload
  const scope = yield* Effect.scope

  const shown = (): JsonObject => {
    const { crossdomain, enabled, listen, rawApi } = settings.current().httpApi
    return {
      code: 0,
      http_api: {
        enabled,
        listen: listen.host === anyHost ? String(listen.port) : `${listen.host}:${listen.port}`,
        crossdomain,
        raw_api: {
          enabled: rawApi.enabled,
          allow_reload: rawApi.allowReload,
          allow_query: false,
          allow_update: false
        }
      }
    }
  }

  /** Answers at once; what becomes of it is asked with `reload-fetch`. */
  const start: Effect.Effect<ApiReply> = Effect.as(Effect.forkIn(reload.run, scope), { json: { code: 0 } })

  const report = (): ApiReply => {
    const { err, msg, rid, state } = reload.last()
    return { json: { code: 0, data: { err, msg, state, rid } } }
  }

  const endpoint: ApiEndpoint = {
    path: "/api/v1/raw",
    mutating: ({ query }) => query.get("rpc") === "reload",
    reply: ({ query }) =>
      Effect.suspend((): Effect.Effect<ApiReply> => {
        const rpc = query.get("rpc")
        const { rawApi } = settings.current().httpApi
        if (rpc === "raw") return Effect.succeed({ json: shown() })
        if (!rawApi.enabled) return Effect.succeed(errorReply(srsErrors.ConfigRawDisable))
        if (rpc === "reload-fetch") return Effect.sync(report)
        if (rpc !== "reload") return Effect.succeed(errorReply(srsErrors.ConfigRaw))
        return rawApi.allowReload ? start : Effect.succeed(errorReply(srsErrors.ConfigRawDisable))
      })
  }
  return endpoint
})
