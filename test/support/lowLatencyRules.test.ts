import { describe, expect, test } from "bun:test"
import { playlistBreaches, reloadBreaches } from "./playlistRules.ts"

const good = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.600,CAN-SKIP-UNTIL=6.000
#EXT-X-PART-INF:PART-TARGET=0.200
#EXT-X-MEDIA-SEQUENCE:2
#EXTINF:1.000,
a-2.ts
#EXTINF:1.000,
a-3.ts
#EXTINF:1.000,
a-4.ts
#EXTINF:1.000,
a-5.ts
#EXT-X-PART:DURATION=0.200,URI="p0.ts",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.200,URI="p1.ts"
#EXT-X-PART:DURATION=0.100,URI="p2.ts"
#EXTINF:0.500,
a-6.ts
#EXT-X-DISCONTINUITY
#EXT-X-PART:DURATION=0.200,URI="p3.ts",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.200,URI="p4.ts"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p5.ts"
`

test("a good list keeps all rules", () => {
  expect(playlistBreaches(good)).toEqual([])
})

describe("a breach is found:", () => {
  const late = `#EXT-X-PART:DURATION=1.000,URI="q.ts"\n#EXTINF:1.000,\na-2`
  const cases: ReadonlyArray<readonly [from: string | RegExp, to: string, rule: string]> = [
    [/#EXT-X-PART-INF.*\n/, "", "need EXT-X-PART-INF"],
    ["HOLD-BACK=0.600", "HOLD-BACK=0.500", "three part targets or more"],
    ["PART-HOLD-BACK=0.600,", "", "three part targets or more"],
    ["UNTIL=6.000", "UNTIL=5.000", "six target durations"],
    [`URI="p1.ts"`, `URI=""`, "has a URI and a length"],
    [`DURATION=0.200,URI="p4.ts"`, `DURATION=0.201,URI="p4.ts"`, "no part is longer"],
    [/(p4\.ts")/, "$1,INDEPENDENT=NO", "INDEPENDENT is YES"],
    ["#EXTINF:0.500", "#EXTINF:0.510", "as long as it"],
    [`DURATION=0.200,URI="p3.ts"`, `DURATION=0.160,URI="p3.ts"`, "85 %"],
    ["#EXTINF:1.000,\na-2", late, "near the end only"],
    [`URI="p4.ts"`, `URI="p3.ts"`, "no part is listed twice"],
    [`URI="p5.ts"`, `URI="p4.ts"`, "is of what is not listed yet"],
    ["TYPE=PART,", "", "has type and URI"],
    [/(#EXT-X-PRELOAD-HINT.*\n)/, "$1$1", "has type and URI"],
    ["#EXT-X-DISCONTINUITY", `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p5.ts"\n#EXT-X-DISCONTINUITY`, "stands last"],
    [/(.*SEQUENCE:2\n)/, "$1#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n", "and a count"],
    ["#EXT-X-DISCONTINUITY", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXT-X-DISCONTINUITY", "before all media"],
    [/(.*SEQUENCE:2\n)/, "$1#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n", "further from the end"],
    [/(#EXT-X-PART-INF.*\n)/, "$1$1", "at most one of each tag"]
  ]
  test.each(cases)("%s → %s", (from, to, rule) => {
    const text = good.replace(from, to)
    expect(text).not.toBe(good)
    expect(playlistBreaches(text).filter((breach) => breach.includes(rule))).toHaveLength(1)
  })

  const next = good.replace("#EXT-X-PRELOAD-HINT:TYPE=PART", `#EXT-X-PART:DURATION=0.200`)
  const later = `${next}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p6.ts"\n`
  test("the next one keeps them too", () => {
    expect(reloadBreaches([good, later])).toEqual([])
  })

  const reloads: ReadonlyArray<readonly [from: string | RegExp, to: string, rule: string]> = [
    [`URI="p3.ts"`, `URI="p3b.ts"`, "keeps its number, URI and length"],
    [`DURATION=0.200,URI="p3.ts"`, `DURATION=0.190,URI="p3.ts"`, "keeps its number, URI and length"],
    [/#EXT-X-PART:DURATION=0.200,URI="p4.ts"\n#EXT-X-PART:DURATION=0.200,URI="p5.ts"\n/, "", "never become fewer"],
    [`URI="p5.ts"`, `URI="p7.ts"`, "the one that was hinted"]
  ]
  test.each(reloads)("in a reload %s → %s", (from, to, rule) => {
    const text = later.replace(from, to)
    expect(text).not.toBe(later)
    expect(reloadBreaches([good, text]).filter((breach) => breach.includes(rule))).toHaveLength(1)
  })
})
