/** What a request for a list may ask of it (draft-pantos-hls-rfc8216bis §6.2.5): to wait, and to be short. */
import type { Playlist } from "./Playlist.ts"

/** A segment, or a part of one, by number. */
export interface Position {
  readonly sequence: number
  /** `undefined`: the whole segment. */
  readonly part: number | undefined
}

export interface Directives {
  /** Answer when the list has this. */
  readonly until: Position | undefined
  /** Leave out what the player has. */
  readonly skip: boolean
}

const countOf = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN)

/** `undefined` for a query that is malformed. */
export const readDirectives = (query: ReadonlyMap<string, string>): Directives | undefined => {
  const skip = /^(?:YES|v2)$/.test(query.get("_HLS_skip") ?? "")
  const sequence = query.get("_HLS_msn")
  const part = query.get("_HLS_part")
  if (sequence === undefined) return part === undefined ? { until: undefined, skip } : undefined
  const until = { sequence: countOf(sequence), part: part === undefined ? undefined : countOf(part) }
  if (Number.isNaN(until.sequence) || Number.isNaN(until.part)) return undefined
  return { until, skip }
}

const nextSequence = ({ mediaSequence, segments }: Playlist): number => mediaSequence + segments.length

/** Parts of the segment with this number that are listed; `undefined` if none ever will be more. */
const openParts = ({ lowLatency }: Playlist): number => lowLatency?.open?.parts.length ?? 0

/** A part beyond the last one of its segment is the first of the next one. */
export const isListed = (playlist: Playlist, { part, sequence }: Position): boolean => {
  const next = nextSequence(playlist)
  if (part === undefined || sequence > next) return sequence < next
  if (sequence === next) return openParts(playlist) > part
  if (sequence < next - 1) return true
  const parts = playlist.segments.at(-1)?.parts
  return parts === undefined || parts.length > part || openParts(playlist) > 0
}

/** So many segments ahead of the list a player may ask for, and so much of parts, milliseconds, at least so many. */
const segmentsAhead = 2
const partsAheadMillis = 3000
const partsAhead = 3

/** Nobody who has read the list can want this yet. */
export const isTooFar = (playlist: Playlist, { part = 0, sequence }: Position): boolean => {
  const { lowLatency } = playlist
  const open = openParts(playlist)
  const last = open > 0 ? nextSequence(playlist) : nextSequence(playlist) - 1
  if (sequence > last + segmentsAhead) return true
  const ahead = Math.max(partsAhead, Math.ceil(partsAheadMillis / Math.max(1, lowLatency?.partTargetMillis ?? 0)))
  const listed = sequence === nextSequence(playlist) ? open : 0
  return sequence >= nextSequence(playlist) && part > listed + ahead
}
