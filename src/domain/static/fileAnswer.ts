/** What is answered to a request for a file: status, headers, and which of its bytes. */
import { parseQuery } from "../http/query.ts"
import type { RequestHead } from "../http/RequestHead.ts"
import type { Headers } from "../http/ResponseHead.ts"
import { type ByteRange, parseQueryRange, parseRange } from "./byteRange.ts"
import { evaluate, httpDate, rangeApplies, type Validators } from "./conditions.ts"
import { extensionOf, mimeType } from "./mimeType.ts"

export interface FileFacts {
  /** Its path; only the extension counts. */
  readonly path: string
  readonly size: number
  /** Of the last change, milliseconds of the epoch with fractions. */
  readonly modifiedMillis: number
}

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 412 | 416
  readonly headers: Headers
  /** The bytes to send, from `from` to before `to`. */
  readonly from: number
  readonly to: number
  /** The file's own first tags go before them (`flvOpening`). */
  readonly flvOpening: boolean
}

/** Seconds for which a segment need not be asked for again. Its name is used once, unless the server starts anew. */
const segmentAgeSeconds = 60
const segments: ReadonlySet<string> = new Set(["ts", "m4s"])

export const validatorsOf = ({ modifiedMillis, size }: FileFacts): Validators => ({
  etag: `"${Math.round(modifiedMillis * 1000).toString(36)}-${size.toString(36)}"`,
  modifiedSeconds: Math.floor(modifiedMillis / 1000)
})

/** Where an FLV player wants to go on, in bytes; 0 for the beginning, and for all other files. */
export const flvStart = ({ path, query }: Pick<RequestHead, "path" | "query">): number => {
  if (query === "" || extensionOf(path) !== "flv") return 0
  const start = parseQuery(query).get("start") ?? ""
  return /^\d{1,15}$/.test(start) ? Number(start) : 0
}

const wantedRange = (file: FileFacts, head: RequestHead, validators: Validators): ByteRange => {
  const field = head.headers.get("range")
  // A method other than GET has no ranges (RFC 9110 §14.2).
  if (field !== undefined) {
    return head.method === "GET" && rangeApplies(head.headers, validators) ? parseRange(field, file.size) : undefined
  }
  if (head.query === "" || extensionOf(file.path) !== "mp4") return undefined
  const query = parseQuery(head.query)
  const value = query.get("range") ?? query.get("bytes")
  return value === undefined ? undefined : parseQueryRange(value, file.size)
}

export const fileAnswer = (file: FileFacts, head: RequestHead): FileAnswer => {
  const { path, size } = file
  const validators = validatorsOf(file)
  const known: Headers = [
    ["ETag", validators.etag],
    ["Last-Modified", httpDate(validators.modifiedSeconds)],
    ["Cache-Control", segments.has(extensionOf(path)) ? `max-age=${segmentAgeSeconds}` : "no-cache"],
    ["Accept-Ranges", "bytes"]
  ]
  const nothing = { headers: known, from: 0, to: 0, flvOpening: false }
  const verdict = evaluate(head.headers, validators)
  if (verdict !== "send") return { ...nothing, status: verdict === "failed" ? 412 : 304 }
  const typed: Headers = [["Content-Type", mimeType(path)], ["X-Content-Type-Options", "nosniff"], ...known]
  const unsatisfiable = { ...nothing, status: 416, headers: [...known, ["Content-Range", `bytes */${size}`]] } as const
  const start = flvStart(head)
  if (start > 0) {
    return start < size ? { status: 200, headers: typed, from: start, to: size, flvOpening: true } : unsatisfiable
  }
  const range = wantedRange(file, head, validators)
  if (range === undefined) return { status: 200, headers: typed, from: 0, to: size, flvOpening: false }
  if (range === "unsatisfiable") return unsatisfiable
  const { from, to } = range
  const place = ["Content-Range", `bytes ${from}-${to - 1}/${size}`] as const
  return { status: 206, headers: [...typed, place], from, to, flvOpening: false }
}
