/** Endpoints on forwards: seen, added and removed. Their URLs may hold keys, so only who may change something sees them. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { forwardJson, readForwardOrder } from "../../domain/api/forwardAnswers.ts"
import type { JsonObject } from "../../domain/api/Json.ts"
import { pageOf, pick } from "../../domain/api/paging.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import type { BadRequest } from "../../domain/http/BadRequest.ts"
import { Forwarder } from "../../services/Forwarder.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Settings } from "../../services/Settings.ts"
import { type ApiCall, type ApiEndpoint, type ApiReply, commonFields, errorReply, idOf, isJson } from "./answers.ts"

const path = "/api/v1/forwards/"

export const forwardEndpoints = Effect.gen(function* () {
  const identity = yield* ServerIdentity
  const settings = yield* Settings
  const forwarder = yield* Forwarder

  const ok = (fields: JsonObject): ApiReply => ({ json: { ...commonFields(identity), ...fields } })
  const unknown = errorReply(srsErrors.StreamNotFound, "no such forward")

  const show = (call: ApiCall): ApiReply => {
    const id = idOf(call, path)
    if (id === "") return ok({ forwards: pick(forwarder.all(), (one) => one.id, pageOf(call.query)).map(forwardJson) })
    const forward = forwarder.all().find((one) => one.id === id)
    return forward === undefined ? unknown : ok({ forward: forwardJson(forward) })
  }

  const add = Effect.fnUntraced(function* (call: ApiCall): Effect.fn.Return<ApiReply, BadRequest> {
    const refuse = (reason: string) => errorReply(srsErrors.HttpResponseData, reason)
    // A page of another site can send any other kind of body without asking the browser's user.
    if (!isJson(call)) return refuse("Content-Type is not application/json")
    const order = readForwardOrder(new TextDecoder().decode(yield* call.request.body))
    if (Result.isFailure(order)) return refuse(order.failure)
    const { app, stream, url, vhost } = order.success
    const name = settings.vhost(vhost)?.name
    if (name === undefined) return errorReply(srsErrors.NoVhost, `no vhost ${vhost}`)
    return yield* Effect.match(forwarder.add({ vhost: name, app, stream }, url), {
      onSuccess: (forward) => ok({ forward: forwardJson(forward) }),
      onFailure: ({ reason }) => refuse(reason)
    })
  })

  const remove = (call: ApiCall): Effect.Effect<ApiReply> =>
    Effect.map(forwarder.remove(idOf(call, path)), (known) => (known ? ok({}) : unknown))

  const forwards: ApiEndpoint = {
    path,
    methods: ["GET", "POST", "DELETE"],
    mutating: () => true,
    jsonp: false,
    reply: (call) => {
      if (call.method === "POST") return add(call)
      return call.method === "DELETE" ? remove(call) : Effect.sync(() => show(call))
    }
  }
  return forwards
})
