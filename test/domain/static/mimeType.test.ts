import { expect, test } from "bun:test"
import { extensionOf, mimeType } from "../../../src/domain/static/mimeType.ts"

const cases: ReadonlyArray<readonly [path: string, type: string]> = [
  ["live/a-0.ts", "video/MP2T"],
  ["a.FLV", "video/x-flv"],
  ["a.m3u8", "application/vnd.apple.mpegurl"],
  ["a.b.mpd", "application/dash+xml"],
  ["a/b.m4s", "video/iso.segment"],
  ["a.m4a", "audio/x-m4a"],
  ["a.aac", "audio/x-aac"],
  ["x.js", "text/javascript"],
  ["x.rar", "application/x-rar-compressed"],
  ["x.unheard", "application/octet-stream"],
  ["mp4", "application/octet-stream"],
  [".mp4", "application/octet-stream"],
  ["a.mp4/b", "application/octet-stream"]
]
test.each(cases)("%s is %s", (path, type) => {
  expect(mimeType(path)).toBe(type)
})

test("the extension is that of the last name, in lower case", () => {
  expect(["a.b/c.D", "a", "a.", ""].map(extensionOf)).toEqual(["d", "", "", ""])
})
