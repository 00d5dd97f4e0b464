/** The JSON answers of SRS's API: their common fields, and JSONP. */
import * as Effect from "effect/Effect"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { PlainAnswer } from "../../services/HttpGateway.ts"
import type { ServerIdentity } from "../../services/ServerIdentity.ts"

export interface Json {
  readonly [key: string]: string | number | boolean | null | Json | ReadonlyArray<Json>
}

/** `fields` behind the common ones, compact. With `?callback=name` as a script that calls it. */
export const jsonAnswer = (
  identity: ServerIdentity["Service"],
  head: RequestHead,
  fields: Json
): Effect.Effect<PlainAnswer, BadRequest> => {
  const { pid, server, service } = identity
  const json = JSON.stringify({ code: 0, server, service, pid: String(pid), ...fields })
  const callback = parseQuery(head.query).get("callback")
  if (callback === undefined) {
    return Effect.succeed({ status: 200, headers: [["Content-Type", "application/json"]], body: json })
  }
  return /^[A-Za-z0-9_.-]{1,128}$/.test(callback)
    ? Effect.succeed({ status: 200, headers: [["Content-Type", "text/javascript"]], body: `${callback}(${json})` })
    : Effect.fail(new BadRequest({ status: 400, reason: "callback is no name" }))
}
