/** Formats whose viewers find where they enter through the format object: there must be one object for equal options. */
import type { Format, SharedEncoder, ViewerFormat } from "./Format.ts"
import type { MediaFrame } from "./MediaFrame.ts"

/** What of a stream is written, and with which times. */
export interface TrackOptions {
  /** Times as published instead of repaired. */
  readonly published: boolean
  readonly hasAudio: boolean
  readonly hasVideo: boolean
}

/** What the encoder found at each frame where a viewer can enter. */
type Places<Place> = WeakMap<MediaFrame, Place>

const noHeaders: ReadonlyArray<MediaFrame> = []

/**
 * All viewers of a server take their formats from one call of this: it returns the same format for the same options, of
 * which there are eight.
 */
export const trackFormats = <Place>(
  name: string,
  encoder: (options: TrackOptions, places: Places<Place>, headers: ReadonlyArray<MediaFrame>) => SharedEncoder,
  viewer: (places: Places<Place>) => ViewerFormat
): ((options: TrackOptions) => Format) => {
  const formats = new Map<string, Format>()
  return (options) => {
    const { hasAudio, hasVideo, published } = options
    const key = `${name}:${hasAudio ? "a" : ""}${hasVideo ? "v" : ""}:${published ? "published" : "repaired"}`
    const known = formats.get(key)
    if (known !== undefined) return known
    const places: Places<Place> = new WeakMap()
    const format: Format = {
      key,
      lanes: 1,
      encoder: (headers = noHeaders) => encoder(options, places, headers),
      viewer: () => viewer(places)
    }
    formats.set(key, format)
    return format
  }
}
