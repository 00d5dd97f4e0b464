/** Listens for HTTP as long as the layer lives. To be built after the layers that contribute routes. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpGateway } from "../../services/HttpGateway.ts"

export const layer = Layer.effectDiscard(Effect.flatMap(HttpGateway, (gateway) => gateway.listen))
