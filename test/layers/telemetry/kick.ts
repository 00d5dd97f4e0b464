import * as Effect from "effect/Effect"
import { type Kickable, SessionKicked } from "../../../src/services/Sessions.ts"

/** As the register does it. */
export const kick = (session: Kickable, reason: string) =>
  Effect.sync(() => {
    session.kicked = new SessionKicked({ reason })
    session.runner?.interrupt()
  })
