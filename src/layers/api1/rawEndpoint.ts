/** `/api/v1/raw`: the settings of the raw API itself. */
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../domain/api/Json.ts"
import { anyHost } from "../../domain/config/values.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { Settings } from "../../services/Settings.ts"
import { type ApiEndpoint, errorReply } from "./answers.ts"

export const rawEndpoint = Effect.gen(function* () {
  const settings = yield* Settings

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

  const endpoint: ApiEndpoint = {
    path: "/api/v1/raw",
    reply: ({ query }) =>
      Effect.sync(() => {
        const rpc = query.get("rpc")
        if (rpc === "raw") return { json: shown() }
        // Nothing can be reloaded over HTTP, whatever the file says.
        const isKnown = rpc === "reload" || rpc === "reload-fetch"
        return errorReply(
          isKnown || !settings.current().httpApi.rawApi.enabled ? srsErrors.ConfigRawDisable : srsErrors.ConfigRaw
        )
      })
  }
  return endpoint
})
