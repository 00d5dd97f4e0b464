/** The state of HTTP callbacks as the API shows it (`/api/v1/callbacks/`), which SRS does not have. */
import type { JsonObject } from "./Json.ts"

export interface ShownCallbackServer {
  readonly server: string
  readonly failures: number
  readonly waitMillis: number
}

export interface ShownDeadLetter {
  readonly event: string
  readonly url: string
  readonly body: string
  readonly idempotencyKey: string
  readonly reason: string
  readonly diedAt: number
}

export const callbackServerJson = ({ failures, server, waitMillis }: ShownCallbackServer): JsonObject => ({
  server,
  circuit: waitMillis > 0 ? "open" : "closed",
  failures,
  wait_ms: waitMillis
})

export const deadLetterJson = ({ body, diedAt, event, idempotencyKey, reason, url }: ShownDeadLetter): JsonObject => ({
  event,
  url,
  idempotency_key: idempotencyKey,
  reason,
  died_ms: diedAt,
  body
})
