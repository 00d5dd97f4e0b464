import { describe, expect, test } from "bun:test"
import * as Result from "effect/Result"
import { maxReplyBodyBytes, maxReplyHeadBytes, ReplyReader } from "../../../src/domain/hooks/ReplyReader.ts"
import { isTrouble, rejectionOf } from "../../../src/domain/hooks/verdict.ts"

/** As `status body`, or the error's message; `waits` if there is no answer yet. */
const read = (pieces: ReadonlyArray<string>, isEnd = false): string => {
  const reader = new ReplyReader()
  const bytes = pieces.map((piece) => new TextEncoder().encode(piece))
  for (const piece of bytes) {
    const reply = reader.push(piece)
    if (Result.isFailure(reply)) return reply.failure.message
    if (reply.success !== undefined) return `${reply.success.status} ${reply.success.body}`
  }
  if (!isEnd) return "waits"
  return Result.match(reader.end(), { onSuccess: ({ body, status }) => `${status} ${body}`, onFailure: String })
}

const whole: ReadonlyArray<readonly [name: string, text: string, reply: string]> = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0", "200 0"],
  ["a length of 0", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "201 "],
  ["more than its length", "HTTP/1.0 200 OK\r\ncontent-length:1\r\n\r\n0\n", "200 0"],
  ["lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "200 ok"],
  ["no reason phrase", "HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx", "404 x"],
  [
    "chunks",
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\n{"c\r\nA\r\node":0}   \r\n0\r\n\r\n',
    '200 {"code":0}   '
  ],
  ["an interim answer first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0", "200 0"],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n", "204 "]
]

describe("an answer with", () => {
  test.each(whole)("%s, whole and byte by byte", (_name, text, reply) => {
    expect(read([text])).toBe(reply)
    expect(read([...text])).toBe(reply)
  })

  const unfinished: ReadonlyArray<readonly [name: string, text: string, end: string]> = [
    ["no length lasts until the end", "HTTP/1.1 200 OK\r\n\r\n0", "200 0"],
    ["too little is cut short", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n0", "BadReply: answer is cut short"],
    [
      "no last chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n",
      "BadReply: answer is cut short"
    ],
    ["nothing", "", "BadReply: answer is cut short"]
  ]
  test.each(unfinished)("%s", (_name, text, end) => {
    expect(read([text])).toBe("waits")
    expect(read([text], true)).toBe(end)
  })

  const malformed: ReadonlyArray<readonly [name: string, text: string, message: string]> = [
    ["another protocol", "SSH-2.0-x\r\n\r\n", "answer is not HTTP/1"],
    ["HTTP/2", "HTTP/2 200\r\n\r\n", "answer is not HTTP/1"],
    ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "answer has a malformed Content-Length"],
    ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "answer has a malformed chunk"],
    [
      "a chunk that is longer",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n00\r\n",
      "answer has a malformed chunk"
    ],
    ["a huge length", "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", "answer has too long a body"],
    ["an endless body", `HTTP/1.1 200 OK\r\n\r\n${"0".repeat(maxReplyBodyBytes + 1)}`, "answer has too long a body"],
    ["an endless head", "x".repeat(maxReplyHeadBytes + 1), "answer has too long a head"]
  ]
  test.each(malformed)("%s is none", (_name, text, message) => {
    expect(read([text])).toBe(message)
  })

  test("any bytes does not throw", () => {
    let seed = 7
    const random = () => (seed = (seed * 48_271) % 2_147_483_647)
    const words = [
      "HTTP/1.1 200 OK",
      "\r\n",
      "\r\n\r\n",
      "Transfer-Encoding: chunked",
      "Content-Length: 5",
      "3\r\n",
      "0",
      "\n"
    ]
    for (let i = 0; i < 5000; i++) {
      read(
        Array.from({ length: random() % 8 }, () =>
          random() % 3 === 0 ? String.fromCharCode(random() % 256) : words[random() % words.length]
        ),
        true
      )
    }
  })
})

/** From callbacks.md 2. */
const verdicts: ReadonlyArray<readonly [status: number, body: string, isAccepted: boolean]> = [
  [200, "0", true],
  [201, "0", true],
  [200, '{"code":0}', true],
  [200, '{"code": 0, "data": null}\n', true],
  [200, "", false],
  [200, "0\n", false],
  [200, " 0", false],
  [200, '"0"', false],
  [200, "ok", false],
  [200, "{}", false],
  [200, '{"code":"0"}', false],
  [200, '{"code":1}', false],
  [200, '{"code":null}', false],
  [200, "null", false],
  [200, "[0]", false],
  [202, "0", false],
  [204, "", false],
  [302, "0", false],
  [404, "0", false],
  [500, '{"code":0}', false]
]

test.each(verdicts)("%d with %j accepts: %p", (status, body, isAccepted) => {
  expect(rejectionOf({ status, body }) === undefined).toBe(isAccepted)
})

test("only a server in trouble is told again", () => {
  expect([200, 301, 400, 404, 429, 500, 503].filter(isTrouble)).toEqual([429, 500, 503])
})
