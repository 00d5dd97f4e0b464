/** Forwards as the API shows and takes them (`/api/v1/forwards/`), which SRS does not have. */
import * as Result from "effect/Result"
import { defaultVhost } from "../media/StreamName.ts"
import { maxHostLength, maxNameLength, maxUrlLength } from "../rtmp/UrlText.ts"
import type { JsonObject } from "./Json.ts"

export interface ShownForward {
  readonly id: string
  readonly stream: string
  readonly url: string
  readonly origin: string
  readonly state: string
  readonly attempts: number
  readonly connects: number
  readonly bytesOut: number
  readonly framesOut: number
  readonly framesDropped: number
  readonly jumps: number
  readonly lastError: string
}

export const forwardJson = (forward: ShownForward): JsonObject => ({
  id: forward.id,
  stream: forward.stream,
  url: forward.url,
  origin: forward.origin,
  state: forward.state,
  attempts: forward.attempts,
  connects: forward.connects,
  send_bytes: forward.bytesOut,
  frames: forward.framesOut,
  drops: forward.jumps,
  dropped_frames: forward.framesDropped,
  last_error: forward.lastError
})

/** What somebody wants forwarded. */
export interface ForwardOrder {
  /** As asked for: not yet resolved. */
  readonly vhost: string
  readonly app: string
  readonly stream: string
  readonly url: string
}

/** Member, its default, and how long it may be. */
const members = [
  ["vhost", defaultVhost, maxHostLength],
  ["app", undefined, maxNameLength],
  ["stream", undefined, maxNameLength],
  ["url", undefined, maxUrlLength]
] as const

/** Of a body `{"app":"live","stream":"cam","url":"rtmp://…"}`, with `vhost` unless it is the default one. Total. */
export const readForwardOrder = (body: string): Result.Result<ForwardOrder, string> => {
  const parsed = Result.try((): unknown => JSON.parse(body))
  if (Result.isFailure(parsed) || typeof parsed.success !== "object" || parsed.success === null) {
    return Result.fail("the body is no JSON object")
  }
  const order: Record<keyof ForwardOrder, string> = { vhost: "", app: "", stream: "", url: "" }
  for (const [name, fallback, length] of members) {
    const value = (parsed.success as Readonly<Record<string, unknown>>)[name] ?? fallback
    if (typeof value !== "string" || value === "") return Result.fail(`${name} is missing, or no text`)
    if (value.length > length) return Result.fail(`${name} is longer than ${length} characters`)
    order[name] = value
  }
  return Result.succeed(order)
}
