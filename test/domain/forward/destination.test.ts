import { expect, test } from "bun:test"
import { destinationUrl } from "../../../src/domain/forward/destination.ts"

const stream = { vhost: "__defaultVhost__", app: "live", stream: "cam" }

/** SRS's rule for `host[:port]` is that of processes.md 6 and rtmp.md 12.4. */
const table: ReadonlyArray<readonly [string, Partial<Parameters<typeof destinationUrl>[1]>, string | undefined]> = [
  ["10.0.0.1", {}, "rtmp://10.0.0.1:1935/live/cam"],
  ["10.0.0.1:1936", {}, "rtmp://10.0.0.1:1936/live/cam"],
  ["[::1]:1936", {}, "rtmp://[::1]:1936/live/cam"],
  ["o", { param: "?t=1" }, "rtmp://o:1935/live/cam?t=1"],
  ["o", { host: "localhost" }, "rtmp://o:1935/live/cam?vhost=localhost"],
  ["o", { host: "10.0.0.7" }, "rtmp://o:1935/live/cam"],
  ["o", { stream: { ...stream, vhost: "v.com" }, param: "?t=1" }, "rtmp://o:1935/live/cam?t=1&vhost=v.com"],
  ["o", { stream: { ...stream, vhost: "v.com" }, param: "?vhost=x" }, "rtmp://o:1935/live/cam?vhost=x"],
  ["rtmps://o", {}, "rtmps://o:443/live/cam"],
  ["rtmps://u:p@o:444", {}, "rtmps://u:p@o:444/live/cam"],
  ["rtmps://o/live2/key?backup=1", { param: "?t=1" }, "rtmps://o/live2/key?backup=1"],
  ["rtmp://o/[vhost]/[app]/x-[stream][param]", { param: "?t=1" }, "rtmp://o/__defaultVhost__/live/x-cam?t=1"],
  ["rtmp://o/a/[stream]", { stream: { ...stream, stream: "$&[app]" } }, "rtmp://o/a/$&[app]"],
  ["http://o", {}, undefined],
  ["o:99999", {}, undefined],
  ["", {}, undefined]
]

test.each(table)("%s for %j is %s", (destination, forwarded, url) => {
  expect(destinationUrl(destination, { stream, param: "", host: "", ...forwarded })).toBe(url)
})
