/** Whole answers as bytes: with date and length, in as few writes as it pays. */
import type * as Clock from "effect/Clock"
import { concat } from "../../domain/bytes/bytes.ts"
import { type Headers, headText } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import type { PlainAnswer } from "../../services/HttpGateway.ts"
import type { Connection } from "../../services/Transport.ts"

/** Up to this length head and body are copied together: that costs less than a second write. */
const maxCopiedBytes = 16_384

const encoder = new TextEncoder()

/** What is not the route's. */
export interface Frame {
  readonly cors: Headers
  readonly connection: "keep-alive" | "close"
  readonly withBody: boolean
  /** The client knows chunked transfer. Another one gets what has no length until the connection closes. */
  readonly knowsChunks: boolean
}

const lengthOf = (status: number, length: number | undefined, { knowsChunks }: Frame): Headers => {
  // Of an answer without body the length would be that of the body it stands for (RFC 9110 §8.6).
  if (status === 304) return []
  if (length !== undefined) return [["Content-Length", String(length)]]
  return knowsChunks ? [["Transfer-Encoding", "chunked"]] : []
}

/** The head that a body was sent with last; with it, once it was asked for again, head and body in one piece. */
interface Sent {
  readonly head: string
  readonly whole: Uint8Array | undefined
}

const joined = (head: string, body: Uint8Array): Uint8Array => concat([encoder.encode(head), body])

export class AnswerWriter {
  readonly #clock: Clock.Clock
  readonly #sent = new WeakMap<Uint8Array, Sent>()
  #second = -1
  #date = ""

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  /** Status and headers, for a body of so many bytes, or of nobody knows how many. */
  head({ headers, status }: PlainAnswer, length: number | undefined, frame: Frame): string {
    const { connection, cors, knowsChunks } = frame
    return headText(status, [
      ...headers,
      ...cors,
      ["Server", signature],
      ["Date", this.#dateText()],
      ...lengthOf(status, length, frame),
      ["Connection", length === undefined && !knowsChunks ? "close" : connection]
    ])
  }

  /** A plain call: the connection takes all of it. The same bytes of a body, sent to many, are the cheaper for it. */
  write(connection: Connection, answer: PlainAnswer, body: Uint8Array | string, frame: Frame): void {
    if (typeof body === "string") {
      const head = this.head(answer, Buffer.byteLength(body), frame)
      return connection.write(encoder.encode(frame.withBody ? head + body : head))
    }
    const head = this.head(answer, body.length, frame)
    if (!frame.withBody || body.length === 0) return connection.write(encoder.encode(head))
    const whole = body.length <= maxCopiedBytes ? joined(head, body) : this.#wholeOf(head, body)
    if (whole !== undefined) return connection.write(whole)
    connection.write(encoder.encode(head))
    connection.write(body)
  }

  #wholeOf(head: string, body: Uint8Array): Uint8Array | undefined {
    const sent = this.#sent.get(body)
    if (sent?.head === head && sent.whole !== undefined) return sent.whole
    const whole = sent?.head === head ? joined(head, body) : undefined
    this.#sent.set(body, { head, whole })
    return whole
  }

  /** Made once a second. */
  #dateText(): string {
    const second = Math.floor(this.#clock.currentTimeMillisUnsafe() / 1000)
    if (second !== this.#second) this.#date = new Date(second * 1000).toUTCString()
    this.#second = second
    return this.#date
  }
}
