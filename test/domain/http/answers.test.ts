import { expect, test } from "bun:test"
import { corsFor } from "../../../src/domain/http/cors.ts"
import { reasonPhrase, responseHead, shortAnswer } from "../../../src/domain/http/ResponseHead.ts"
import { binaryFrame, SharedFrames } from "../../../src/domain/http/webSocketFrame.ts"

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

test("a response head is a status line, fields and an empty line", () =>
  expect(text(responseHead(200, [["A", "b"]]))).toBe("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"))

test("a header value cannot begin another header", () =>
  expect(text(responseHead(200, [["A", "b\r\nC: d\n\0"]]))).toBe("HTTP/1.1 200 OK\r\nA: bC: d\r\n\r\n"))

test("a short answer says its length and closes", () => {
  expect(text(shortAnswer(404, "S"))).toBe(
    "HTTP/1.1 404 Not Found\r\nServer: S\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Length: 9\r\nConnection: close\r\n\r\nNot Found"
  )
  expect(text(shortAnswer(405, "S", [["Allow", "GET"]], false))).toEndWith("Allow: GET\r\n\r\n")
  expect(reasonPhrase(299)).toBe("Unknown")
})

test("CORS headers come with an origin, and only if pages of other origins are let in", () => {
  const origin = new Map([["origin", "http://a"]])
  expect(corsFor(new Map(), true)).toEqual([])
  expect(corsFor(origin, false)).toEqual([])
  const headers = new Map(corsFor(origin, true))
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*")
  expect(headers.get("Access-Control-Allow-Credentials")).toBe("false")
  expect(headers.get("Access-Control-Allow-Private-Network")).toBe("true")
  expect(headers.get("Access-Control-Request-Private-Network")).toBe("true")
})

/** Heads as in RFC 6455 §5.2 and the examples of §5.7. */
test("a frame's head has the length in 7, 16 or 64 bits", () => {
  const head = (length: number, bytes: number) => hex(binaryFrame(new Uint8Array(length)).subarray(0, bytes))
  expect(hex(binaryFrame(Uint8Array.of(1, 2, 3)))).toBe("8203010203")
  expect(head(0, 2)).toBe("8200")
  expect(head(125, 2)).toBe("827d")
  expect(head(126, 4)).toBe("827e007e")
  expect(head(256, 4)).toBe("827e0100")
  expect(head(65_535, 4)).toBe("827effff")
  expect(head(65_536, 10)).toBe("827f0000000000010000")
  expect(binaryFrame(new Uint8Array(65_536)).length).toBe(65_546)
})

test("the same view is framed once for all", () => {
  const frames = new SharedFrames()
  const payload = Uint8Array.of(1)
  const frame = frames.of(payload)
  expect(frames.of(payload)).toBe(frame)
  expect(hex(frames.of(Uint8Array.of(2)))).toBe("820102")
  expect(hex(frame)).toBe("820101")
  // A flush may be several payloads, each viewer's in turn.
  expect(frames.of(payload)).toBe(frame)
})
