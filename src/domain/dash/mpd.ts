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
  /** Ticks that each of the next segments will take; 0 if none is to come, or none can be had before it is whole. */
  readonly expectedDuration: number
}

/** Of segments that are served in chunks while they are written. */
export interface LowLatency {
  readonly chunkMillis: number
  /** How far players should be behind the publisher. */
  readonly targetMillis: number
}

/** Segments that are announced: the one that is being written, and the one after it. */
export const announcedSegments = 2

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
  readonly lowLatency: LowLatency | undefined
  /** Folder of the segments relative to the MPD, percent-encoded, with its slash. */
  readonly base: string
  readonly periods: ReadonlyArray<MpdPeriod>
}

export interface MpdRequest {
  /**
   * The server's clock, milliseconds of the epoch: only where the text is made for one request. Only there are segments
   * announced: nobody can wait for a file.
   */
  readonly nowMillis?: number
  /** Where that clock can be asked for again. */
  readonly clockUrl?: string
  /** Where the MPD is to be asked for from now on, relative to its URL. */
  readonly location?: string
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

/**
 * The clock of the server (§5.8.5.7). The time that stands in the MPD is for who cannot ask for it: dash.js looks at it
 * only when it has loaded more, and is late by that.
 */
const clock = (nowMillis: number, clockUrl: string | undefined): ReadonlyArray<string> => [
  ...(clockUrl === undefined
    ? []
    : [`<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="${escape(clockUrl)}"/>`]),
  `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="${date(nowMillis)}"/>`
]

/** What is answered at `clockUrl`. */
export const clockText = date

/** What it takes to ask for segments before they are whole (§5.3.9.5.3), and to know how old they are (§5.12). */
interface Announcement {
  readonly clock: ReadonlyArray<string>
  readonly chunkMillis: number
  /** Milliseconds of the epoch at the start of the period. */
  readonly periodStart: number
}

const announcedTimes = ({ expectedDuration, segments }: MpdTrack): ReadonlyArray<MpdSegment> => {
  const last = segments.at(-1)
  if (last === undefined || expectedDuration === 0) return []
  const end = last.time + last.duration
  return Array.from({ length: announcedSegments }, (_, i) => ({
    time: end + i * expectedDuration,
    duration: expectedDuration
  }))
}

/** A segment can be asked for when its first chunk is there. */
const availability = ({ expectedDuration, timescale }: MpdTrack, { chunkMillis }: Announcement): string => {
  const offset = Math.max(0, expectedDuration / timescale - chunkMillis / 1000)
  return ` availabilityTimeOffset="${offset.toFixed(3)}" availabilityTimeComplete="false"`
}

const referenceTime = ({ presentationTimeOffset }: MpdTrack, { clock, periodStart }: Announcement): string =>
  `      <ProducerReferenceTime id="0" inband="true" type="application" wallClockTime="${date(periodStart)}" presentationTime="${presentationTimeOffset}">
        ${clock[0]}
      </ProducerReferenceTime>
`

const trackText = (track: MpdTrack, query: string, announcement: Announcement | undefined): string => {
  const { bandwidth, codecs, height, id, init, presentationTimeOffset, segments, startNumber, timescale, width } = track
  const picture = width > 0 ? ` width="${width}" height="${height}"` : ""
  const facts = id === "video" ? picture : ` audioSamplingRate="${timescale}"`
  const all = announcement === undefined ? segments : [...segments, ...announcedTimes(track)]
  const times = all.map((segment) => `            <S t="${segment.time}" d="${segment.duration}"/>\n`).join("")
  const offset = announcement === undefined ? "" : availability(track, announcement)
  const reference = announcement === undefined ? "" : referenceTime(track, announcement)
  return `    <AdaptationSet contentType="${id}" mimeType="${id}/mp4" segmentAlignment="true" startWithSAP="1">
${reference}      <Representation id="${id}" bandwidth="${bandwidth}" codecs="${escape(codecs)}"${facts}>
        <SegmentTemplate initialization="${template(init + query)}" media="$RepresentationID$-$Number$.m4s${template(query)}" startNumber="${startNumber}" timescale="${timescale}" presentationTimeOffset="${presentationTimeOffset}"${offset}>
          <SegmentTimeline>
${times}          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
`
}

const periodText = ({ id, startMillis, tracks }: MpdPeriod, query: string, announcement?: Announcement): string =>
  `  <Period id="${id}" start="${duration(startMillis)}">
${tracks.map((track) => trackText(track, query, announcement)).join("")}  </Period>
`

/** Players keep to the target by playing a little faster or slower. */
const playbackRates = { min: 0.96, max: 1.04 }

const serviceText = ({ targetMillis }: LowLatency): string => `  <ServiceDescription id="0">
    <Latency referenceId="0" target="${targetMillis}"/>
    <PlaybackRate min="${playbackRates.min}" max="${playbackRates.max}"/>
  </ServiceDescription>
`

/** So often that a segment is known before it begins. */
const updatePeriod = ({ periods, updatePeriodMillis }: Mpd): number => {
  const tracks = periods.at(-1)?.tracks ?? []
  const expected = tracks.map(({ expectedDuration, timescale }) => (1000 * expectedDuration) / timescale)
  return Math.min(updatePeriodMillis, ...expected.filter((millis) => millis > 0))
}

export const mpdText = (mpd: Mpd, { clockUrl, location, nowMillis, query = "" }: MpdRequest = {}): string => {
  const { availabilityStart } = mpd
  const clocks = nowMillis === undefined ? [] : clock(nowMillis, clockUrl)
  const lowLatency = nowMillis === undefined ? undefined : mpd.lowLatency
  const textOf = (period: MpdPeriod): string => {
    if (lowLatency === undefined) return periodText(period, query)
    const periodStart = availabilityStart + period.startMillis
    return periodText(period, query, { clock: clocks, chunkMillis: lowLatency.chunkMillis, periodStart })
  }
  const [update, buffer] =
    lowLatency === undefined
      ? [mpd.updatePeriodMillis, mpd.minBufferMillis]
      : [updatePeriod(mpd), Math.min(mpd.minBufferMillis, 2 * lowLatency.chunkMillis)]
  return `<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
    availabilityStartTime="${date(availabilityStart)}" publishTime="${date(mpd.publishedAt)}"
    minimumUpdatePeriod="${duration(update)}" minBufferTime="${duration(buffer)}"
    timeShiftBufferDepth="${duration(mpd.timeShiftMillis)}" maxSegmentDuration="${duration(mpd.maxSegmentMillis)}">
  <BaseURL>${escape(mpd.base)}</BaseURL>
${location === undefined ? "" : `  <Location>${escape(location)}</Location>\n`}${lowLatency === undefined ? "" : serviceText(lowLatency)}${mpd.periods.map(textOf).join("")}${clocks.map((text) => `  ${text}\n`).join("")}</MPD>
`
}
