/** The parts that all RTMP URLs share: scheme, authority, path, query. Pure text, no percent-decoding: names are raw. */

export const defaultApp = "__defaultApp__"

/** Longest tcUrl or stream name argument with its query, in characters. */
export const maxUrlLength = 16_384
/** Longest host or vhost, in characters (RFC 1035 §2.3.4). */
export const maxHostLength = 255
/** Longest app and longest stream name, in characters: both become file names. */
export const maxNameLength = 512

export interface UrlText {
  /** Lower case, without `://`. */
  readonly schema: string
  /** `user:pass` before an `@`, or empty. */
  readonly userInfo: string
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  /** The default of the scheme where none is given. */
  readonly port: number
  /** From the first `/` after the authority up to the query; `""` if there is none. */
  readonly path: string
  /** From the first `?` or `#` on, without it; may contain slashes. */
  readonly query: string
}

const defaultPorts: Readonly<Record<string, number>> = { rtmp: 1935, rtmps: 443, https: 443 }

export const defaultPort = (schema: string): number => defaultPorts[schema] ?? 80

const shape = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:[?#]([\s\S]*))?$/i
const authority = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]]*))(?::(\d{0,5}))?$/i

/** `undefined` for what has no scheme, no host or an impossible port. */
export const splitUrl = (url: string): UrlText | undefined => {
  const parts = shape.exec(url)
  if (parts === null) return undefined
  const schema = parts[1].toLowerCase()
  const at = parts[2].lastIndexOf("@")
  const place = authority.exec(parts[2].slice(at + 1))
  if (place === null) return undefined
  const host = removeWhiteSpace(place[1] ?? place[2])
  const port = place[3] === undefined || place[3] === "" ? defaultPort(schema) : Number(place[3])
  if (host === "" || port < 1 || port > 65_535) return undefined
  return { schema, userInfo: at < 0 ? "" : parts[2].slice(0, at), host, port, path: parts[3], query: parts[4] ?? "" }
}

// Not where they are used: there each use would make one.
const queryMark = /[?#]/
const pairEnd = /[&;?#]/
const keyEnd = /[=,]/
const whiteSpace = /[ \n\r\t]+/g
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const hostile = /[\u0000-\u001f\u007f\\]|(?:^|\/)\.\.?(?:\/|$)/

/** Text before the first `?` or `#`, and after it. */
export const splitQuery = (text: string): readonly [name: string, query: string] => {
  const at = text.search(queryMark)
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)]
}

/** The first non-empty value of a key. Pairs end at `&` or `;`, keys at `=` or `,`, as in SRS. */
export const queryValue = (query: string, key: string): string => {
  if (query === "") return ""
  for (const pair of query.split(pairEnd)) {
    const at = pair.search(keyEnd)
    if (at === key.length && pair.startsWith(key) && at + 1 < pair.length) return pair.slice(at + 1)
  }
  return ""
}

/** The query without the pairs of one key. */
export const withoutKey = (query: string, key: string): string =>
  query
    .split("&")
    .filter((pair) => pair !== key && !(pair.startsWith(key) && keyEnd.test(pair.charAt(key.length))))
    .join("&")

/** `host`, or `[host]` for an IPv6 address. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

export const removeWhiteSpace = (text: string): string => text.replace(whiteSpace, "")

/** The non-empty segments of a path, without white space and FMLE's `_definst_`, joined by single slashes. */
export const cleanPath = (path: string): string =>
  removeWhiteSpace(path)
    .split("/")
    .filter((segment) => segment !== "" && segment !== "_definst_")
    .join("/")

/** A cleaned path that must not become part of a file name: control characters, `.`, `..`. */
export const isHostilePath = (path: string): boolean => hostile.test(path)
