import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { forwardBody, readForwardUrls } from "../../../src/domain/forward/backend.ts"

test("the question is SRS's, key by key", () => {
  const question = {
    serverId: "vid-1",
    serviceId: "s2",
    clientId: "c3",
    ip: "10.0.0.7",
    stream: { vhost: "v.com", app: "live", stream: "cam" },
    tcUrl: "rtmp://v.com/live",
    param: "?t=1"
  }
  expect(forwardBody(question)).toBe(
    '{"action":"on_forward","server_id":"vid-1","service_id":"s2","client_id":"c3","ip":"10.0.0.7","vhost":"v.com",' +
      '"app":"live","tcUrl":"rtmp://v.com/live","stream":"cam","param":"?t=1"}'
  )
})

const many = (count: number): string => JSON.stringify({ code: 0, data: { urls: Array(count).fill("rtmp://h/a/b") } })

const table: ReadonlyArray<readonly [number, string, ReadonlyArray<string> | string]> = [
  [200, '{"code":0,"data":{"urls":["rtmp://h/live/a","rtmps://h/live/b"]}}', ["rtmp://h/live/a", "rtmps://h/live/b"]],
  [200, '{"code":0,"data":{"urls":[]}}', []],
  [200, "0", "without data.urls"],
  [200, '{"code":0}', "without data.urls"],
  [200, '{"code":0,"data":{"urls":"rtmp://h/live/a"}}', "without data.urls"],
  [200, '{"code":0,"data":{"urls":["rtmp://h/live/a",1]}}', "no text"],
  [200, '{"code":1,"data":{"urls":[]}}', "body"],
  [200, "", "empty body"],
  [500, '{"code":0,"data":{"urls":[]}}', "status 500"],
  [200, many(65), "more than 64"]
]

test.each(table)("status %d with %s", (status, body, expected) => {
  const answer = readForwardUrls({ status, body })
  if (typeof expected === "string") expect(Result.getOrThrow(Result.flip(answer)).message).toContain(expected)
  else expect(Result.getOrThrow(answer)).toEqual([...expected])
})
