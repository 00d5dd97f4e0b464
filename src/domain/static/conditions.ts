/** Conditional requests (RFC 9110 §13): what the client has already, or what it builds on. */

/** What identifies a state of a file. */
export interface Validators {
  /** With its quotes; strong. */
  readonly etag: string
  /** Of the last change, whole seconds of the epoch: HTTP has no smaller unit. */
  readonly modifiedSeconds: number
}

type Fields = ReadonlyMap<string, string>

export const httpDate = (seconds: number): string => new Date(seconds * 1000).toUTCString()

/** Seconds of the epoch, or `undefined` for what is no date. */
const secondsOf = (date: string | undefined): number | undefined => {
  const millis = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(millis) ? undefined : Math.floor(millis / 1000)
}

const names = (list: string, etag: string, weak: boolean): boolean =>
  list.trim() === "*" || list.split(",").some((item) => (weak ? item.trim().replace(/^W\//, "") : item.trim()) === etag)

/** In the order of RFC 9110 §13.2.2, for GET and HEAD. */
export const evaluate = (headers: Fields, { etag, modifiedSeconds }: Validators): "send" | "unmodified" | "failed" => {
  const match = headers.get("if-match")
  const unmodifiedSince = secondsOf(headers.get("if-unmodified-since"))
  if (match !== undefined) {
    if (!names(match, etag, false)) return "failed"
  } else if (unmodifiedSince !== undefined && modifiedSeconds > unmodifiedSince) return "failed"
  const noneMatch = headers.get("if-none-match")
  if (noneMatch !== undefined) return names(noneMatch, etag, true) ? "unmodified" : "send"
  const modifiedSince = secondsOf(headers.get("if-modified-since"))
  return modifiedSince !== undefined && modifiedSeconds <= modifiedSince ? "unmodified" : "send"
}

/** Is a part of the file of use to a client that has another part of it? */
export const rangeApplies = (headers: Fields, { etag, modifiedSeconds }: Validators): boolean => {
  const ifRange = headers.get("if-range")
  if (ifRange === undefined) return true
  return ifRange.startsWith('"') ? ifRange === etag : secondsOf(ifRange) === modifiedSeconds
}
