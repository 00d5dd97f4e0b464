/** The answers of SRS's API: common fields, JSONP, errors that are a number, and who may ask. */
import * as Effect from "effect/Effect"
import { apiAccess } from "../../domain/api/access.ts"
import { type JsonObject, printJson } from "../../domain/api/Json.ts"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { PlainAnswer, PlainRequest, PlainRoute } from "../../services/HttpGateway.ts"
import type { ServerIdentity } from "../../services/ServerIdentity.ts"
import type { Settings } from "../../services/Settings.ts"

/** A request as an endpoint sees it. */
export interface ApiCall {
  readonly request: PlainRequest
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>
  /** That of the request, or what `?callback=f&method=DELETE` asks for. */
  readonly method: string
}

/** Gives JSON, or an answer of another kind. */
export type ApiReply = { readonly json: JsonObject } | PlainAnswer

export interface ApiEndpoint {
  readonly path: string
  /** `api` unless said. */
  readonly listener?: PlainRoute["listener"]
  /** Others get 405; HEAD goes with GET. All are allowed unless said. */
  readonly methods?: ReadonlyArray<"GET" | "POST" | "DELETE">
  /** Does it change something, or show what only those may see who change things? */
  readonly mutating?: (call: ApiCall) => boolean
  /** False: no answer as a script, which a page of any site could read with its user's password. */
  readonly jsonp?: false
  readonly reply: (call: ApiCall) => Effect.Effect<ApiReply, BadRequest>
}

/** The fields that most answers begin with. */
export const commonFields = ({ pid, server, service }: ServerIdentity["Service"]): JsonObject => ({
  code: 0,
  server,
  service,
  pid: String(pid)
})

/** SRS's errors are a number and nothing else; those of endpoints that it does not have say why. */
export const errorReply = (code: number, message?: string): ApiReply => ({
  json: message === undefined ? { code } : { code, message }
})

/** `details=on`: what this server knows beyond SRS, behind SRS's own members. */
export const withDetails = ({ query }: ApiCall, json: JsonObject, details: () => JsonObject): JsonObject =>
  query.get("details") === "on" ? { ...json, details: details() } : json

/** What stands behind the endpoint's path. */
export const idOf = ({ request }: ApiCall, path: string): string => request.head.path.slice(path.length)

export const isJson = ({ request }: ApiCall): boolean =>
  /^application\/json *(?:;|$)/i.test(request.head.headers.get("content-type") ?? "")

const callbackName = /^[A-Za-z0-9_.-]{1,128}$/

const printed = (json: JsonObject, callback: string | undefined): PlainAnswer =>
  callback === undefined
    ? { status: 200, headers: [["Content-Type", "application/json"]], body: printJson(json) }
    : { status: 200, headers: [["Content-Type", "text/javascript"]], body: `${callback}(${printJson(json)})` }

const notAllowed = (methods: ReadonlyArray<string>): PlainAnswer => ({
  status: 405,
  headers: [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Allow", methods.join(", ")]
  ],
  body: "Method Not Allowed"
})

const refusal = (challenge: boolean): PlainAnswer => ({
  status: 401,
  headers: challenge ? [["WWW-Authenticate", "Basic"]] : [],
  body: ""
})

/** An answer in place of the endpoint's; undefined for whoever may go on. */
const guard = (
  settings: Settings["Service"],
  { address, head }: PlainRequest,
  mutating: boolean
): Effect.Effect<PlainAnswer | undefined> => {
  if (!head.path.includes("/api/")) return Effect.succeed(undefined)
  const access = apiAccess(settings.current().httpApi.auth, { address, headers: head.headers, mutating })
  if (access === "granted") return Effect.succeed(undefined)
  const reason =
    access === "remote" ? "without http_api.auth this is for this machine only" : "name or password missing or wrong"
  return Effect.logWarning("api call refused").pipe(
    Effect.annotateLogs({
      directive: "http_api.auth",
      reason,
      "client.address": address,
      "http.method": head.method,
      "url.path": head.path
    }),
    Effect.as(refusal(access === "challenge"))
  )
}

/** The endpoint as a route of the gateway. */
export const apiRoute = (settings: Settings["Service"], endpoint: ApiEndpoint): PlainRoute => ({
  path: endpoint.path,
  listener: endpoint.listener ?? "api",
  answer: Effect.fnUntraced(function* (request: PlainRequest) {
    const query = parseQuery(request.head.query)
    const callback = query.get("callback")
    if (callback !== undefined && !callbackName.test(callback)) {
      return yield* Effect.fail(new BadRequest({ status: 400, reason: "callback is no name" }))
    }
    if (callback !== undefined && endpoint.jsonp === false) {
      return yield* Effect.fail(new BadRequest({ status: 400, reason: "no answer as a script" }))
    }
    const override = callback === undefined ? undefined : query.get("method")
    const call = { request, query, method: override ?? request.head.method }
    const refused = yield* guard(settings, request, endpoint.mutating?.(call) ?? false)
    if (refused !== undefined) return refused
    const { methods } = endpoint
    const method = call.method === "HEAD" ? "GET" : call.method
    if (methods !== undefined && !methods.some((allowed) => allowed === method)) return notAllowed(methods)
    const reply = yield* endpoint.reply(call)
    return "json" in reply ? printed(reply.json, callback) : reply
  })
})
