/**
 * The files of one stream: listed when they are cut, written in order by a fiber of its own, off the media path. Until
 * then they are served from memory; with `dash_chunk` already while they grow.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Chunk, Cut } from "../../domain/dash/DashSegmenter.ts"
import { type DashFile, DashWindow, nameOf, segmentFile } from "../../domain/dash/DashWindow.ts"
import { announcedSegments, type Mpd, mpdText } from "../../domain/dash/mpd.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { DashBody, DashOutput } from "../../services/Dash.ts"
import type { ListFile, SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { Growing, News } from "./Growing.ts"
import { type DashSettings, folderOf, mpdFileOf, windowRules } from "./options.ts"

/** Cuts that wait for a slow disk, in number and in bytes. What comes beyond is lost, and the log says so. */
export const maxQueuedCuts = 16
export const maxQueuedBytes = 64 * 1024 * 1024

/** A request for a segment that is announced waits for it so many times as long as a segment lasts. */
export const maxWaitSegments = 3

/** What one cut leaves to do for the disk. */
export interface Written {
  readonly files: ReadonlyArray<DashFile>
  readonly bytes: number
  readonly mpd: Mpd | undefined
  readonly expired: ReadonlyArray<string>
}

/** An output that has no files any more: its successor goes on with its numbers. */
export interface Predecessor {
  readonly numbers: DashWindow["numbers"]
  readonly gone: Effect.Effect<void>
}

/** Instead of a cut: the queue was ended. */
const ended = "ended"

const encoder = new TextEncoder()

const sizeOf = ({ segments }: Cut): number => segments.reduce((sum, { bytes }) => sum + bytes.length, 0)

export class Output implements DashOutput {
  readonly stream: StreamName
  readonly mpdFile: string
  readonly folder: string
  settings: DashSettings
  /** Clock of the last frame, milliseconds: `dash_dispose` counts from there. */
  lastFrameAt: number
  /** Nothing is taken any more. */
  isRetired = false
  readonly #files: SegmentFiles
  readonly #mpdList: ListFile
  readonly #queue: Queue.Queue<Written, Cause.Done>
  readonly #window: DashWindow
  readonly #after: Effect.Effect<void>
  readonly #gone = Deferred.makeUnsafe<void>()
  /** On disk. */
  readonly #present = new Set<string>()
  /** Not yet on disk: what is being written, and segments that grow. */
  readonly #coming = new Map<string, Growing>()
  readonly #opened = new News()
  readonly #base: string
  /** Milliseconds of the epoch. */
  readonly #now: () => number
  #queuedBytes = 0
  #lost = 0
  #mpd: Mpd | undefined

  constructor(
    stream: StreamName,
    settings: DashSettings,
    files: SegmentFiles,
    queue: Queue.Queue<Written, Cause.Done>,
    now: () => number,
    before: Predecessor | undefined
  ) {
    this.stream = stream
    this.mpdFile = mpdFileOf(settings, stream)
    this.folder = folderOf(this.mpdFile)
    this.settings = settings
    this.lastFrameAt = now()
    this.#now = now
    this.#files = files
    this.#mpdList = files.list(this.mpdFile)
    this.#queue = queue
    this.#window = new DashWindow(before?.numbers)
    this.#after = before?.gone ?? Effect.void
    const last = this.folder.slice(this.folder.lastIndexOf("/", this.folder.length - 2) + 1, -1)
    this.#base = `${encodeURIComponent(last)}/`
  }

  readonly mpd = (): Mpd | undefined => this.#mpd

