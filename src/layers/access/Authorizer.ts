/** Everybody may publish and play everything. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Authorizer, Permit } from "../../services/Authorizer.ts"

export const layerAllowAll = Layer.succeed(Authorizer, {
  connect: () => Effect.void,
  publish: (request) => Effect.sync(() => Permit.grantUnsafe("publish", request)),
  play: (request) => Effect.sync(() => Permit.grantUnsafe("play", request))
})
