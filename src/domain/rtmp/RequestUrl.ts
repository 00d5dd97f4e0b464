/** What a client asks for: `tcUrl` of connect and the name in play or publish, read as one URL (all forms of SRS). */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { srsErrors } from "../errors/SrsError.ts"
import { defaultVhost, type StreamName } from "../media/StreamName.ts"
import {
  cleanPath,
  defaultApp,
  isHostilePath,
  maxHostLength,
  maxNameLength,
  maxUrlLength,
  queryValue,
  removeWhiteSpace,
  splitQuery,
  splitUrl
} from "./UrlText.ts"

export interface RequestUrl {
  readonly tcUrl: string
  readonly schema: string
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
  /** As asked for: the query's `vhost` or `domain`, else the host. Not yet resolved against the configuration. */
  readonly vhost: string
  /** May contain slashes; `__defaultApp__` if the URL has none. */
  readonly app: string
  /** Without query, with extension. */
  readonly stream: string
  /** All query parameters with a leading `?`, or empty. */
  readonly param: string
}

export class BadTcUrl extends Data.TaggedError("BadTcUrl")<{ readonly tcUrl: string; readonly reason: string }> {
  readonly code = srsErrors.RtmpTcUrl
  override get message() {
    return `tcUrl ${JSON.stringify(this.tcUrl.slice(0, 200))} ${this.reason}`
  }
}

export class EmptyStreamName extends Data.TaggedError("EmptyStreamName")<{ readonly tcUrl: string }> {
  readonly code = srsErrors.StreamNameEmpty
  override get message() {
    return `no stream name with tcUrl ${JSON.stringify(this.tcUrl.slice(0, 200))}`
  }
}

/** Undoes the old Flash-safe form `app...vhost...my.com`. */
const plain = (text: string): string => text.replaceAll("...vhost...", "?vhost=")

/** Names split at the last slash: what stands before it belongs to the app. */
const splitName = (path: string): readonly [app: string, stream: string] => {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)]
}

const joinNonEmpty = (separator: string, ...parts: ReadonlyArray<string>): string =>
  parts.filter((part) => part !== "").join(separator)

interface Names {
  readonly app: string
  readonly stream: string
  readonly query: string
}

/** Where the stream name is: in its own argument, else last in the app, else after a slash in the query (OBS). */
const findNames = (path: string, tcQuery: string, streamArgument: string): Names => {
  const [name, ownQuery] = splitQuery(plain(streamArgument))
  const query = joinNonEmpty("&", ownQuery, tcQuery)
  const app = cleanPath(path)
  if (cleanPath(name) !== "") {
    const [before, stream] = splitName(cleanPath(name))
    return { app: joinNonEmpty("/", app, before), stream, query }
  }
  if (app.includes("/")) {
    const [before, stream] = splitName(app)
    return { app: before, stream, query }
  }
  const slash = query.indexOf("/")
  if (slash < 0) return { app, stream: "", query }
  const [last, rest] = splitQuery(query.slice(slash + 1))
  const [before, stream] = splitName(cleanPath(last))
  return { app: joinNonEmpty("/", app, before), stream, query: joinNonEmpty("&", query.slice(0, slash), rest) }
}

const askedVhost = (query: string): string => queryValue(query, "vhost") || queryValue(query, "domain")

/** Parameters with their `?`; none if all they say is the default vhost. */
const paramOf = (query: string): string =>
  query === "" || (askedVhost(query) === defaultVhost && !query.includes("&")) ? "" : `?${query}`

/** Names and vhost against the limits; the reason of a refusal, or `undefined`. */
const refusal = (host: string, vhost: string, names: Names): string | undefined => {
  if (host.length > maxHostLength || vhost.length > maxHostLength) return `has a host over ${maxHostLength} characters`
  if (names.app.length > maxNameLength || names.stream.length > maxNameLength) {
    return `has a name over ${maxNameLength} characters`
  }
  const isHostile =
    isHostilePath(host) || isHostilePath(vhost) || isHostilePath(names.app) || isHostilePath(names.stream)
  return isHostile ? "has a forbidden name" : undefined
}

const read = (
  tcUrl: string,
  stream: string,
  find: (path: string, tcQuery: string, stream: string) => Names
): Result.Result<RequestUrl, BadTcUrl> => {
  const bad = (reason: string) => Result.fail(new BadTcUrl({ tcUrl, reason }))
  if (tcUrl.length > maxUrlLength || stream.length > maxUrlLength) return bad(`is over ${maxUrlLength} characters`)
  const url = splitUrl(plain(tcUrl.trim()))
  if (url === undefined) return bad("is not a URL")
  const names = find(url.path, url.query, stream)
  const asked = removeWhiteSpace(askedVhost(names.query).split("/")[0])
  const vhost = asked === "" || asked === defaultVhost ? url.host : asked
  const reason = refusal(url.host, vhost, names)
  if (reason !== undefined) return bad(reason)
  return Result.succeed({
    tcUrl,
    schema: url.schema,
    host: url.host,
    port: url.port,
    vhost,
    app: names.app === "" ? defaultApp : names.app,
    stream: names.stream,
    param: paramOf(names.query)
  })
}

/** What connect alone tells, before a stream is named: `stream` is empty. Total. */
export const parseTcUrl = (tcUrl: string): Result.Result<RequestUrl, BadTcUrl> =>
  read(tcUrl, "", (path, query) => ({ app: cleanPath(path), stream: "", query }))

/** `stream` is the argument of play, publish, releaseStream or FCPublish, with its own query. Total. */
export const parseRequestUrl = (tcUrl: string, stream: string): Result.Result<RequestUrl, BadTcUrl | EmptyStreamName> =>
  Result.flatMap(read(tcUrl, stream, findNames), (url): Result.Result<RequestUrl, EmptyStreamName> =>
    withoutExtension(url.stream) === "" ? Result.fail(new EmptyStreamName({ tcUrl })) : Result.succeed(url)
  )

/** From the last `.` on a name is an extension, and no part of the identity: `cam.flv` is `cam`. */
export const withoutExtension = (stream: string): string => {
  const dot = stream.lastIndexOf(".")
  return dot < 0 ? stream : stream.slice(0, dot)
}

/** The identity of the requested stream in its resolved vhost. */
export const streamNameOf = (url: Pick<RequestUrl, "app" | "stream">, vhost: string): StreamName => ({
  vhost,
  app: url.app,
  stream: withoutExtension(url.stream)
})
