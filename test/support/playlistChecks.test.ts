import { describe, expect, test } from "bun:test"
import { PlaylistWatch, playlistFaults } from "./playlistChecks.ts"

const master = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=700,AVERAGE-BANDWIDTH=600,CODECS="avc1.42c00b,mp4a.40.2",RESOLUTION=160x120,FRAME-RATE=25.000
/live/a.m3u8?hls_ctx=12345678
`
const media = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,CAN-SKIP-UNTIL=6.000
#EXT-X-PART-INF:PART-TARGET=0.500
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-PART:DURATION=0.500,URI="p0.ts",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.500,URI="p1.ts"
#EXTINF:1.000,
a-3.ts
#EXT-X-PART:DURATION=0.500,URI="p2.ts"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p3.ts"
`

test("good lists have no fault", () => {
  expect(playlistFaults([master, media, media])).toEqual([])
})

describe("a fault is found:", () => {
  test.each([
    [master, "BANDWIDTH=700", "BANDWIDTH=0"],
    [master, "700", "7 00"],
    [master, "160x120", "160"],
    [master, "25.000", "25"],
    [master, "/live/a.m3u8?hls_ctx=12345678\n", ""],
    [media, "#EXTINF:1.000,\n", "#EXTINF:1.000,\n#EXTINF:1.000,\n\n#EXT-X-BYTERANGE:x\n"],
    [media, `#EXT-X-PART:DURATION=0.500,URI="p1.ts"`, `#EXT-X-PART:URI="p1.ts"`],
    [media, "MEDIA-SEQUENCE:3", "MEDIA-SEQUENCE:x"]
  ])("%#: %s", (good, from, to) => {
    const text = good.replace(from, to)
    expect(text).not.toBe(good)
    let found: unknown
    try {
      found = playlistFaults([text])
    } catch (error) {
      // A reader that refuses it.
      found = [error]
    }
    expect(found).not.toEqual([])
  })
})

test("whoever watches notices what goes back, by name", () => {
  const watch = new PlaylistWatch()
  const back = media.replace("SEQUENCE:3", "SEQUENCE:2")
  watch.see("a", media)
  watch.see("b", back)
  watch.see("a", "no list")
  expect(() => watch.see("a", back)).toThrow("EXT-X-MEDIA-SEQUENCE never goes back")
})
