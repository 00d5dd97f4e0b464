/** The list of one variant, that sends a player on to the list of its own session (RFC 8216 §4.3.4). */
import type { PictureSize } from "../codec/picture.ts"

export interface Variant {
  /** Bits a second of the densest segment. */
  readonly peakBandwidth: number
  readonly averageBandwidth: number
  /** Empty while no track is known. */
  readonly codecs: ReadonlyArray<string>
  /** 0 × 0 for sound alone, and where the codec's header does not tell. */
  readonly picture: PictureSize
  /** Pictures a second; 0 where that is not known. */
  readonly frameRate: number
}

export const masterPlaylistText = (uri: string, variant: Variant): string => {
  const { averageBandwidth, codecs, frameRate, peakBandwidth, picture } = variant
  const attributes = [`BANDWIDTH=${peakBandwidth}`, `AVERAGE-BANDWIDTH=${averageBandwidth}`]
  if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(",")}"`)
  if (picture.width > 0) attributes.push(`RESOLUTION=${picture.width}x${picture.height}`)
  if (frameRate > 0) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`)
  return `#EXTM3U\n#EXT-X-STREAM-INF:${attributes.join(",")}\n${uri}\n`
}
