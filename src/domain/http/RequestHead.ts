/**
 * The head of an HTTP/1.x request (RFC 9112 §2–§6): parsed from bytes as they come, bounded, and strict wherever two
 * readers of the same bytes could disagree about where a request ends (request smuggling).
 */
import * as Result from "effect/Result"
import { concat } from "../bytes/bytes.ts"
import { BadRequest, type RefusalStatus } from "./BadRequest.ts"
import { parseTarget } from "./target.ts"

/** Method, target and version, bytes. */
export const maxRequestLineBytes = 8192
/** One header field, bytes. */
export const maxHeaderBytes = 8192
/** Header fields of a request. */
export const maxHeaders = 100
/** The whole head, bytes. */
export const maxHeadBytes = 16_384
/** A body that a request announces, bytes. */
export const maxBodyBytes = 1_048_576
/** Empty lines in front of a request line that are skipped, bytes (RFC 9112 §2.2). */
const maxLeadingBytes = 8
/** The longest name of a method, characters. */
const maxMethodLength = 32

export const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

export interface RequestHead {
  readonly method: string
  /** As received. */
  readonly target: string
  /** Percent-decoded, begins with `/`; no empty, `.` or `..` segment except a last empty one. `*` for OPTIONS. */
  readonly path: string
  /** With its leading `?`, not decoded; or empty. */
  readonly query: string
  /** Lower case, without port and brackets; from an absolute target, else from `Host`; or empty. */
  readonly host: string
  /** The host with its port, as received. */
  readonly authority: string
  /** Minor version of HTTP/1. */
  readonly minor: 0 | 1
  /** Names in lower case; several fields of one name joined by `, `. */
  readonly headers: ReadonlyMap<string, string>
  /** Of the body, bytes; `chunked` bodies have none. */
  readonly contentLength: number
  readonly chunked: boolean
  /** Bytes of the head in the input, empty lines in front included. */
  readonly headLength: number
}

const LF = 10
const CR = 13
const SP = 32

const tokenChars = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenChars[char.charCodeAt(0)] = 1
}

const fail = (status: RefusalStatus, reason: string) => Result.fail(new BadRequest({ status, reason }))

/** Bytes as characters of the same number. */
const latin1 = (bytes: Uint8Array, from: number, to: number): string => {
  let text = ""
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at])
  return text
}

const noBytes = new Uint8Array(0)

/** Collects the heads of requests from the pieces in which they arrive. */
export class RequestHeadReader {
  #bytes: Uint8Array = noBytes
  #scanned = 0
  #start = 0
  #end = 0

