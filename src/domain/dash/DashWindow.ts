/** Which segments of a stream are listed, and which are kept a while longer for players with an older MPD. */
import { equals } from "../bytes/bytes.ts"
import { Kind } from "../media/MediaFrame.ts"
import { initSegment } from "../mp4/initSegment.ts"
import type { Track } from "../mp4/Track.ts"
import type { Cut, DashPeriod } from "./DashSegmenter.ts"
import type { LowLatency, Mpd, MpdPeriod, MpdTrack } from "./mpd.ts"
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
  /** Of segments that are served while they are written; `undefined` where they are served whole. */
  readonly lowLatency: LowLatency | undefined
}

/** Segments of a track that are kept, as a multiple of those that are listed. */
export const keptWindows = 2

export type TrackName = MpdTrack["id"]

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

export const segmentFile = (name: TrackName, number: number): string => `${name}-${number}.m4s`

export const nameOf = ({ kind }: Track): TrackName => (kind === Kind.Video ? "video" : "audio")

/** Milliseconds of the media. */
const endOf = ({ duration, time, track }: Omit<TrackSegment, "bytes">): number =>
  ((time + duration) * 1000) / track.timescale

const seconds = ({ duration, period }: Stored, name: TrackName): number =>
  duration / (period.tracks.get(name)?.track.timescale ?? 1)

export class DashWindow {
  /** Oldest first, kept ones too. */
  readonly #stored: Readonly<Record<TrackName, Array<Stored>>> = { video: [], audio: [] }
  readonly #next: Record<TrackName, number> = { video: 0, audio: 0 }
  /** Of the segments that are being written. */
  readonly #open: Record<TrackName, number | undefined> = { video: undefined, audio: undefined }
  readonly #inits = new Map<TrackName, { readonly name: string; readonly bytes: Uint8Array }>()
  #availabilityStart = -1
  #periods = 0
  #period: Period | undefined
  #endMillis = 0
  #isBroken = false
  /** Segments of the newest period are to come. */
  #goesOn = false
  #initFiles: Array<string> = []
  /** Segments that were listed once and are not kept. */
  #unlisted: Array<string> = []

  /** `numbers`: those of the next segments, where an earlier window of the stream has come to. */
  constructor(numbers?: Readonly<Record<TrackName, number>>) {
    if (numbers !== undefined) this.#next = { ...numbers }
  }

  get numbers(): Readonly<Record<TrackName, number>> {
    return this.#next
  }

  /** The number of the segment of a track that is being written. */
  open(name: TrackName): number {
    return (this.#open[name] ??= this.#next[name]++)
  }

  /** Lists what was cut, and gives the files that players may ask for from now on. */
  add(cut: Cut): ReadonlyArray<DashFile> {
    if (this.#availabilityStart < 0) this.#availabilityStart = cut.period.startedAt
    if (this.#isBroken || this.#period?.identity !== cut.period) this.#period = this.#newPeriod(cut)
    this.#isBroken = false
    this.#goesOn = true
    const period = this.#period
    const numbered = cut.segments.map((segment) => ({ segment, number: this.#close(segment) }))
    // What would be over before the period begins is never shown.
    const shown = numbered.filter(({ segment }) => endOf(segment) > period.mediaStart)
    return shown.flatMap(({ number, segment }) => this.#addSegment(period, segment, number))
  }

  /** Nothing more follows what was cut. */
  end(): void {
    this.#goesOn = false
  }

  /** What was cut is not listed. Numbers have no gaps, so what follows is a new period. */
  skip(cut: Cut): void {
    for (const segment of cut.segments) this.#close(segment)
    this.#break()
  }

  /** A file is missing. If more has come since, only that is listed of its track; else what follows is a new period. */
  lost(file: string): void {
    for (const name of names) {
      const stored = this.#stored[name]
      const at = stored.findIndex(({ number }) => file === segmentFile(name, number))
      const isInit = file === this.#inits.get(name)?.name
      if (isInit) this.#inits.delete(name)
      if (isInit || (at >= 0 && at === stored.length - 1)) this.#break()
      if (at < 0) continue
      const gone = at === stored.length - 1 ? stored.splice(at) : stored.splice(0, at + 1)
      this.#unlisted.push(...gone.map(({ number }) => segmentFile(name, number)))
    }
  }

  #break(): void {
    this.#isBroken = true
    this.#goesOn = false
  }

  #close({ track }: TrackSegment): number {
    const name = nameOf(track)
    const number = this.open(name)
    this.#open[name] = undefined
    return number
  }

  /** Names of segments and init segments that are no longer kept. */
  takeExpired({ segments }: WindowRules): ReadonlyArray<string> {
    const expired = this.#unlisted
    this.#unlisted = []
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
    { fragmentMillis, lowLatency, segments, updatePeriodMillis }: WindowRules,
    base: string,
    publishedAt: number
  ): Mpd | undefined {
    const listed = {
      video: this.#stored.video.slice(-Math.max(1, segments)),
      audio: this.#stored.audio.slice(-Math.max(1, segments))
    }
    const periods = [...new Set(names.flatMap((name) => listed[name].map(({ period }) => period)))]
      .sort((a, b) => a.id - b.id)
      .map((period) => mpdPeriod(period, listed, lowLatency !== undefined && this.#goesOn && period === this.#period))
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
      lowLatency,
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

  #addSegment(period: Period, segment: TrackSegment, number: number): ReadonlyArray<DashFile> {
    const { bytes, track } = segment
    const name = nameOf(track)
    const files: Array<DashFile> = []
    if (!period.tracks.has(name)) {
      const init = this.#initOf(name, initSegment([track]), period)
      if (init !== undefined) files.push(init)
      period.tracks.set(name, { track, init: this.#inits.get(name)?.name ?? "" })
    }
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

const mpdPeriod = (
  period: Period,
  listed: Readonly<Record<TrackName, ReadonlyArray<Stored>>>,
  goesOn: boolean
): MpdPeriod => ({
  id: period.id,
  startMillis: period.startMillis,
  tracks: names.flatMap((name) => {
    const found = period.tracks.get(name)
    const stored = listed[name].filter((segment) => segment.period === period)
    if (found === undefined || stored.length === 0) return []
    return [mpdTrack(name, found.track, found.init, period, stored, goesOn)]
  })
})

const mpdTrack = (
  name: TrackName,
  { codecs, picture, timescale }: Track,
  init: string,
  { mediaStart }: Period,
  stored: ReadonlyArray<Stored>,
  goesOn: boolean
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
  segments: stored.map(({ duration, time }) => ({ time, duration })),
  // Rather too long: a player that finds what comes next begin earlier than it was told has missed nothing.
  expectedDuration: goesOn ? Math.max(...stored.map(({ duration }) => duration)) : 0
})
