/** URLs that this program dials or shows: `rtmp(s)://user:pass@host:port/app/stream?query`. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { defaultVhost, type StreamName } from "../media/StreamName.ts"
import { parseRequestUrl, type RequestUrl } from "./RequestUrl.ts"
import { bracketed, defaultPort, queryValue, splitUrl, withoutKey } from "./UrlText.ts"

export interface ClientUrl {
  readonly encrypted: boolean
  /** Where to connect: address or name, without brackets. */
  readonly host: string
  readonly port: number
  /** Empty if the URL has none. */
  readonly user: string
  readonly password: string
  readonly app: string
  /** `scheme://vhost[:port]/app`: the vhost is that of the query, whatever host is dialled. */
  readonly tcUrl: string
  /** Name for play, with all parameters. */
  readonly playName: string
  /** Name for publish: the `vhost` parameter is left out, because tcUrl says it (as SRS does). */
  readonly publishName: string
}

export class BadStreamUrl extends Data.TaggedError("BadStreamUrl")<{ readonly url: string; readonly reason: string }> {
  override get message() {
    return `stream URL ${JSON.stringify(this.url)}: ${this.reason}`
  }
}

/** Text of a URL with its password replaced, for logs. */
export const withoutPassword = (url: string): string => url.replace(/^([^:/?#]+:\/\/[^:@/?#]*):[^@/?#]*@/, "$1:***@")

/** Percent-decoded as UTF-8; what is no escape stays. */
const decoded = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    new TextDecoder().decode(Uint8Array.from(escapes.slice(1).split("%"), (hex) => Number.parseInt(hex, 16)))
  )

const authorityOf = (schema: string, host: string, port: number): string =>
  port === defaultPort(schema) ? bracketed(host) : `${bracketed(host)}:${port}`

const named = (stream: string, query: string): string => (query === "" ? stream : `${stream}?${query}`)

/** Total. The part after the last slash of the path is the stream; `app?query/stream` is understood too. */
export const parseClientUrl = (url: string): Result.Result<ClientUrl, BadStreamUrl> => {
  const bad = (reason: string) => Result.fail(new BadStreamUrl({ url: withoutPassword(url), reason }))
  const parts = splitUrl(url)
  if (parts === undefined) return bad("not a URL with a host")
  if (parts.schema !== "rtmp" && parts.schema !== "rtmps") return bad("the scheme is neither rtmp nor rtmps")
  const request = parseRequestUrl(url, "")
  if (Result.isFailure(request)) {
    return bad("reason" in request.failure ? request.failure.reason : "no stream name")
  }
  const { app, host, port, schema, stream, vhost } = request.success
  const query = request.success.param.slice(1)
  const colon = parts.userInfo.indexOf(":")
  return Result.succeed({
    encrypted: schema === "rtmps",
    host,
    port,
    user: decoded(colon < 0 ? parts.userInfo : parts.userInfo.slice(0, colon)),
    password: colon < 0 ? "" : decoded(parts.userInfo.slice(colon + 1)),
    app,
    tcUrl: `${schema}://${authorityOf(schema, vhost, port)}/${app}`,
    playName: named(stream, query),
    publishName: named(stream, withoutKey(query, "vhost"))
  })
}

const isIpv4 = (host: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host)

/**
 * Where an edge or a forwarder finds a client's stream on another server (SRS's rule): the parameters go along, and
 * `vhost` is added unless they have one. For the default vhost that is the host the client used, unless an address.
 */
export const upstreamUrl = (
  server: { readonly host: string; readonly port: number },
  request: Pick<RequestUrl, "host" | "app" | "stream" | "param">,
  resolvedVhost: string
): string => {
  const query = request.param.replace(/^\?/, "")
  const host = isIpv4(request.host) || request.host.includes(":") ? "" : request.host
  const vhost = resolvedVhost === defaultVhost ? host : resolvedVhost
  const added = vhost === "" || queryValue(query, "vhost") !== "" ? "" : `vhost=${vhost}`
  const all = [query, added].filter((part) => part !== "").join("&")
  const { app, stream } = request
  return `rtmp://${bracketed(server.host)}:${server.port}/${app}/${named(stream, all)}`
}

/** A URL at which a live stream can be played over RTMP or RTMPS. */
export const playUrl = (name: StreamName, schema: "rtmp" | "rtmps", host: string, port: number): string => {
  const query = name.vhost === defaultVhost || name.vhost === host ? "" : `vhost=${name.vhost}`
  return `${schema}://${authorityOf(schema, host, port)}/${name.app}/${named(name.stream, query)}`
}
