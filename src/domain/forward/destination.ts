/** Where a stream is pushed: the URL that a `destination` of the configuration stands for. */
import * as Result from "effect/Result"
import type { StreamName } from "../media/StreamName.ts"
import { BadStreamUrl, parseClientUrl, upstreamUrl, withoutPassword } from "../rtmp/ClientUrl.ts"
import { splitUrl } from "../rtmp/UrlText.ts"

/** The publish that is pushed. */
export interface Forwarded {
  readonly stream: StreamName
  /** Query of the publisher with its `?`, or empty. */
  readonly param: string
  /** Host of the publisher's URL, empty if it is not known. */
  readonly host: string
}

const variables = ({ param, stream: { app, stream, vhost } }: Forwarded): Readonly<Record<string, string>> => ({
  "[vhost]": vhost,
  "[app]": app,
  "[stream]": stream,
  "[param]": param
})

/**
 * A URL with a path is meant as it stands, with `[vhost]`, `[app]`, `[stream]` and `[param]` filled in. `host[:port]`, or
 * a URL without path, gets the app, stream and parameters of the publish (SRS's rule). `undefined` for what is neither.
 */
export const destinationUrl = (destination: string, forwarded: Forwarded): string | undefined => {
  const written = destination.includes("://") ? destination : `rtmp://${destination}`
  const parts = splitUrl(written)
  if (parts === undefined || (parts.schema !== "rtmp" && parts.schema !== "rtmps")) return undefined
  if (parts.path.length > 1) {
    const values = variables(forwarded)
    return written.replace(/\[(?:vhost|app|stream|param)\]/g, (name) => values[name])
  }
  const { app, stream, vhost } = forwarded.stream
  const url = upstreamUrl(parts, { app, stream, param: forwarded.param, host: forwarded.host }, vhost)
  const userInfo = parts.userInfo === "" ? "" : `${parts.userInfo}@`
  return `${parts.schema}://${userInfo}${url.slice("rtmp://".length)}`
}

/** A destination that somebody adds: a URL, whatever is published, and one that this program can dial. */
export const checkedDestination = (destination: string, stream: StreamName): Result.Result<string, BadStreamUrl> => {
  const bad = (reason: string) => Result.fail(new BadStreamUrl({ url: withoutPassword(destination), reason }))
  if (!/^rtmps?:\/\//i.test(destination)) return bad("the scheme is neither rtmp nor rtmps")
  if (/[\s\p{Cc}]/u.test(destination)) return bad("white space or control characters")
  const url = destinationUrl(destination, { stream, param: "", host: "" })
  if (url === undefined) return bad("not a URL with a host")
  return Result.map(parseClientUrl(url), () => destination)
}
