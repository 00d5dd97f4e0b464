/** Media playlists (RFC 8216 §4.3, §6.2), written and, to go on after a restart, read again. */

export interface SegmentKey {
  readonly uri: string
  /** 32 hexadecimal digits. */
  readonly iv: string
}

export interface ListedSegment {
  readonly uri: string
  readonly durationMillis: number
  readonly discontinuity: boolean
  readonly key: SegmentKey | undefined
  /** URI of the init segment. */
  readonly map: string | undefined
}

export interface Playlist {
  /** Of the first segment. */
  readonly mediaSequence: number
  /** Discontinuities that have left the list. */
  readonly discontinuitySequence: number
  /** Seconds. */
  readonly targetDuration: number
  readonly segments: ReadonlyArray<ListedSegment>
}

const withQuery = (uri: string, query: string): string =>
  query === "" ? uri : `${uri}${uri.includes("?") ? "&" : "?"}${query}`

const keyLine = ({ iv, uri }: SegmentKey): string => `#EXT-X-KEY:METHOD=AES-128,URI="${uri}",IV=0x${iv}`

const isSameKey = (a: SegmentKey | undefined, b: SegmentKey | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.uri === b.uri && a.iv === b.iv)

/**
 * A playlist without end. `query` is added to the URIs of segments and init segments. Keys and init segments are told
 * where they change, and at the first segment always: it may not be the one where they changed (§4.3.2.4, §4.3.2.5).
 */
export const playlistText = (playlist: Playlist, query = ""): string => {
  const { discontinuitySequence, mediaSequence, segments, targetDuration } = playlist
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${segments.some(({ map }) => map !== undefined) ? 6 : 3}`]
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`, `#EXT-X-TARGETDURATION:${targetDuration}`)
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`)
  let key: SegmentKey | undefined
  let map: string | undefined
  for (const segment of segments) {
    if (segment.discontinuity) lines.push("#EXT-X-DISCONTINUITY")
    if (segment.map !== map && segment.map !== undefined) {
      // An init segment is not encrypted.
      if (key !== undefined) lines.push("#EXT-X-KEY:METHOD=NONE")
      key = undefined
      lines.push(`#EXT-X-MAP:URI="${withQuery(segment.map, query)}"`)
    }
    if (!isSameKey(segment.key, key)) {
      lines.push(segment.key === undefined ? "#EXT-X-KEY:METHOD=NONE" : keyLine(segment.key))
    }
    key = segment.key
    map = segment.map
    lines.push(`#EXTINF:${(segment.durationMillis / 1000).toFixed(3)}, no desc`, withQuery(segment.uri, query))
  }
  return `${lines.join("\n")}\n`
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

/** The list that sends a player on to the list of its own session. `bandwidth`: bits a second, peak. */
export const masterPlaylistText = (uri: string, bandwidth: number): string =>
  `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},AVERAGE-BANDWIDTH=${bandwidth}\n${uri}\n`
