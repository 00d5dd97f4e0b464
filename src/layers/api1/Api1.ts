/** SRS's HTTP API v1, and the metrics beside it: every endpoint as a route of the gateway. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpGateway } from "../../services/HttpGateway.ts"
import { Settings } from "../../services/Settings.ts"
import { apiRoute } from "./answers.ts"
import { forwardEndpoints } from "./forwardEndpoints.ts"
import { liveEndpoints } from "./liveEndpoints.ts"
import { metricsEndpoint } from "./metricsEndpoint.ts"
import { rawEndpoint } from "./rawEndpoint.ts"
import { serverEndpoints } from "./serverEndpoints.ts"

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const settings = yield* Settings
    const endpoints = [
      ...(yield* serverEndpoints),
      ...(yield* liveEndpoints),
      yield* forwardEndpoints,
      yield* rawEndpoint,
      yield* metricsEndpoint
    ]
    for (const endpoint of endpoints) yield* gateway.plain(apiRoute(settings, endpoint))
  })
)
