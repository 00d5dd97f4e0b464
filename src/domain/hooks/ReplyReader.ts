/** The answer to a callback (RFC 9112 §4, §6.3, §7.1), read from bytes as they come, bounded. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { concat } from "../bytes/bytes.ts"

/** Status line and header fields, bytes. */
export const maxReplyHeadBytes = 16_384
/** The body with its coding, bytes. */
export const maxReplyBodyBytes = 65_536

export interface Reply {
  readonly status: number
  readonly body: string
}

export class BadReply extends Data.TaggedError("BadReply")<{ readonly reason: string }> {
  override get message() {
    return `answer ${this.reason}`
  }
}

type Partial = Result.Result<Reply | undefined, BadReply>

const bad = (reason: string) => Result.fail(new BadReply({ reason }))
const none: Partial = Result.succeed(undefined)

interface Head {
  readonly status: number
  /** `undefined`: to the end of the connection. */
  readonly length: number | undefined
  readonly chunked: boolean
}

const decoder = new TextDecoder()

const parseHead = (text: string): Result.Result<Head, BadReply> => {
  const [first, ...fields] = text.split(/\r?\n/)
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]
  if (status === undefined) return bad("is not HTTP/1")
  let length: number | undefined
  let chunked = false
  for (const field of fields) {
    const [name, value = ""] = field.split(/:[ \t]*/, 2)
    if (/^content-length$/i.test(name)) {
      if (!/^\d{1,9}[ \t]*$/.test(value)) return bad("has a malformed Content-Length")
      length = Number(value)
    } else if (/^transfer-encoding$/i.test(name)) chunked = /^chunked[ \t]*$/i.test(value)
  }
  if (status === "204" || status === "304") length = 0
  return Result.succeed({ status: Number(status), length, chunked })
}

export class ReplyReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #head: Head | undefined

  /** The answer once it is complete. */
  push(chunk: Uint8Array): Partial {
    this.#bytes = this.#bytes.length === 0 ? chunk : concat([this.#bytes, chunk])
    return this.#step(false)
  }

  /** The connection has ended: an answer without length is complete. */
  end(): Result.Result<Reply, BadReply> {
    return Result.flatMap(this.#step(true), (reply) =>
      reply === undefined ? bad("is cut short") : Result.succeed(reply)
    )
  }

  #step(isEnd: boolean): Partial {
    while (this.#head === undefined) {
      const end = headEnd(this.#bytes)
      if (end < 0) return this.#bytes.length > maxReplyHeadBytes ? bad("has too long a head") : none
      const head = parseHead(decoder.decode(this.#bytes.subarray(0, end)).trimEnd())
      if (Result.isFailure(head)) return Result.fail(head.failure)
      this.#bytes = this.#bytes.subarray(end)
      if (head.success.status >= 200) this.#head = head.success
    }
    return this.#body(this.#head, isEnd)
  }

  #body({ chunked, length, status }: Head, isEnd: boolean): Partial {
    const bytes = this.#bytes
    if ((length ?? 0) > maxReplyBodyBytes || bytes.length > maxReplyBodyBytes) return bad("has too long a body")
    const whole = (body: Uint8Array): Partial => Result.succeed({ status, body: decoder.decode(body) })
    if (chunked) {
      return Result.flatMap(unchunk(bytes), (body) => (body === undefined ? none : whole(body)))
    }
    if (length !== undefined) return bytes.length < length ? none : whole(bytes.subarray(0, length))
    return isEnd ? whole(bytes) : none
  }
}

/** One past the empty line that ends a head, or -1. */
const headEnd = (bytes: Uint8Array): number => {
  const limit = Math.min(bytes.length, maxReplyHeadBytes)
  for (let at = 1; at < limit; at++) {
    if (bytes[at] !== 10) continue
    if (bytes[at - 1] === 10 || (at > 1 && bytes[at - 1] === 13 && bytes[at - 2] === 10)) return at + 1
  }
  return -1
}

/** `undefined` while the last chunk is missing. Trailers are not waited for. */
const unchunk = (bytes: Uint8Array): Result.Result<Uint8Array | undefined, BadReply> => {
  const parts: Array<Uint8Array> = []
  let at = 0
  while (true) {
    const end = bytes.indexOf(10, at)
    if (end < 0) return Result.succeed(undefined)
    const size = /^([0-9a-fA-F]{1,6})[ \t]*(?:;.*)?\r?$/.exec(decoder.decode(bytes.subarray(at, end)))?.[1]
    if (size === undefined) return bad("has a malformed chunk")
    const length = Number.parseInt(size, 16)
    if (length === 0) return Result.succeed(concat(parts))
    if (bytes.length < end + 1 + length) return Result.succeed(undefined)
    parts.push(bytes.subarray(end + 1, end + 1 + length))
    at = end + 1 + length
    if (bytes[at] === 13) at++
    if (at < bytes.length && bytes[at] !== 10) return bad("has a malformed chunk")
    at++
  }
}
