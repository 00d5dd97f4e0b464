/** Media presentation descriptions of live streams (ISO/IEC 23009-1 §5, live profile §8.4). */

export interface MpdSegment {
  /** Ticks of the track. */
  readonly time: number
  readonly duration: number
}

export interface MpdTrack {
  readonly id: "video" | "audio"
  readonly codecs: string
  readonly timescale: number
  /** Of pictures. */
  readonly width: number
  readonly height: number
  /** Bits a second, peak; at least 1. */
  readonly bandwidth: number
  /** Name of the init segment. */
  readonly init: string
  /** Ticks of the track at the start of the period. */
  readonly presentationTimeOffset: number
  /** Number of the first segment. */
  readonly startNumber: number
  /** Never empty. */
  readonly segments: ReadonlyArray<MpdSegment>
}

export interface MpdPeriod {
  readonly id: number
  /** Milliseconds after `availabilityStart`. */
  readonly startMillis: number
  readonly tracks: ReadonlyArray<MpdTrack>
}

export interface Mpd {
  /** Milliseconds of the epoch. */
  readonly availabilityStart: number
  readonly publishedAt: number
  readonly updatePeriodMillis: number
  readonly minBufferMillis: number
  readonly timeShiftMillis: number
  readonly maxSegmentMillis: number
  /** Folder of the segments relative to the MPD, percent-encoded, with its slash. */
  readonly base: string
  readonly periods: ReadonlyArray<MpdPeriod>
}

export interface MpdRequest {
  /** The server's clock, milliseconds of the epoch: only where the text is made for one request. */
  readonly nowMillis?: number
  /** Of the segments' URLs, with `?`. */
  readonly query?: string
}

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("'", "&apos;")

const date = (epochMillis: number): string => new Date(epochMillis).toISOString()

/** xs:duration. */
const duration = (millis: number): string => `PT${(millis / 1000).toFixed(3).replace(/\.?0+$/, "")}S`

/** `$` begins an identifier of the template (§5.3.9.4.4). */
const template = (text: string): string => escape(text).replaceAll("$", "$$$$")

const trackText = (track: MpdTrack, query: string): string => {
  const { bandwidth, codecs, height, id, init, presentationTimeOffset, segments, startNumber, timescale, width } = track
  const picture = width > 0 ? ` width="${width}" height="${height}"` : ""
  const facts = id === "video" ? picture : ` audioSamplingRate="${timescale}"`
  const times = segments.map((segment) => `            <S t="${segment.time}" d="${segment.duration}"/>\n`).join("")
  return `    <AdaptationSet contentType="${id}" mimeType="${id}/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="${id}" bandwidth="${bandwidth}" codecs="${escape(codecs)}"${facts}>
        <SegmentTemplate initialization="${template(init + query)}" media="$RepresentationID$-$Number$.m4s${template(query)}" startNumber="${startNumber}" timescale="${timescale}" presentationTimeOffset="${presentationTimeOffset}">
          <SegmentTimeline>
${times}          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
`
}

const periodText = ({ id, startMillis, tracks }: MpdPeriod, query: string): string =>
  `  <Period id="${id}" start="${duration(startMillis)}">
${tracks.map((track) => trackText(track, query)).join("")}  </Period>
`

export const mpdText = (mpd: Mpd, { nowMillis, query = "" }: MpdRequest = {}): string => {
  const timing =
    nowMillis === undefined
      ? ""
      : `  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="${date(nowMillis)}"/>\n`
  return `<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
    availabilityStartTime="${date(mpd.availabilityStart)}" publishTime="${date(mpd.publishedAt)}"
    minimumUpdatePeriod="${duration(mpd.updatePeriodMillis)}" minBufferTime="${duration(mpd.minBufferMillis)}"
    timeShiftBufferDepth="${duration(mpd.timeShiftMillis)}" maxSegmentDuration="${duration(mpd.maxSegmentMillis)}">
  <BaseURL>${escape(mpd.base)}</BaseURL>
${mpd.periods.map((period) => periodText(period, query)).join("")}${timing}</MPD>
`
}
