/** The head of an HTTP/1.1 response (RFC 9112 §4). */

export type Headers = ReadonlyArray<readonly [name: string, value: string]>

const reasons: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  416: "Range Not Satisfiable",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported"
}

export const reasonPhrase = (status: number): string => reasons[status] ?? "Unknown"

const encoder = new TextEncoder()

/** A header value is one line: whatever would begin another is left out. */
const oneLine = (value: string): string => value.replace(/[^\t\x20-\x7e\x80-\u{10ffff}]/gu, "")

/** With the empty line that ends it. */
export const headText = (status: number, headers: Headers): string => {
  let text = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`
  for (const [name, value] of headers) text += `${name}: ${oneLine(value)}\r\n`
  return `${text}\r\n`
}

export const responseHead = (status: number, headers: Headers): Uint8Array => encoder.encode(headText(status, headers))

/** A whole answer with a short text, after which the connection closes. */
export const shortAnswer = (status: number, server: string, extra: Headers = [], withBody = true): Uint8Array => {
  const body = encoder.encode(reasonPhrase(status))
  const head = responseHead(status, [
    ["Server", server],
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(body.length)],
    ["Connection", "close"],
    ...extra
  ])
  if (!withBody) return head
  const answer = new Uint8Array(head.length + body.length)
  answer.set(head)
  answer.set(body, head.length)
  return answer
}