  get predecessor(): Predecessor {
    return { numbers: this.#window.numbers, gone: Deferred.await(this.#gone) }
  }

  /** A file of this name in the folder, if there is one or will be soon. */
  file(name: string): Effect.Effect<DashBody | undefined, StoreFailed> | undefined {
    if (this.#present.has(name)) return this.#files.read(this.folder + name)
    const coming = this.#coming.get(name)
    if (coming !== undefined) return Effect.succeed(coming.whole ?? coming)
    return this.#isAnnounced(name) ? this.#await(name) : undefined
  }

  /** A plain call on the publisher's stack. */
  addChunk({ bytes, track }: Chunk): void {
    const trackName = nameOf(track)
    const name = segmentFile(trackName, this.#window.open(trackName))
    let growing = this.#coming.get(name)
    if (growing === undefined) {
      growing = new Growing()
      this.#coming.set(name, growing)
      this.#opened.wake()
    }
    growing.add(bytes)
  }

  /** A plain call on the publisher's stack. */
  add(cut: Cut): void {
    const bytes = sizeOf(cut)
    if (this.#queuedBytes + bytes > maxQueuedBytes || Queue.isFullUnsafe(this.#queue)) return this.#lose(cut)
    const files = this.#window.add(cut)
    for (const file of files) {
      const growing = this.#coming.get(file.name) ?? new Growing()
      growing.end(file.bytes)
      this.#coming.set(file.name, growing)
    }
    const rules = windowRules(this.settings)
    this.#mpd = this.#window.mpd(rules, this.#base, this.#now())
    const written = { files, bytes, mpd: this.#mpd, expired: this.#window.takeExpired(rules) }
    if (Queue.offerUnsafe(this.#queue, written)) this.#queuedBytes += bytes
  }

  /** What is announced does not come. A plain call on the publisher's stack. */
  end(): void {
    this.#window.end()
    this.#mpd = this.#window.mpd(windowRules(this.settings), this.#base, this.#now())
    this.#opened.wake()
  }

  #lose(cut: Cut): void {
    for (const { track } of cut.segments) {
      const trackName = nameOf(track)
      this.#abandon(segmentFile(trackName, this.#window.open(trackName)))
    }
    this.#window.skip(cut)
    this.#lost++
  }

  /** Who reads it gets what there is. */
  #abandon(name: string): void {
    this.#coming.get(name)?.abandon()
    this.#coming.delete(name)
  }

  #isAnnounced(name: string): boolean {
    const track = this.#mpd?.periods.at(-1)?.tracks.find(({ id }) => name.startsWith(`${id}-`))
    if (this.#mpd?.lowLatency === undefined || track === undefined || track.expectedDuration === 0) return false
    const next = track.startNumber + track.segments.length
    return Array.from({ length: announcedSegments }, (_, i) => segmentFile(track.id, next + i)).includes(name)
  }

  /** `undefined` if it does not come in time. */
  #await(name: string): Effect.Effect<DashBody | undefined> {
    const come = Effect.gen({ self: this }, function* () {
      while (true) {
        const coming = this.#coming.get(name)
        if (coming !== undefined) return coming
        if (!this.#isAnnounced(name)) return undefined
        yield* this.#opened.wait
      }
    })
    const duration = maxWaitSegments * (this.#mpd?.maxSegmentMillis ?? 0)
    return Effect.timeoutOrElse(come, { duration, orElse: () => Effect.undefined })
  }

  /** Nothing more comes: what waits is written, then everything is removed. */
  stop(): void {
    Queue.endUnsafe(this.#queue)
  }

  /** Writes what comes until nothing has come for `dash_dispose`. */
  get run(): Effect.Effect<void> {
    const write = Effect.gen({ self: this }, function* () {
      while (true) {
        const { disposeMillis } = this.settings
        const idle = (yield* Clock.currentTimeMillis) - this.lastFrameAt
        if (disposeMillis > 0 && idle >= disposeMillis && Queue.sizeUnsafe(this.#queue) === 0) return
        const limit = disposeMillis === 0 ? Duration.infinity : Duration.millis(Math.max(0, disposeMillis - idle))
        const take = Effect.catch(Queue.take(this.#queue), () => Effect.succeed<typeof ended>(ended))
        const cut = yield* Effect.timeoutOrElse(take, { duration: limit, orElse: () => Effect.undefined })
        if (cut === ended) return
        if (cut !== undefined) yield* this.#write(cut)
      }
    })
    return Effect.andThen(this.#after, write).pipe(
      Effect.annotateLogs("stream.name", `${this.stream.app}/${this.stream.stream}`)
    )
  }

  /** After `run`, with nothing more to come. */
  readonly dispose: Effect.Effect<void> = Effect.suspend(() => {
    this.#mpd = undefined
    for (const name of this.#coming.keys()) this.#abandon(name)
    this.#opened.wake()
    return this.#remove([...this.#present].map((name) => this.folder + name).concat(this.mpdFile)).pipe(
      Effect.andThen(Effect.logInfo("dash disposed")),
      Effect.annotateLogs("stream.name", `${this.stream.app}/${this.stream.stream}`),
      Effect.ensuring(Deferred.succeed(this.#gone, undefined))
    )
  })

  readonly #write = Effect.fnUntraced({ self: this }, function* ({ bytes, expired, files, mpd }: Written) {
    this.#queuedBytes -= bytes
    yield* this.#tellLost
    for (const file of files) yield* this.#writeFile(file)
    // Over HTTP the MPD is made for each request: only readers of the folder miss one that could not be written.
    if (mpd !== undefined) yield* this.#writeMpd(mpd)
    if (this.settings.cleanup) yield* this.#remove(expired.map((name) => this.folder + name))
    for (const name of expired) this.#present.delete(name)
  })

  #writeMpd(mpd: Mpd): Effect.Effect<void> {
    return Effect.catch(this.#mpdList.write(encoder.encode(mpdText(mpd))), (error) =>
      Effect.logWarning("dash mpd not written", Cause.fail(error))
    )
  }

  #writeFile({ bytes, name }: DashFile): Effect.Effect<void> {
    return this.#files.write(this.folder + name, bytes).pipe(
      Effect.andThen(
        Effect.sync(() => {
          this.#present.add(name)
          this.#coming.delete(name)
        })
      ),
      Effect.catch((error) => {
        this.#coming.delete(name)
        this.#window.lost(name)
        this.#mpd = this.#window.mpd(windowRules(this.settings), this.#base, this.#now())
        return Effect.logWarning("dash segment lost", Cause.fail(error))
      })
    )
  }

  get #tellLost(): Effect.Effect<void> {
    const lost = this.#lost
    if (lost === 0) return Effect.void
    this.#lost = 0
    return Effect.logWarning("dash segments lost: the store is too slow").pipe(
      Effect.annotateLogs("dash.segments", lost)
    )
  }

  #remove(files: ReadonlyArray<string>): Effect.Effect<void> {
    return Effect.forEach(
      files,
      (file) =>
        Effect.catch(file === this.mpdFile ? this.#mpdList.remove : this.#files.remove(file), (error) =>
          Effect.logWarning("dash file not removed", Cause.fail(error))
        ),
      { discard: true, concurrency: 4 }
    )
  }
}
