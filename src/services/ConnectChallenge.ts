/** Protocols in which a client shows its password when it connects, before it says what it wants (RTMP). */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { VhostSettings } from "../domain/config/Settings.ts"

export interface ConnectQuestion {
  readonly vhost: VhostSettings
  readonly address: string
  /** Query of the connection's URL with its `?`, or empty. */
  readonly param: string
  /** The client looks like one that will publish. */
  readonly isPublisher: boolean
}

/** The words with which to refuse the connection, for the client to come again and say more; `undefined` to go on. */
export const ConnectChallenge = Context.Reference<(question: ConnectQuestion) => Effect.Effect<string | undefined>>(
  "sluice/services/ConnectChallenge",
  { defaultValue: () => () => Effect.succeed(undefined) }
)
