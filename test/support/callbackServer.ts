/** A callback server on any Transport, typed by hand: keeps what it is asked, answers as it is told. */
import * as Effect from "effect/Effect"
import { type Connection, Transport } from "../../src/services/Transport.ts"

export interface Received {
  readonly path: string
  /** The head, line by line, without the empty one. */
  readonly head: ReadonlyArray<string>
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly body: Record<string, unknown>
}

const parse = (head: string, text: string): Received => {
  const lines = head.split("\r\n")
  const headers = new Map(
    lines.slice(1).map((line): [string, string] => {
      const at = line.indexOf(": ")
      return [line.slice(0, at).toLowerCase(), line.slice(at + 2)]
    })
  )
  return {
    path: lines[0].split(" ")[1],
    head: lines,
    headers,
    text,
    body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}

const readRequest = Effect.fnUntraced(function* (connection: Connection) {
  let bytes = Buffer.alloc(0)
  while (true) {
    bytes = Buffer.concat([bytes, yield* connection.read])
    const end = bytes.indexOf("\r\n\r\n")
    if (end < 0) continue
    const head = bytes.subarray(0, end).toString()
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length >= end + 4 + length) return parse(head, bytes.subarray(end + 4).toString())
  }
})

/** What SRS's sample server says. */
export const accept = 'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"code":0,"data":null}'

export const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** `undefined` from `reply` never answers; the empty string closes. */
export const callbackServer = Effect.fnUntraced(function* (
  port: number,
  reply: (received: Received) => string | undefined = () => accept
) {
  const transport = yield* Transport
  const received: Array<Received> = []
  const actual = yield* transport.listen({ host: "127.0.0.1", port }, {}, (connection) =>
    Effect.gen(function* () {
      const request = yield* readRequest(connection)
      received.push(request)
      const text = reply(request)
      if (text === undefined) return yield* connection.closed
      connection.write(Buffer.from(text))
      yield* connection.drained
      // As after `Connection: Keep-Alive`: it is for the caller to close.
      if (text !== "") yield* connection.closed
    }).pipe(Effect.ignore)
  )
  return { received, port: actual }
})
