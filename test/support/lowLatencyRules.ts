/** The rules for lists with parts (draft-pantos-hls-rfc8216bis), beside those that all lists keep. */
import { bare, type Entry, lineOf, numberOf, type Read, type ReadPart, tagOf } from "./playlistLines.ts"

/** Durations have three decimals: a sum of them is off by half of the last one each. */
const near = (a: number, b: number, count: number): boolean => Math.abs(a - b) <= 0.0005 * (count + 1) + 1e-9

const sum = (parts: ReadonlyArray<ReadPart>): number => parts.reduce((all, { duration }) => all + duration, 0)

const allParts = ({ entries, open }: Read): ReadonlyArray<ReadPart> => [
  ...entries.flatMap(({ parts }) => parts),
  ...open.parts
]

const hasParts = (list: Read): boolean => allParts(list).length > 0

const control = ({ lines }: Read): string | undefined => lineOf(lines, "#EXT-X-SERVER-CONTROL")

/** Parts that are not the last one of their segment. Of the open one nobody knows which that will be. */
const inner = ({ entries, open }: Read): ReadonlyArray<ReadPart> =>
  [...entries.map(({ parts }) => parts), open.parts].flatMap((parts) => parts.slice(0, -1))

/** Seconds from the end of an entry to that of the list. */
const distances = ({ entries, open }: Read): ReadonlyArray<number> => {
  let distance = sum(open.parts)
  return entries
    .toReversed()
    .map(({ duration }) => {
      const own = distance
      distance += duration
      return own
    })
    .toReversed()
}

export type Rule = readonly [section: string, rule: string, holds: (list: Read) => boolean]

export const lowLatencyRules: ReadonlyArray<Rule> = [
  ["4.4.3.7", "parts need EXT-X-PART-INF with their target", (list) => !hasParts(list) || list.partTarget > 0],
  [
    "4.4.3.8",
    "PART-HOLD-BACK is there with parts, three part targets or more",
    (list) => Number.isNaN(list.partTarget) || numberOf(control(list), "PART-HOLD-BACK") >= 3 * list.partTarget - 0.0005
  ],
  [
    "4.4.3.8",
    "CAN-SKIP-UNTIL is six target durations or more",
    (list) => !control(list)?.includes("CAN-SKIP-UNTIL") || numberOf(control(list), "CAN-SKIP-UNTIL") >= 6 * list.target
  ],
  [
    "4.4.4.9",
    "a part has a URI and a length",
    (list) => allParts(list).every(({ duration, uri }) => uri !== "" && duration >= 0)
  ],
  [
    "4.4.4.9",
    "no part is longer than the target",
    (list) => allParts(list).every(({ duration }) => duration <= list.partTarget + 1e-9)
  ],
  [
    "4.4.4.9",
    "INDEPENDENT is YES or not there",
    (list) => allParts(list).every(({ line }) => !line.includes("INDEPENDENT") || /INDEPENDENT=YES(,|$)/.test(line))
  ],
  [
    "4.4.4.9",
    "the parts of a segment are as long as it",
    ({ entries }) =>
      entries.every(({ duration, parts }) => parts.length === 0 || near(sum(parts), duration, parts.length))
  ],
  [
    "B.1",
    "parts are 85 % of the target, but for the last one of a segment",
    (list) => inner(list).every(({ duration }) => duration >= 0.85 * list.partTarget - 1e-9)
  ],
  [
    "6.2.2",
    "parts are listed near the end only",
    (list) =>
      distances(list).every((distance, i) => list.entries[i]!.parts.length === 0 || distance < 3 * list.target + 1e-9)
  ],
  ["3", "no part is listed twice", (list) => isDistinct(allParts(list).map(({ uri }) => uri))],
  [
    "4.4.5.3",
    "a hint has type and URI, stands last, and is of what is not listed yet",
    (list) => {
      const hints = list.lines.filter((line) => tagOf(line) === "#EXT-X-PRELOAD-HINT")
      if (hints.length === 0) return true
      return (
        hints.length === 1 &&
        /TYPE=PART(,|$)/.test(hints[0]!) &&
        list.lines.at(-1) === hints[0] &&
        list.hint !== undefined &&
        !allParts(list).some(({ uri }) => uri === list.hint)
      )
    }
  ],
  [
    "4.4.5.2",
    "EXT-X-SKIP needs version 9, CAN-SKIP-UNTIL and a count, and stands before all media",
    (list) => {
      const at = list.lines.findIndex((line) => tagOf(line) === "#EXT-X-SKIP")
      if (at < 0) return true
      const first = list.lines.findIndex((line) => !line.startsWith("#") || tagOf(line) === "#EXT-X-PART")
      const allowed = control(list)?.includes("CAN-SKIP-UNTIL") === true
      return list.version >= 9 && allowed && list.skipped > 0 && at < first
    }
  ],
  [
    "4.4.5.2",
    "what is skipped is further from the end than CAN-SKIP-UNTIL",
    (list) => {
      if (list.skipped === 0) return true
      const shown = list.entries.reduce((all, { duration }) => all + duration, sum(list.open.parts))
      return shown >= numberOf(control(list), "CAN-SKIP-UNTIL") - 0.001
    }
  ]
]

const isDistinct = (all: ReadonlyArray<string>): boolean => new Set(all).size === all.length

/** A full list from an earlier one and a delta update of it. */
export const applyDelta = (before: Read, delta: Read): Read => {
  if (delta.skipped === 0) return delta
  const from = delta.sequence - before.sequence
  const kept = before.entries.slice(from, from + delta.skipped).map((entry) => ({ ...entry, parts: [] }))
  const entries: Array<Entry> = [...kept, ...delta.entries]
  return { ...delta, entries, skipped: 0 }
}

/** All parts by segment and number. */
const numbered = ({ entries, open, sequence, skipped }: Read): ReadonlyMap<string, ReadPart> => {
  const all = new Map<string, ReadPart>()
  const lists = [...entries.map(({ parts }) => parts), open.parts]
  lists.forEach((parts, i) => parts.forEach((part, n) => all.set(`${sequence + skipped + i}.${n}`, part)))
  return all
}

export type ReloadRule = readonly [section: string, rule: string, holds: (before: Read, after: Read) => boolean]

export const lowLatencyReloadRules: ReadonlyArray<ReloadRule> = [
  [
    "6.2.2",
    "a part keeps its number, URI and length",
    (before, after) => {
      const known = numbered(before)
      return [...numbered(after)].every(([number, part]) => {
        const same = known.get(number)
        return same === undefined || (bare(same.uri) === bare(part.uri) && same.duration === part.duration)
      })
    }
  ],
  [
    "6.2.2",
    "parts of the open segment never become fewer",
    (before, after) => {
      const at = before.sequence + before.skipped + before.entries.length - after.sequence - after.skipped
      const now = at === after.entries.length ? after.open.parts : after.entries[at]?.parts
      return now === undefined || now.length === 0 || now.length >= before.open.parts.length
    }
  ],
  [
    "4.4.5.3",
    "the part that comes next is the one that was hinted",
    (before, after) => {
      if (before.hint === undefined) return true
      const known = new Set(allParts(before).map(({ uri }) => bare(uri)))
      const listed = allParts(after)
      const next = listed.filter(({ uri }) => !known.has(bare(uri)))
      // Of parts that came and went between the two nothing is known.
      if (next.length === listed.length) return true
      return next.length === 0 || next.some(({ uri }) => bare(uri) === bare(before.hint!))
    }
  ]
]
