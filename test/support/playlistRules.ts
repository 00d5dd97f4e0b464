/** The rules of RFC 8216 that a media playlist can break, each by its section. Pure: text in, breaches out. */

import { applyDelta, lowLatencyReloadRules, lowLatencyRules, type ReloadRule, type Rule } from "./lowLatencyRules.ts"
import { bare, type Read, readLines as read, tagOf } from "./playlistLines.ts"

const once = [
  "#EXTM3U",
  "#EXT-X-VERSION",
  "#EXT-X-TARGETDURATION",
  "#EXT-X-MEDIA-SEQUENCE",
  "#EXT-X-DISCONTINUITY-SEQUENCE",
  "#EXT-X-ENDLIST",
  "#EXT-X-PLAYLIST-TYPE",
  "#EXT-X-SERVER-CONTROL",
  "#EXT-X-PART-INF",
  "#EXT-X-SKIP"
]

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** Of one playlist: the section, what it says, and whether it is kept. */
const rules: ReadonlyArray<Rule> = [
  [
    "4.1",
    "lines end in LF or CR LF and hold no control character",
    ({ text }) => !/\p{Cc}/u.test(text.replace(/\r?\n/g, ""))
  ],
  ["4.1", "no byte order mark", ({ text }) => !text.startsWith("\uFEFF")],
  ["4.3.1.1", "EXTM3U is the first line", ({ lines }) => lines[0] === "#EXTM3U"],
  [
    "4.3.1.2",
    "at most one of each tag for the list",
    ({ lines }) => once.every((tag) => lines.filter((line) => tagOf(line) === tag).length <= 1)
  ],
  [
    "4.3.1",
    "no tag of a master playlist",
    ({ text }) => !text.includes("#EXT-X-STREAM-INF") && !text.includes("#EXT-X-MEDIA:")
  ],
  ["4.3.2.1", "each segment has its EXTINF", ({ entries }) => entries.every(({ duration }) => duration >= 0)],
  [
    "4.3.2.1",
    "EXTINF with a fraction needs version 3",
    ({ lines, version }) => version >= 3 || !lines.some((line) => /^#EXTINF:\d+\./.test(line))
  ],
  ["4.3.2.4", "a key with IV needs version 2", ({ text, version }) => version >= 2 || !text.includes("IV=")],
  [
    "4.3.2.4",
    "a key has a URI, an IV 128 bits",
    ({ lines }) =>
      lines.every(
        (line) =>
          !line.includes("METHOD=AES-128") ||
          (/URI="[^"]+"/.test(line) && (!line.includes("IV=") || /IV=0x[0-9a-f]{32}(,|$)/i.test(line)))
      )
  ],
  [
    "4.3.2.5",
    "EXT-X-MAP needs version 6 and a URI",
    ({ lines, version }) =>
      lines.every((line) => !line.startsWith("#EXT-X-MAP") || (version >= 6 && /URI="[^"]+"/.test(line)))
  ],
  [
    "4.3.2.5",
    "another init segment comes with a discontinuity",
    ({ entries }) =>
      entries.every(({ discontinuity, map }, i) => i === 0 || discontinuity || map === entries[i - 1]!.map)
  ],
  [
    "4.3.2.5",
    "an encrypted init segment has a key with IV",
    ({ entries }) => entries.every(({ key, map }) => map === undefined || key === undefined || key.includes("IV="))
  ],
  ["4.3.3.1", "EXT-X-TARGETDURATION is there, a positive integer", ({ target }) => isCount(target) && target > 0],
  [
    "4.3.3.1",
    "no rounded EXTINF is longer than it",
    ({ entries, target }) => entries.every(({ duration }) => Math.round(duration) <= target)
  ],
  [
    "4.3.3.2",
    "EXT-X-MEDIA-SEQUENCE is a count, before the first segment",
    ({ lines, sequence }) =>
      isCount(sequence) && isBefore(lines, "#EXT-X-MEDIA-SEQUENCE", (line) => !line.startsWith("#"))
  ],
  [
    "4.3.3.3",
    "EXT-X-DISCONTINUITY-SEQUENCE is a count, before segments and discontinuities",
    ({ discontinuitySequence, lines }) =>
      isCount(discontinuitySequence) &&
      isBefore(
        lines,
        "#EXT-X-DISCONTINUITY-SEQUENCE",
        (line) => !line.startsWith("#") || line === "#EXT-X-DISCONTINUITY"
      )
  ],
  ["4.1", "URIs are URIs", ({ entries }) => entries.every(({ uri }) => /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/.test(uri))],
  ["3", "no segment is listed twice", ({ entries }) => new Set(entries.map(({ uri }) => uri)).size === entries.length]
]

const isBefore = (lines: ReadonlyArray<string>, tag: string, isLater: (line: string) => boolean): boolean => {
  const at = lines.findIndex((line) => tagOf(line) === tag)
  const later = lines.findIndex(isLater)
  return at < 0 || later < 0 || at < later
}

/** Of two versions of one playlist, the later one second. */
const reloadRules: ReadonlyArray<ReloadRule> = [
  ["6.2.2", "EXT-X-MEDIA-SEQUENCE never goes back", (before, after) => after.sequence >= before.sequence],
  [
    "6.2.2",
    "numbers of segments never go back",
    (before, after) => after.sequence + after.entries.length >= before.sequence + before.entries.length
  ],
  [
    "6.2.2",
    "a segment keeps its number, URI and length",
    (before, after) =>
      after.entries.every((entry, i) => {
        const same = before.entries[after.sequence + i - before.sequence]
        return (
          same === undefined ||
          (bare(same.uri) === bare(entry.uri) &&
            same.duration === entry.duration &&
            same.discontinuity === entry.discontinuity)
        )
      })
  ],
  [
    "6.2.2",
    "a removed discontinuity counts",
    (before, after) => {
      const removed = before.entries.slice(0, Math.max(0, after.sequence - before.sequence))
      // Of those that came and went between the two nothing is known.
      if (after.sequence - before.sequence > before.entries.length)
        return after.discontinuitySequence >= before.discontinuitySequence
      return (
        after.discontinuitySequence ===
        before.discontinuitySequence + removed.filter(({ discontinuity }) => discontinuity).length
      )
    }
  ],
  [
    "4.3.3.1",
    "EXT-X-TARGETDURATION does not change, but for a segment that is longer",
    (before, after) =>
      after.target === before.target ||
      (after.target > before.target && after.entries.some(({ duration }) => Math.round(duration) === after.target))
  ],
  [
    "6.2.2",
    "three target durations stay in the list",
    (before, after) =>
      after.sequence === before.sequence ||
      after.entries.reduce((sum, { duration }) => sum + duration, 0) >= 3 * after.target
  ]
]

const name = (section: string, rule: string): string => `RFC 8216 §${section}: ${rule}`
const nameOfDraft = (section: string, rule: string): string => `RFC 8216bis §${section}: ${rule}`

const breaches = (list: Read): ReadonlyArray<string> => [
  ...rules.filter(([, , holds]) => !holds(list)).map(([section, rule]) => name(section, rule)),
  ...lowLatencyRules.filter(([, , holds]) => !holds(list)).map(([section, rule]) => nameOfDraft(section, rule))
]

/** Empty if the playlist keeps them all. */
export const playlistBreaches = (text: string): ReadonlyArray<string> => breaches(read(text))

/** The same of versions of one playlist, in order, one against the next too. Delta updates are applied first. */
export const reloadBreaches = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found = texts.flatMap(playlistBreaches)
  let before: Read | undefined
  for (const text of texts) {
    const after: Read = before === undefined ? read(text) : applyDelta(before, read(text))
    if (before !== undefined) {
      const last = before
      for (const [section, rule, holds] of reloadRules) if (!holds(last, after)) found.push(name(section, rule))
      for (const [section, rule, holds] of lowLatencyReloadRules)
        if (!holds(last, after)) found.push(nameOfDraft(section, rule))
    }
    before = after
  }
  return [...new Set(found)]
}
