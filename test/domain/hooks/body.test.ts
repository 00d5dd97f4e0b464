import { expect, test } from "bun:test"
import { hookBody, type HookFacts } from "../../../src/domain/hooks/body.ts"

const facts: HookFacts = {
  serverId: "vid-1",
  serviceId: "s2",
  clientId: "c3",
  ip: "10.0.0.7",
  stream: { vhost: "v.com", app: "live", stream: "cam" },
  streamId: "vid-s",
  param: "?t=1",
  tcUrl: "rtmp://v.com/live",
  pageUrl: "",
  sendBytes: 0,
  recvBytes: 0,
  recording: { cwd: "/srv", file: "./html/live/cam.flv" }
}

/** From callbacks.md 3, keys in order. */
test("a recording is told in SRS's words", () => {
  expect(hookBody("on_dvr", facts)).toBe(
    '{"server_id":"vid-1","service_id":"s2","action":"on_dvr","client_id":"c3","ip":"10.0.0.7","vhost":"v.com",' +
      '"app":"live","tcUrl":"rtmp://v.com/live","stream":"cam","param":"?t=1","cwd":"/srv","file":"./html/live/cam.flv",' +
      '"stream_url":"v.com/live/cam","stream_id":"vid-s"}'
  )
})

test("a viewer of HLS has the stream's name with its extension, and its URL without", () => {
  expect(hookBody("on_play", { ...facts, extension: ".m3u8" })).toEndWith(
    '"stream":"cam.m3u8","tcUrl":"rtmp://v.com/live","param":"?t=1","pageUrl":"","stream_url":"v.com/live/cam","stream_id":"vid-s"}'
  )
})

test("text from clients stays text", () => {
  const hostile = { ...facts, param: '?a="}\n\u0000', tcUrl: "rtmp://h/</script>\u2028" }
  const said = JSON.parse(hookBody("on_publish", hostile))
  expect(said).toMatchObject({ param: hostile.param, tcUrl: hostile.tcUrl, action: "on_publish" })
})