  /** All that was pushed, for whoever reads what follows the head. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** The head once it is complete; `undefined` while it is not. It stays in `bytes`, with what is behind it. */
  push(chunk: Uint8Array): Result.Result<RequestHead | undefined, BadRequest> {
    if (chunk.length > 0) this.#bytes = this.#bytes.length === 0 ? chunk : concat([this.#bytes, chunk])
    this.#skipEmptyLines()
    if (this.#start > maxLeadingBytes) return fail(400, "empty lines")
    this.#end = this.#findEnd()
    if (this.#end > 0) return parseHead(this.#bytes, this.#start, this.#end)
    return this.#checkPartial()
  }

  /** Drops the head that was found last, if there is one: the next `push` looks behind it. */
  take(): void {
    if (this.#end === 0) return
    this.#bytes = this.#end === this.#bytes.length ? noBytes : this.#bytes.subarray(this.#end)
    this.#scanned = this.#start = this.#end = 0
  }

  #skipEmptyLines(): void {
    const bytes = this.#bytes
    while (this.#start < bytes.length && (bytes[this.#start] === CR || bytes[this.#start] === LF)) this.#start++
    if (this.#scanned < this.#start) this.#scanned = this.#start
  }

  /** One past the empty line that ends the head, or 0. */
  #findEnd(): number {
    const bytes = this.#bytes
    const limit = Math.min(bytes.length, this.#start + maxHeadBytes)
    for (let at = this.#scanned; at < limit; at++) {
      if (bytes[at] !== LF) continue
      if (at > 0 && bytes[at - 1] === LF) return at + 1
      if (at > 1 && bytes[at - 1] === CR && bytes[at - 2] === LF) return at + 1
    }
    this.#scanned = limit
    return 0
  }

  /** Refuses early what can become no request: bytes of another protocol, heads that are too long. */
  #checkPartial(): Result.Result<undefined, BadRequest> {
    const bytes = this.#bytes
    const length = bytes.length - this.#start
    for (let i = 0; i < Math.min(length, maxMethodLength + 1); i++) {
      const byte = bytes[this.#start + i]
      if (byte === SP && i > 0) break
      if (tokenChars[byte] === 0 || i === maxMethodLength) return fail(400, "not an HTTP request")
    }
    if (length >= maxHeadBytes) {
      const line = bytes.indexOf(LF, this.#start)
      return line < 0 || line - this.#start > maxRequestLineBytes
        ? fail(414, "request line too long")
        : fail(431, "request head too long")
    }
    if (length > maxRequestLineBytes && bytes.indexOf(LF, this.#start) < 0) return fail(414, "request line too long")
    return Result.succeed(undefined)
  }
}

const parseHead = (bytes: Uint8Array, start: number, end: number): Result.Result<RequestHead, BadRequest> => {
  const lines = splitLines(bytes, start, end)
  if (Result.isFailure(lines)) return Result.fail(lines.failure)
  const [requestLine, ...fields] = lines.success
  if (requestLine.length > maxRequestLineBytes) return fail(414, "request line too long")
  if (fields.length > maxHeaders) return fail(431, `more than ${maxHeaders} header fields`)
  const shape = /^([^ ]{1,32}) ([^ ]+) HTTP\/(\d)\.(\d)$/.exec(requestLine)
  if (shape === null) return fail(400, "malformed request line")
  const [, method, target, major, minorText] = shape
  if (major !== "1") return fail(505, "not HTTP/1")
  const minor = minorText === "0" ? 0 : 1
  const headers = parseFields(fields)
  if (Result.isFailure(headers)) return Result.fail(headers.failure)
  if (!methods.has(method)) return fail(405, `method ${method}`)
  const body = bodyOf(headers.success, minor)
  if (Result.isFailure(body)) return Result.fail(body.failure)
  const host = headers.success.get("host")
  if (host === undefined && minor === 1) return fail(400, "no Host")
  const place = parseTarget(method, target, host ?? "")
  if (place === undefined) return fail(400, "malformed target or Host")
  return Result.succeed({
    method,
    target,
    ...place,
    minor,
    headers: headers.success,
    ...body.success,
    headLength: end
  })
}

/** Lines end in CR LF or, for hand-written clients, in LF alone. No other control character may occur but TAB. */
const splitLines = (bytes: Uint8Array, start: number, end: number): Result.Result<Array<string>, BadRequest> => {
  const lines: Array<string> = []
  let from = start
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === LF) {
      const to = at > from && bytes[at - 1] === CR ? at - 1 : at
      if (to > from) lines.push(latin1(bytes, from, to))
      from = at + 1
    } else if ((byte < SP && byte !== 9 && !(byte === CR && bytes[at + 1] === LF)) || byte === 127) {
      return fail(400, "control character")
    }
  }
  return Result.succeed(lines)
}

const singular: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding"])

const parseFields = (fields: ReadonlyArray<string>): Result.Result<Map<string, string>, BadRequest> => {
  const headers: Map<string, string> = new Map()
  for (const field of fields) {
    if (field.length > maxHeaderBytes) return fail(431, "header field too long")
    const colon = field.indexOf(":")
    if (colon < 1) return fail(400, "header field without name")
    for (let i = 0; i < colon; i++) {
      // Also refuses a folded line and white space before the colon (RFC 9112 §5.1, §5.2).
      if (tokenChars[field.charCodeAt(i)] !== 1) return fail(400, "malformed header name")
    }
    const name = field.slice(0, colon).toLowerCase()
    const value = field.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")
    const before = headers.get(name)
    if (before !== undefined && singular.has(name)) return fail(400, `more than one ${name}`)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Result.succeed(headers)
}

/** How the body ends (RFC 9112 §6.3): only what every reader understands in the same way. */
const bodyOf = (
  headers: ReadonlyMap<string, string>,
  minor: 0 | 1
): Result.Result<Pick<RequestHead, "contentLength" | "chunked">, BadRequest> => {
  const length = headers.get("content-length")
  const coding = headers.get("transfer-encoding")
  if (coding !== undefined) {
    if (length !== undefined) return fail(400, "Content-Length and Transfer-Encoding")
    if (minor === 0 || coding.toLowerCase() !== "chunked") return fail(400, "Transfer-Encoding")
    return Result.succeed({ contentLength: 0, chunked: true })
  }
  if (length === undefined) return Result.succeed({ contentLength: 0, chunked: false })
  if (!/^\d{1,15}$/.test(length)) return fail(400, "malformed Content-Length")
  return Number(length) > maxBodyBytes
    ? fail(413, `a body of ${length} bytes`)
    : Result.succeed({ contentLength: Number(length), chunked: false })
}
