/** Which segments of a stream are listed, and which are kept a while longer for players with an older MPD. */
import { equals } from "../bytes/bytes.ts"
import { Kind } from "../media/MediaFrame.ts"
import { initSegment } from "../mp4/initSegment.ts"
import type { Track } from "../mp4/Track.ts"
import type { Cut, DashPeriod } from "./DashSegmenter.ts"
import type { Mpd, MpdPeriod, MpdTrack } from "./mpd.ts"
import type { TrackSegment } from "./TrackSamples.ts"

/** A file below the folder of the stream. */
export interface DashFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface WindowRules {
  /** Segments of a track in the MPD. */
  readonly segments: number
  readonly fragmentMillis: number
  readonly updatePeriodMillis: number
}

/** Segments of a track that are kept, as a multiple of those that are listed. */
export const keptWindows = 2

type TrackName = MpdTrack["id"]

interface Stored {
  readonly number: number
  readonly time: number
  readonly duration: number
  readonly bytes: number
  readonly period: Period
}

interface Period {
  readonly id: number
  readonly identity: DashPeriod
  /** Milliseconds after the availability start, and the time of the media there. */
  readonly startMillis: number
  readonly mediaStart: number
  readonly tracks: Map<TrackName, { readonly track: Track; readonly init: string }>
}

const names: ReadonlyArray<TrackName> = ["video", "audio"]

const segmentFile = (name: TrackName, number: number): string => `${name}-${number}.m4s`

const nameOf = ({ kind }: Track): TrackName => (kind === Kind.Video ? "video" : "audio")

/** Milliseconds of the media. */
const endOf = ({ duration, time, track }: Omit<TrackSegment, "bytes">): number =>
  ((time + duration) * 1000) / track.timescale

const seconds = ({ duration, period }: Stored, name: TrackName): number =>
  duration / (period.tracks.get(name)?.track.timescale ?? 1)

export class DashWindow {
  /** Oldest first, kept ones too. */
  readonly #stored: Readonly<Record<TrackName, Array<Stored>>> = { video: [], audio: [] }
  readonly #next: Record<TrackName, number> = { video: 0, audio: 0 }
  readonly #inits = new Map<TrackName, { readonly name: string; readonly bytes: Uint8Array }>()
  #availabilityStart = -1
  #periods = 0
  #period: Period | undefined
  #endMillis = 0
  #isBroken = false
  #initFiles: Array<string> = []

  /** `numbers`: those of the next segments, where an earlier window of the stream has come to. */
  constructor(numbers?: Readonly<Record<TrackName, number>>) {
    if (numbers !== undefined) this.#next = { ...numbers }
  }

  get numbers(): Readonly<Record<TrackName, number>> {
    return this.#next
  }

