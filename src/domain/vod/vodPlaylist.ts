/** URLs below a media file, as if it were a folder, and the list of its segments (RFC 8216 §4.3). */
import { extensionOf } from "../static/mimeType.ts"
import type { VodFile } from "./VodFile.ts"

export type VodContainer = "flv" | "mp4" | "ts"

const containers: Readonly<Record<string, VodContainer>> = { flv: "flv", mp4: "mp4", m4v: "mp4", mov: "mp4", ts: "ts" }

export type VodPart =
  | { readonly _tag: "Playlist" }
  | { readonly _tag: "Init"; readonly init: number }
  | { readonly _tag: "Segment"; readonly segment: number }

export interface VodPath {
  /** Path of the file. */
  readonly file: string
  readonly container: VodContainer
  readonly part: VodPart
}

export const playlistName = "index.m3u8"
export const initName = (init: number): string => `init-${init}.m4s`
export const segmentName = (segment: number): string => `${segment}.m4s`

const partOf = (name: string): VodPart | undefined => {
  if (name === playlistName) return { _tag: "Playlist" }
  const shape = /^(init-)?(0|[1-9]\d{0,5})\.m4s$/.exec(name)
  if (shape === null) return undefined
  const number = Number(shape[2])
  return shape[1] === undefined ? { _tag: "Segment", segment: number } : { _tag: "Init", init: number }
}

/** `film.mp4/index.m3u8` and what it lists; `undefined` for other paths. */
export const vodPath = (path: string): VodPath | undefined => {
  const slash = path.lastIndexOf("/")
  const file = path.slice(0, slash)
  const container = slash < 0 ? undefined : containers[extensionOf(file)]
  const part = partOf(path.slice(slash + 1))
  return container === undefined || part === undefined ? undefined : { file, container, part }
}

export const vodPlaylistText = ({ segments }: VodFile): string => {
  const seconds = segments.map(({ endMillis, startMillis }) => (endMillis - startMillis) / 1000)
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:6",
    `#EXT-X-TARGETDURATION:${Math.max(1, ...seconds.map(Math.round))}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD"
  ]
  let init = -1
  for (const [i, segment] of segments.entries()) {
    if (init >= 0 && segment.init !== init) lines.push("#EXT-X-DISCONTINUITY")
    if (segment.init !== init) lines.push(`#EXT-X-MAP:URI="${initName(segment.init)}"`)
    init = segment.init
    lines.push(`#EXTINF:${seconds[i].toFixed(3)},`, segmentName(i))
  }
  return `${lines.join("\n")}\n#EXT-X-ENDLIST\n`
}
