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
const TAB = 9

const tokenChars = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenChars[char.charCodeAt(0)] = 1
}

const bad = (status: RefusalStatus, reason: string) => new BadRequest({ status, reason })
const fail = (status: RefusalStatus, reason: string) => Result.fail(bad(status, reason))

/** Bytes as characters of the same number. */
const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1")

const noBytes = new Uint8Array(0)

/** Collects the heads of requests from the pieces in which they arrive. */
export class RequestHeadReader {
  #bytes: Uint8Array = noBytes
  #scanned = 0
  #start = 0
  #end = 0
  /** Of the head before: a player sends the same again and again. */
  #fields: Fields | undefined

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
    if (this.#end > 0) return this.#parse(latin1(this.#bytes, this.#start, this.#end))
    return this.#checkPartial()
  }

  #parse(text: string): Result.Result<RequestHead, BadRequest> {
    const lineEnd = text.indexOf("\n") + 1
    const line = parseRequestLine(text.slice(0, lineEnd))
    if (Result.isFailure(line)) return Result.fail(line.failure)
    const fieldText = text.slice(lineEnd)
    if (this.#fields?.text !== fieldText || this.#fields.minor !== line.success.minor) {
      const fields = parseFields(fieldText, line.success.minor)
      if (Result.isFailure(fields)) return Result.fail(fields.failure)
      this.#fields = fields.success
    }
    const { method, minor, target } = line.success
    const { chunked, contentLength, headers } = this.#fields
    if (!methods.has(method)) return fail(405, `method ${method}`)
    const host = headers.get("host")
    if (host === undefined && minor === 1) return fail(400, "no Host")
    const place = parseTarget(method, target, host ?? "")
    if (place === undefined) return fail(400, "malformed target or Host")
    const { authority, path, query } = place
    return Result.succeed({
      method,
      target,
      path,
      query,
      host: place.host,
      authority,
      minor,
      headers,
      contentLength,
      chunked,
      headLength: this.#end
    })
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
    for (let at = bytes.indexOf(LF, this.#scanned); at >= 0 && at < limit; at = bytes.indexOf(LF, at + 1)) {
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

interface RequestLine {
  readonly method: string
  readonly target: string
  readonly minor: 0 | 1
}

/** With the end of the line. */
const parseRequestLine = (text: string): Result.Result<RequestLine, BadRequest> => {
  const line = withoutEnd(text)
  if (control.test(line)) return fail(400, "control character")
  if (line.length > maxRequestLineBytes) return fail(414, "request line too long")
  const shape = /^([^ ]{1,32}) ([^ ]+) HTTP\/(\d)\.(\d)$/.exec(line)
  if (shape === null) return fail(400, "malformed request line")
  const [, method, target, major, minor] = shape
  return major === "1" ? Result.succeed({ method, target, minor: minor === "0" ? 0 : 1 }) : fail(505, "not HTTP/1")
}

/** All but TAB. */
const control = /[^\t\x20-\x7e\x80-\xff]/

/** Lines end in CR LF or, for hand-written clients, in LF alone. */
const withoutEnd = (line: string): string => line.slice(0, line.endsWith("\r\n") ? -2 : -1)

const singular: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding"])

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

const isBlank = (code: number): boolean => code === SP || code === TAB

/** What stands from `from` on, without blanks around it. */
const trimmed = (field: string, from: number): string => {
  let start = from
  let end = field.length
  while (start < end && isBlank(field.charCodeAt(start))) start++
  while (end > start && isBlank(field.charCodeAt(end - 1))) end--
  return field.slice(start, end)
}

interface Fields extends Pick<RequestHead, "contentLength" | "chunked"> {
  readonly text: string
  readonly minor: 0 | 1
  readonly headers: ReadonlyMap<string, string>
}

/** The lines behind the request line, each with its end, the empty one too. */
const parseFields = (text: string, minor: 0 | 1): Result.Result<Fields, BadRequest> => {
  const headers: Map<string, string> = new Map()
  let count = 0
  for (let from = 0, at = text.indexOf("\n"); at >= 0; from = at + 1, at = text.indexOf("\n", from)) {
    const field = withoutEnd(text.slice(from, at + 1))
    if (field === "") continue
    if (++count > maxHeaders) return fail(431, `more than ${maxHeaders} header fields`)
    const failure = addField(headers, field)
    if (failure !== undefined) return Result.fail(failure)
  }
  return Result.map(bodyOf(headers, minor), (body) => ({ ...body, text, minor, headers }))
}

const addField = (headers: Map<string, string>, field: string): BadRequest | undefined => {
  if (control.test(field)) return bad(400, "control character")
  if (field.length > maxHeaderBytes) return bad(431, "header field too long")
  const colon = field.indexOf(":")
  if (colon < 1) return bad(400, "header field without name")
  const name = field.slice(0, colon).toLowerCase()
  // Also refuses a folded line and white space before the colon (RFC 9112 §5.1, §5.2).
  if (!token.test(name)) return bad(400, "malformed header name")
  const value = trimmed(field, colon + 1)
  const before = headers.get(name)
  if (before !== undefined && singular.has(name)) return bad(400, `more than one ${name}`)
  headers.set(name, before === undefined ? value : `${before}, ${value}`)
  return undefined
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