  /** Lists what was cut. The files are to be written before the MPD is asked for. */
  add(cut: Cut): ReadonlyArray<DashFile> {
    if (this.#availabilityStart < 0) this.#availabilityStart = cut.period.startedAt
    if (this.#isBroken || this.#period?.identity !== cut.period) this.#period = this.#newPeriod(cut)
    this.#isBroken = false
    const period = this.#period
    // What would be over before the period begins is never shown.
    const shown = cut.segments.filter((segment) => endOf(segment) > period.mediaStart)
    return shown.flatMap((segment) => this.#addSegment(period, segment))
  }

  /** Something is missing here, of `file` if that is said. Numbers have no gaps, so what follows is a new period. */
  lost(file?: string): void {
    this.#isBroken = true
    for (const name of names) {
      const last = this.#stored[name].at(-1)
      if (last !== undefined && file === segmentFile(name, last.number)) this.#stored[name].pop()
      if (file !== undefined && file === this.#inits.get(name)?.name) this.#inits.delete(name)
    }
  }

  /** Names of segments and init segments that are no longer kept. */
  takeExpired({ segments }: WindowRules): ReadonlyArray<string> {
    const expired: Array<string> = []
    for (const name of names) {
      const stored = this.#stored[name]
      const count = Math.max(0, stored.length - keptWindows * Math.max(1, segments))
      for (const { number } of stored.splice(0, count)) expired.push(segmentFile(name, number))
    }
    const used = new Set(
      names.flatMap((name) => [
        this.#inits.get(name)?.name,
        ...this.#stored[name].map(({ period }) => period.tracks.get(name)?.init)
      ])
    )
    expired.push(...this.#initFiles.filter((file) => !used.has(file)))
    this.#initFiles = this.#initFiles.filter((file) => used.has(file))
    return expired
  }

  /** All files that there are. */
  get files(): ReadonlyArray<string> {
    return [
      ...this.#initFiles,
      ...names.flatMap((name) => this.#stored[name].map(({ number }) => segmentFile(name, number)))
    ]
  }

  /** `undefined` as long as there is nothing to list. */
  mpd(
    { fragmentMillis, segments, updatePeriodMillis }: WindowRules,
    base: string,
    publishedAt: number
  ): Mpd | undefined {
    const listed = {
      video: this.#stored.video.slice(-Math.max(1, segments)),
      audio: this.#stored.audio.slice(-Math.max(1, segments))
    }
    const periods = [...new Set(names.flatMap((name) => listed[name].map(({ period }) => period)))]
      .sort((a, b) => a.id - b.id)
      .map((period) => mpdPeriod(period, listed))
    if (periods.length === 0) return undefined
    const lengths = names.flatMap((name) => listed[name].map((stored) => 1000 * seconds(stored, name)))
    const longest = Math.max(fragmentMillis, ...lengths)
    const first = periods[0]
    const depth = first === undefined ? 0 : this.#endMillis - listedStart(first)
    return {
      availabilityStart: this.#availabilityStart,
      publishedAt,
      updatePeriodMillis,
      minBufferMillis: Math.ceil(2 * longest),
      timeShiftMillis: Math.ceil(Math.max(longest, depth)),
      maxSegmentMillis: Math.ceil(longest),
      base,
      periods
    }
  }

  /** It begins where the last one has ended, if otherwise it would overlap. */
  #newPeriod({ period: identity, segments }: Cut): Period {
    const id = this.#periods++
    const tracks: Period["tracks"] = new Map()
    const end = Math.ceil(this.#endMillis)
    const before = this.#period
    if (before?.identity !== identity) {
      const startMillis = Math.max(identity.startedAt - this.#availabilityStart, end)
      return { id, identity, startMillis, mediaStart: identity.mediaStart, tracks }
    }
    // The same clock goes on.
    const first = Math.min(...segments.map(({ time, track }) => Math.floor((time * 1000) / track.timescale)))
    const shift = before.startMillis - before.mediaStart
    const startMillis = Math.max(first + shift, end)
    return { id, identity, startMillis, mediaStart: startMillis - shift, tracks }
  }

  #addSegment(period: Period, segment: TrackSegment): ReadonlyArray<DashFile> {
    const { bytes, track } = segment
    const name = nameOf(track)
    const files: Array<DashFile> = []
    if (!period.tracks.has(name)) {
      const init = this.#initOf(name, initSegment([track]), period)
      if (init !== undefined) files.push(init)
      period.tracks.set(name, { track, init: this.#inits.get(name)?.name ?? "" })
    }
    const number = this.#next[name]++
    // Sound that runs ahead of its timestamps and is set back would overlap.
    const before = this.#stored[name].at(-1)
    const time = before?.period === period ? Math.max(segment.time, before.time + before.duration) : segment.time
    const duration = Math.max(1, segment.time + segment.duration - time)
    this.#stored[name].push({ number, time, duration, bytes: bytes.length, period })
    const end = endOf({ time, duration, track })
    this.#endMillis = Math.max(this.#endMillis, period.startMillis + end - period.mediaStart)
    return [...files, { name: segmentFile(name, number), bytes }]
  }

  /** The init segment as a file, if it is another than that of the period before. */
  #initOf(name: TrackName, bytes: Uint8Array, { id }: Period): DashFile | undefined {
    const known = this.#inits.get(name)
    if (known !== undefined && equals(known.bytes, bytes)) return undefined
    const file = known === undefined ? `${name}-init.mp4` : `${name}-init-${id}.mp4`
    this.#inits.set(name, { name: file, bytes })
    this.#initFiles.push(file)
    return { name: file, bytes }
  }
}

const listedStart = ({ startMillis, tracks }: MpdPeriod): number =>
  Math.min(
    ...tracks.map(
      ({ presentationTimeOffset, segments, timescale }) =>
        startMillis + ((segments[0]?.time ?? 0) - presentationTimeOffset) * (1000 / timescale)
    )
  )

const mpdPeriod = (period: Period, listed: Readonly<Record<TrackName, ReadonlyArray<Stored>>>): MpdPeriod => ({
  id: period.id,
  startMillis: period.startMillis,
  tracks: names.flatMap((name) => {
    const found = period.tracks.get(name)
    const stored = listed[name].filter((segment) => segment.period === period)
    return found === undefined || stored.length === 0 ? [] : [mpdTrack(name, found.track, found.init, period, stored)]
  })
})

const mpdTrack = (
  name: TrackName,
  { codecs, picture, timescale }: Track,
  init: string,
  { mediaStart }: Period,
  stored: ReadonlyArray<Stored>
): MpdTrack => ({
  id: name,
  codecs,
  timescale,
  width: picture.width,
  height: picture.height,
  bandwidth: Math.max(1, ...stored.map((segment) => Math.ceil((8 * segment.bytes) / seconds(segment, name)))),
  init,
  presentationTimeOffset: Math.round((mediaStart * timescale) / 1000),
  startNumber: stored[0]?.number ?? 0,
  segments: stored.map(({ duration, time }) => ({ time, duration }))
})
