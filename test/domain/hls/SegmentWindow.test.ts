import { expect, test } from "bun:test"
import { playlistText, readPlaylist } from "../../../src/domain/hls/Playlist.ts"
import { SegmentWindow, type StoredSegment } from "../../../src/domain/hls/SegmentWindow.ts"
import { readByHlsParser, readByM3u8Parser } from "../../support/playlistReaders.ts"
import { playlistBreaches, reloadBreaches } from "../../support/playlistRules.ts"

const rules = { windowMillis: 10_000, maxDurationMillis: 2000 }

const segment = (name: string, more: Partial<StoredSegment> = {}): StoredSegment => ({
  uri: `${name}.ts`,
  durationMillis: 2000,
  discontinuity: false,
  key: undefined,
  map: undefined,
  files: [`${name}.ts`],
  bytes: 1000,
  ...more
})

const uris = (window: SegmentWindow) => window.segments.map(({ uri }) => uri)

test("the list holds the first total beyond the window, and never less than three target durations", () => {
  const window = new SegmentWindow()
  for (let i = 0; i < 10; i++) window.add(segment(`${i}`), rules)
  expect(uris(window)).toEqual(["4.ts", "5.ts", "6.ts", "7.ts", "8.ts", "9.ts"])
  const short = new SegmentWindow()
  for (let i = 0; i < 10; i++) short.add(segment(`${i}`), { ...rules, windowMillis: 0 })
  expect(uris(short)).toEqual(["6.ts", "7.ts", "8.ts", "9.ts"])
})

test("a segment is kept for its own length and that of a list after it has left it", () => {
  const window = new SegmentWindow()
  const expired: Array<string> = []
  const at: Array<number> = []
  for (let i = 0; i < 20; i++) {
    window.add(segment(`${i}`), rules)
    for (const { uri } of window.takeExpired()) {
      expired.push(uri)
      at.push(i)
    }
  }
  expect(expired.slice(0, 3)).toEqual(["0.ts", "1.ts", "2.ts"])
  // 0.ts leaves with 6.ts; list and segment are 14 s + 2 s long.
  expect(at.slice(0, 3)).toEqual([14, 15, 16])
  expect(window.uses("13.ts")).toBe(true)
  expect(window.uses("0.ts")).toBe(false)
})

test("everything leaves, numbers and discontinuities go on", () => {
  const window = new SegmentWindow()
  for (let i = 0; i < 3; i++) window.add(segment(`${i}`, { discontinuity: i > 0 }), rules)
  expect(window.takeAll()).toHaveLength(3)
  expect(window.nextSequence).toBe(3)
  window.add(segment("3", { discontinuity: true }), rules)
  expect(window.playlist).toMatchObject({ mediaSequence: 3, discontinuitySequence: 2 })
})

test("the playlist as SRS has it, key and init segment told at the first segment too", () => {
  const key = { uri: "a-0.key", iv: "00112233445566778899aabbccddeeff" }
  const list = {
    mediaSequence: 4,
    discontinuitySequence: 1,
    targetDuration: 2,
    segments: [
      { uri: "a-4.m4s", durationMillis: 2000, discontinuity: false, key, map: "i-0.mp4" },
      { uri: "a-5.m4s", durationMillis: 1960, discontinuity: true, key, map: "i-5.mp4" }
    ]
  }
  expect(playlistText(list, "hls_ctx=x")).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA-SEQUENCE:4
#EXT-X-TARGETDURATION:2
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="i-0.mp4?hls_ctx=x"
#EXT-X-KEY:METHOD=AES-128,URI="a-0.key",IV=0x00112233445566778899aabbccddeeff
#EXTINF:2.000, no desc
a-4.m4s?hls_ctx=x
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=NONE
#EXT-X-MAP:URI="i-5.mp4?hls_ctx=x"
#EXT-X-KEY:METHOD=AES-128,URI="a-0.key",IV=0x00112233445566778899aabbccddeeff
#EXTINF:1.960, no desc
a-5.m4s?hls_ctx=x
`)
  expect(playlistBreaches(playlistText(list))).toEqual([])
  expect(readPlaylist(playlistText(list))).toEqual(list)
})

test("any window keeps the rules over its reloads, and other programs read in it what is in it", () => {
  let seed = 11
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
  for (let run = 0; run < 30; run++) {
    const window = new SegmentWindow()
    const texts: Array<string> = []
    let map = 0
    let key = 0
    for (let i = 0; i < 40; i++) {
      const change = random(5) === 0
      if (change) map = i
      if (random(4) === 0) key = i
      const more = {
        durationMillis: 100 + random(run % 3 === 0 ? 2900 : 2300),
        discontinuity: change || random(6) === 0,
        map: run % 2 === 0 ? undefined : `init-${map}.mp4`,
        key: run % 5 < 3 ? undefined : { uri: `k-${key}.key`, iv: String(key).padStart(32, "0") }
      }
      window.add(segment(`a%20b-${i}`, more), { ...rules, windowMillis: 1000 * random(15) })
      const { playlist } = window
      const text = playlistText(playlist)
      texts.push(text)
      const expected = {
        ...playlist,
        segments: playlist.segments.map(({ discontinuity, durationMillis, key, map, uri }) => ({
          uri,
          duration: durationMillis / 1000,
          discontinuity,
          key: key?.uri,
          map
        }))
      }
      expect(readByHlsParser(text)).toEqual(expected)
      expect(readByM3u8Parser(text)).toEqual(expected)
      expect(readPlaylist(text)?.segments.map(({ uri }) => uri)).toEqual(playlist.segments.map(({ uri }) => uri))
    }
    expect(reloadBreaches(texts)).toEqual([])
  }
})

test("text that is no playlist is none, and broken lines do not throw", () => {
  expect(readPlaylist("")).toBeUndefined()
  expect(readPlaylist("<html>")).toBeUndefined()
  const broken = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-4\n#EXT-X-KEY:\n#EXT-X-MAP:\n#EXTINF:\na\n#EXTINF:x\nb\n"
  expect(readPlaylist(broken)).toMatchObject({
    mediaSequence: 0,
    segments: [{ uri: "a", durationMillis: 0 }, { uri: "b" }]
  })
})
