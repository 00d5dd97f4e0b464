import { describe, expect, test } from "bun:test"
import { playlistBreaches, reloadBreaches } from "./playlistRules.ts"

const good = `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-TARGETDURATION:2
#EXTINF:2.000,
a-3.ts
#EXTINF:2.400,
a-4.ts
#EXT-X-DISCONTINUITY
#EXTINF:1.900,
a-5.ts
`

test("a good list keeps all rules", () => {
  expect(playlistBreaches(good)).toEqual([])
})

describe("a breach is found:", () => {
  const map = `#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2.000,\na-3`
  const cases: ReadonlyArray<readonly [from: string | RegExp, to: string, rule: string]> = [
    ["#EXTM3U\n", "\uFEFF#EXTM3U\n", "no byte order mark"],
    ["a-3.ts", "a-3.ts\t", "no control character"],
    ["#EXTM3U\n", "", "EXTM3U is the first line"],
    ["#EXT-X-VERSION:3\n", "#EXT-X-VERSION:3\n#EXT-X-VERSION:3\n", "at most one of each tag"],
    ["#EXTINF", "#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXTINF", "no tag of a master"],
    ["#EXTINF:2.000,\n", "", "each segment has its EXTINF"],
    ["VERSION:3", "VERSION:2", "needs version 3"],
    ["#EXTINF", `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x12\n#EXTINF`, "an IV 128 bits"],
    ["#EXTINF:2.000,\na-3", map, "needs version 6"],
    ["#EXTINF:2.400", `#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2.400`, "comes with a discontinuity"],
    ["#EXTINF", `#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP:URI="i"\n#EXTINF`, "has a key with IV"],
    [/#EXT-X-TARGETDURATION.*\n/, "", "a positive integer"],
    ["2.400", "2.500", "no rounded EXTINF is longer"],
    ["SEQUENCE:3", "SEQUENCE:-3", "EXT-X-MEDIA-SEQUENCE is a count"],
    ["a-5.ts\n", "a-5.ts\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "EXT-X-DISCONTINUITY-SEQUENCE is a count"],
    ["a-4.ts", "a 4.ts", "URIs are URIs"],
    ["a-4.ts", "a-3.ts", "listed twice"]
  ]
  test.each(cases)("%s → %s", (from, to, rule) => {
    const text = good.replace(from, to)
    expect(text).not.toBe(good)
    expect(playlistBreaches(text).filter((breach) => breach.includes(rule))).toHaveLength(1)
  })

  const next =
    good.replace("SEQUENCE:3", "SEQUENCE:4").replace("#EXTINF:2.000,\na-3.ts\n", "") + "#EXTINF:2.000,\na-6.ts\n"
  const reloads: ReadonlyArray<readonly [before: string, after: string, rule: string]> = [
    [next, good, "EXT-X-MEDIA-SEQUENCE never goes back"],
    [next, good, "numbers of segments never go back"],
    [good, next.replace("a-4", "a-x"), "keeps its number"],
    [good.replace("#EXTINF", "#EXT-X-DISCONTINUITY\n#EXTINF"), next, "a removed discontinuity counts"],
    [good, next.replace("DURATION:2", "DURATION:3"), "does not change"],
    [good, next.replace(/#EXTINF:1.900,\na-5.ts\n[^]*/, ""), "three target durations"]
  ]
  test.each(reloads)("reload %#", (before, after, rule) => {
    expect(reloadBreaches([before, after]).filter((breach) => breach.includes(rule))).toHaveLength(1)
  })

  test("and a good reload is none", () => {
    expect(reloadBreaches([good, next])).toEqual([])
  })
})
