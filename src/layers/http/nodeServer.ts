/**
 * One server of `node:http` for everything that is no live body: it parses the requests of the streams it is given and
 * leaves each to the fiber of its connection, one after the other.
 */
import * as Http from "node:http"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { concat } from "../../domain/bytes/bytes.ts"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { maxBodyBytes, maxHeadBytes, methods, type RequestHead } from "../../domain/http/RequestHead.ts"
import { type Headers, reasonPhrase, shortAnswer } from "../../domain/http/ResponseHead.ts"
import { parseTarget } from "../../domain/http/target.ts"
import { signature } from "../../domain/Product.ts"
import type { ConnectionStream } from "./ConnectionStream.ts"

/** One request that `node:http` has parsed. */
export interface Incoming {
  readonly head: RequestHead | BadRequest
  readonly request: Http.IncomingMessage
  /** Absent for an upgrade. */
  readonly response: Http.ServerResponse | undefined
  /** What came behind the head of an upgrade. */
  readonly rest: Uint8Array
}

const noBytes = new Uint8Array(0)

const bad = (status: BadRequest["status"], reason: string) => new BadRequest({ status, reason })

/** `node:http` has checked the form; names, methods and lengths are checked here as for a first request. */
const headOf = (request: Http.IncomingMessage): RequestHead | BadRequest => {
  const { headers, method = "", url = "" } = request
  if (!methods.has(method)) return bad(405, `method ${method}`)
  // Bun's server does not insist on a Host.
  if (headers.host === undefined && request.httpVersionMinor !== 0) return bad(400, "no Host")
  const place = parseTarget(method, url, headers.host ?? "")
  if (place === undefined) return bad(400, "malformed target or Host")
  const contentLength = Number(headers["content-length"] ?? 0)
  if (!(contentLength <= maxBodyBytes)) return bad(413, `a body of ${contentLength} bytes`)
  const fields = Object.entries(headers).map(
    ([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")] as const
  )
  return {
    method,
    target: url,
    ...place,
    minor: request.httpVersionMinor === 0 ? 0 : 1,
    headers: new Map(fields),
    contentLength,
    chunked: headers["transfer-encoding"] !== undefined,
    headLength: 0
  }
}

export class NodeServer {
  readonly #server: Http.Server
  readonly #queues = new WeakMap<object, Queue.Queue<Incoming>>()

  constructor() {
    const server = Http.createServer({ maxHeaderSize: maxHeadBytes, keepAliveTimeout: 0, insecureHTTPParser: false })
    // It has no port of its own, and Deno closes the connections of a server that does not listen after one answer.
    Object.defineProperty(server, "listening", { value: true })
    // Waiting is the connection's fiber's, by Effect's Clock.
    server.timeout = 0
    server.requestTimeout = 0
    server.headersTimeout = 0
    server.on("request", (request, response) => this.#offer(request, response, noBytes))
    server.on("upgrade", (request, _socket, rest) => this.#offer(request, undefined, rest))
    server.on("checkContinue", (request, response) => {
      response.writeContinue()
      this.#offer(request, response, noBytes)
    })
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400
      if (socket.writable) socket.end(shortAnswer(status, signature))
    })
    this.#server = server
  }

  /** Takes the stream over; its requests come through the queue. */
  serve(stream: ConnectionStream): Effect.Effect<Queue.Queue<Incoming>> {
    return Effect.map(Queue.unbounded<Incoming>(), (queue) => {
      this.#queues.set(stream, queue)
      this.#server.emit("connection", stream)
      return queue
    })
  }

  #offer(request: Http.IncomingMessage, response: Http.ServerResponse | undefined, rest: Uint8Array): void {
    const stream = request.socket as unknown as ConnectionStream
    const queue = this.#queues.get(stream)
    if (queue === undefined) return
    stream.countRequests(1)
    Queue.offerUnsafe(queue, { head: headOf(request), request, response, rest })
  }
}

/** The body of a request, at most `maxBodyBytes`; a longer one is refused while it comes. */
export const readBody = (request: Http.IncomingMessage): Effect.Effect<Uint8Array, BadRequest> =>
  Effect.callback((resume) => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    request.on("data", (chunk: Uint8Array) => {
      length += chunk.length
      if (length > maxBodyBytes) resume(Effect.fail(bad(413, `a body of more than ${maxBodyBytes} bytes`)))
      else chunks.push(chunk)
    })
    request.on("end", () => resume(Effect.sync(() => concat(chunks))))
    request.on("close", () => resume(Effect.fail(bad(400, "the body ended early"))))
  })

/** Status and headers, sent with what follows. `length` is that of the body in bytes; without it, it comes in chunks. */
export const beginAnswer = (
  response: Http.ServerResponse,
  status: number,
  headers: Headers,
  length: number | undefined
): void => {
  for (const [name, value] of headers) response.setHeader(name, value)
  response.setHeader("Server", signature)
  // Of an answer without body the length would be that of the body it stands for (RFC 9110 §8.6).
  if (status !== 304 && length !== undefined) response.setHeader("Content-Length", length)
  response.statusCode = status
  response.statusMessage = reasonPhrase(status)
}

/** Sends a part of the body, or ends it. Done when the connection has taken it, or never will. */
export const sendPiece = (response: Http.ServerResponse, bytes: Uint8Array | undefined): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const done = () => {
      response.off("close", done)
      resume(Effect.void)
    }
    response.on("close", done)
    if (bytes === undefined) response.once("finish", done).end()
    else response.write(bytes, done)
    return Effect.sync(() => response.off("close", done))
  })

/** Sends a whole answer; done when `node:http` has handed it to the stream. */
export const respond = (
  response: Http.ServerResponse,
  status: number,
  headers: Headers,
  body: Uint8Array | string
): Effect.Effect<void> =>
  Effect.callback((resume) => {
    beginAnswer(response, status, headers, typeof body === "string" ? Buffer.byteLength(body) : body.length)
    response.once("finish", () => resume(Effect.void))
    response.once("close", () => resume(Effect.void))
    response.end(response.req.method === "HEAD" ? undefined : body)
  })
