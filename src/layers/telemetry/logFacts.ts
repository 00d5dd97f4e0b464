/** Log lines of which each session has several. */
import * as Effect from "effect/Effect"
import { LogFloor } from "../../services/Telemetry.ts"
import type { Facts } from "./session.ts"

/** As `Effect.logInfo` with annotations; where such lines are not written, neither these nor the line are made. */
export const logFacts = (message: string, facts: Facts): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(LogFloor).isLogged("Info") ? Effect.annotateLogs(Effect.logInfo(message), facts) : Effect.void
  )
