/**
 * Media playlists (RFC 8216 §4.3, §6.2), written and, to go on after a restart, read again. Those with parts are of the
 * second edition (draft-pantos-hls-rfc8216bis §4.4).
 */

export interface SegmentKey {
  readonly uri: string
  /** 32 hexadecimal digits. */
  readonly iv: string
}

/** What a player needs before media, and where it must begin anew. */
export interface MediaFacts {
  readonly discontinuity: boolean
  readonly key: SegmentKey | undefined
  /** URI of the init segment. */
  readonly map: string | undefined
  /** Wall clock of its first frame, milliseconds of the epoch; only lists with parts tell. */
  readonly startedAt?: number
}

export interface ListedPart {
  readonly uri: string
  readonly durationMillis: number
  /** A player can begin with it. */
  readonly independent: boolean
}

export interface ListedSegment extends MediaFacts {
  readonly uri: string
  readonly durationMillis: number
  /** Those still listed: near the end of the list. */
  readonly parts?: ReadonlyArray<ListedPart>
}

/** The segment that is being written. */
export interface OpenSegment extends MediaFacts {
  readonly parts: ReadonlyArray<ListedPart>
}

export interface LowLatency {
  /** No part is longer; milliseconds. */
  readonly partTargetMillis: number
  readonly open: OpenSegment | undefined
  /** URI of the part that comes next. */
  readonly hint: string
}

export interface Playlist {
  /** Of the first segment. */
  readonly mediaSequence: number
  /** Discontinuities that have left the list. */
  readonly discontinuitySequence: number
  /** Seconds. */
  readonly targetDuration: number
  readonly segments: ReadonlyArray<ListedSegment>
  readonly lowLatency?: LowLatency
}

/** Of a part's target the least that a player must stay behind the end of the list; of a target duration, what may be skipped. */
const partHoldBack = 3
export const skipTargets = 6

const withQuery = (uri: string, query: string): string =>
  query === "" ? uri : `${uri}${uri.includes("?") ? "&" : "?"}${query}`

const keyLine = ({ iv, uri }: SegmentKey): string => `#EXT-X-KEY:METHOD=AES-128,URI="${uri}",IV=0x${iv}`

const isSameKey = (a: SegmentKey | undefined, b: SegmentKey | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.uri === b.uri && a.iv === b.iv)

/** Lines in the order of the media, with what has changed since the media before. */
class Lines {
  readonly all: Array<string>
  readonly #query: string
  #key: SegmentKey | undefined
  #map: string | undefined

  constructor(head: ReadonlyArray<string>, query: string) {
    this.all = [...head]
    this.#query = query
  }

