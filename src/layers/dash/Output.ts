/** The files of one stream: written in order by a fiber of its own, off the media path. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Cut } from "../../domain/dash/DashSegmenter.ts"
import { type DashFile, DashWindow } from "../../domain/dash/DashWindow.ts"
import { type Mpd, mpdText } from "../../domain/dash/mpd.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { DashOutput } from "../../services/Dash.ts"
import type { SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { type DashSettings, folderOf, mpdFileOf, windowRules } from "./options.ts"

/** Cuts that wait for a slow disk, in number and in bytes. What comes beyond is lost, and the log says so. */
export const maxQueuedCuts = 16
export const maxQueuedBytes = 64 * 1024 * 1024

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
  readonly #queue: Queue.Queue<Cut, Cause.Done>
  readonly #window: DashWindow
  readonly #after: Effect.Effect<void>
  readonly #gone = Deferred.makeUnsafe<void>()
  readonly #present = new Set<string>()
  readonly #base: string
  #queuedBytes = 0
  #lost = 0
  #mpd: Mpd | undefined

  constructor(
    stream: StreamName,
    settings: DashSettings,
    files: SegmentFiles,
    queue: Queue.Queue<Cut, Cause.Done>,
    now: number,
    before: Predecessor | undefined
  ) {
    this.stream = stream
    this.mpdFile = mpdFileOf(settings, stream)
    this.folder = folderOf(this.mpdFile)
    this.settings = settings
    this.lastFrameAt = now
    this.#files = files
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

  /** A file of this name in the folder, if there is one. */
  file(name: string): Effect.Effect<Uint8Array | undefined, StoreFailed> | undefined {
    return this.#present.has(name) ? this.#files.read(this.folder + name) : undefined
  }

  /** A plain call on the publisher's stack. */
  add(cut: Cut): void {
    const bytes = sizeOf(cut)
    if (this.#queuedBytes + bytes <= maxQueuedBytes && Queue.offerUnsafe(this.#queue, cut)) this.#queuedBytes += bytes
    else this.#lost++
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
    return this.#remove([...this.#present].map((name) => this.folder + name).concat(this.mpdFile)).pipe(
      Effect.andThen(Effect.logInfo("dash disposed")),
      Effect.annotateLogs("stream.name", `${this.stream.app}/${this.stream.stream}`),
      Effect.ensuring(Deferred.succeed(this.#gone, undefined))
    )
  })

  readonly #write = Effect.fnUntraced({ self: this }, function* (cut: Cut) {
    this.#queuedBytes -= sizeOf(cut)
    yield* this.#tellLost
    for (const file of this.#window.add(cut)) yield* this.#writeFile(file)
    const rules = windowRules(this.settings)
    const mpd = this.#window.mpd(rules, this.#base, yield* Clock.currentTimeMillis)
    this.#mpd = mpd
    if (mpd === undefined) return
    // Over HTTP the MPD is made for each request: only readers of the folder miss one that could not be written.
    yield* this.#files
      .write(this.mpdFile, encoder.encode(mpdText(mpd)))
      .pipe(Effect.catch((error) => Effect.logWarning("dash mpd not written", error)))
    const expired = this.#window.takeExpired(rules)
    if (this.settings.cleanup) yield* this.#remove(expired.map((name) => this.folder + name))
    for (const name of expired) this.#present.delete(name)
  })

  #writeFile({ bytes, name }: DashFile): Effect.Effect<void> {
    return this.#files.write(this.folder + name, bytes).pipe(
      Effect.andThen(Effect.sync(() => void this.#present.add(name))),
      Effect.catch((error) => {
        this.#window.lost(name)
        return Effect.logWarning("dash segment lost", error)
      })
    )
  }

  get #tellLost(): Effect.Effect<void> {
    const lost = this.#lost
    if (lost === 0) return Effect.void
    this.#lost = 0
    this.#window.lost()
    return Effect.logWarning("dash segments lost: the store is too slow").pipe(
      Effect.annotateLogs("dash.segments", lost)
    )
  }

  #remove(files: ReadonlyArray<string>): Effect.Effect<void> {
    return Effect.forEach(
      files,
      (file) => Effect.catch(this.#files.remove(file), (error) => Effect.logWarning("dash file not removed", error)),
      { discard: true, concurrency: 4 }
    )
  }
}
