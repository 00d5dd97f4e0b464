/** What the service of `forward.backend` is asked, and its answer: the URLs that a stream is pushed to. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import type { Reply } from "../hooks/ReplyReader.ts"
import { rejectionOf } from "../hooks/verdict.ts"
import type { StreamName } from "../media/StreamName.ts"

/** Destinations of one stream. */
export const maxDestinations = 64

export interface ForwardQuestion {
  readonly serverId: string
  readonly serviceId: string
  readonly clientId: string
  readonly ip: string
  readonly stream: StreamName
  readonly tcUrl: string
  /** With its leading `?`, or empty. */
  readonly param: string
}

/** The publish fails. */
export class BackendRefused extends Data.TaggedError("BackendRefused")<{ readonly reason: string }> {
  override get message() {
    return `forward backend: ${this.reason}`
  }
}

/** SRS's object, its keys in SRS's order. */
export const forwardBody = (question: ForwardQuestion): string =>
  JSON.stringify({
    action: "on_forward",
    server_id: question.serverId,
    service_id: question.serviceId,
    client_id: question.clientId,
    ip: question.ip,
    vhost: question.stream.vhost,
    app: question.stream.app,
    tcUrl: question.tcUrl,
    stream: question.stream.stream,
    param: question.param
  })

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined

/** `{"code":0,"data":{"urls":[…]}}`; the bare `0` that other callbacks take is not enough. Total. */
export const readForwardUrls = (reply: Reply): Result.Result<ReadonlyArray<string>, BackendRefused> => {
  const refuse = (reason: string) => Result.fail(new BackendRefused({ reason }))
  const rejection = rejectionOf(reply)
  if (rejection !== undefined) return refuse(rejection)
  const parsed = Result.try((): unknown => JSON.parse(reply.body))
  const urls = Result.isSuccess(parsed) ? member(member(parsed.success, "data"), "urls") : undefined
  if (!Array.isArray(urls)) return refuse("an answer without data.urls")
  if (urls.length > maxDestinations) return refuse(`more than ${maxDestinations} URLs`)
  const texts = urls.filter((url) => typeof url === "string")
  return texts.length === urls.length ? Result.succeed(texts) : refuse("a URL that is no text")
}