  uri(uri: string): string {
    return withQuery(uri, this.#query)
  }

  /** Keys and init segments are told where they change, and at the first segment always (§4.3.2.4, §4.3.2.5). */
  begin({ discontinuity, key, map }: MediaFacts): void {
    if (discontinuity) this.all.push("#EXT-X-DISCONTINUITY")
    if (map !== this.#map && map !== undefined) {
      // An init segment is not encrypted.
      if (this.#key !== undefined) this.all.push("#EXT-X-KEY:METHOD=NONE")
      this.#key = undefined
      this.all.push(`#EXT-X-MAP:URI="${this.uri(map)}"`)
    }
    if (!isSameKey(key, this.#key)) this.all.push(key === undefined ? "#EXT-X-KEY:METHOD=NONE" : keyLine(key))
    this.#key = key
    this.#map = map
  }

  parts(parts: ReadonlyArray<ListedPart>): void {
    for (const { durationMillis, independent, uri } of parts) {
      const flag = independent ? ",INDEPENDENT=YES" : ""
      this.all.push(`#EXT-X-PART:DURATION=${inSeconds(durationMillis)},URI="${this.uri(uri)}"${flag}`)
    }
  }
}

const inSeconds = (millis: number): string => (millis / 1000).toFixed(3)

/** A playlist without end and without parts. `query` is added to the URIs of segments and init segments. */
export const playlistText = (playlist: Playlist, query = ""): string => {
  const { discontinuitySequence, mediaSequence, segments, targetDuration } = playlist
  const head = ["#EXTM3U", `#EXT-X-VERSION:${segments.some(({ map }) => map !== undefined) ? 6 : 3}`]
  head.push(`#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`, `#EXT-X-TARGETDURATION:${targetDuration}`)
  if (discontinuitySequence > 0) head.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`)
  const lines = new Lines(head, query)
  for (const segment of segments) {
    lines.begin(segment)
    lines.all.push(`#EXTINF:${inSeconds(segment.durationMillis)}, no desc`, lines.uri(segment.uri))
  }
  return `${lines.all.join("\n")}\n`
}

/**
 * The same with parts. With `skip` it leaves out what a player has that has fetched the list lately (delta update): what
 * is further than CAN-SKIP-UNTIL from the end.
 */
export const lowLatencyText = (
  playlist: Playlist,
  { hint, open, partTargetMillis }: LowLatency,
  query = "",
  skip = false
): string => {
  const { discontinuitySequence, mediaSequence, segments, targetDuration } = playlist
  const skipped = skip ? skippable(playlist, open) : 0
  const holdBack = inSeconds(partHoldBack * partTargetMillis)
  const head = [
    "#EXTM3U",
    "#EXT-X-VERSION:9",
    `#EXT-X-TARGETDURATION:${targetDuration}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${holdBack},CAN-SKIP-UNTIL=${inSeconds(skipMillis(playlist))}`,
    `#EXT-X-PART-INF:PART-TARGET=${inSeconds(partTargetMillis)}`,
    `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`
  ]
  if (discontinuitySequence > 0) head.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`)
  if (skipped > 0) head.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  const lines = new Lines(head, query)
  for (const segment of skipped > 0 ? segments.slice(skipped) : segments) {
    lines.begin(segment)
    if (segment.startedAt !== undefined) lines.all.push(dateLine(segment.startedAt))
    if (segment.parts !== undefined) lines.parts(segment.parts)
    lines.all.push(`#EXTINF:${inSeconds(segment.durationMillis)},`, lines.uri(segment.uri))
  }
  if (open !== undefined) {
    lines.begin(open)
    if (open.startedAt !== undefined) lines.all.push(dateLine(open.startedAt))
    lines.parts(open.parts)
  }
  lines.all.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${lines.uri(hint)}"`)
  return `${lines.all.join("\n")}\n`
}

const dateLine = (epochMillis: number): string => `#EXT-X-PROGRAM-DATE-TIME:${new Date(epochMillis).toISOString()}`

const skipMillis = ({ targetDuration }: Playlist): number => skipTargets * 1000 * targetDuration

/** Segments from the beginning of the list whose end is further than CAN-SKIP-UNTIL from that of the list. */
const skippable = (playlist: Playlist, open: OpenSegment | undefined): number => {
  const { segments } = playlist
  let left = skipMillis(playlist) - (open?.parts.reduce((sum, { durationMillis }) => sum + durationMillis, 0) ?? 0)
  let count = segments.length
  while (count > 0 && left > 0) left -= segments[--count].durationMillis
  return count
}

/** More segments than this were not written by us. */
const maxSegments = 100_000

const attribute = (line: string, name: string): string | undefined =>
  new RegExp(`[:,]${name}=(?:"([^"]*)"|([^,]*))`)
    .exec(line)
    ?.slice(1)
    .find((value) => value !== undefined)

const numberIn = (line: string): number => {
  const value = Number(line.slice(line.indexOf(":") + 1))
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}

const keyOf = (line: string): SegmentKey | undefined => {
  const uri = attribute(line, "URI")
  const iv = attribute(line, "IV")?.replace(/^0[xX]/, "")
  return uri === undefined || iv === undefined ? undefined : { uri, iv }
}

/** A playlist that `playlistText` wrote; `undefined` for other text. */
export const readPlaylist = (text: string): Playlist | undefined => {
  const lines = text.split(/\r?\n/)
  if (lines[0] !== "#EXTM3U" || lines.length > 6 * maxSegments) return undefined
  const found = { mediaSequence: 0, discontinuitySequence: 0, targetDuration: 0 }
  const segments: Array<ListedSegment> = []
  let durationMillis = 0
  let discontinuity = false
  let key: SegmentKey | undefined
  let map: string | undefined
  for (const line of lines) {
    if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) found.mediaSequence = numberIn(line)
    else if (line.startsWith("#EXT-X-DISCONTINUITY-SEQUENCE:")) found.discontinuitySequence = numberIn(line)
    else if (line.startsWith("#EXT-X-TARGETDURATION:")) found.targetDuration = numberIn(line)
    else if (line === "#EXT-X-DISCONTINUITY") discontinuity = true
    else if (line.startsWith("#EXT-X-KEY:")) key = keyOf(line)
    else if (line.startsWith("#EXT-X-MAP:")) map = attribute(line, "URI")
    else if (line.startsWith("#EXTINF:")) durationMillis = Math.round(Number.parseFloat(line.slice(8)) * 1000) || 0
    else if (line !== "" && !line.startsWith("#")) {
      segments.push({ uri: line, durationMillis, discontinuity, key, map })
      discontinuity = false
    }
  }
  return { ...found, segments }
}
