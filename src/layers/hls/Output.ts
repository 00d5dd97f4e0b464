/** The output of one stream: segments wait here for a fiber that writes them, off the media path. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { Playlist } from "../../domain/hls/Playlist.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { HlsFile, HlsOutput, SegmentWritten } from "../../services/HlsSegmenter.ts"
import type { StoreFailed } from "../../services/SegmentStore.ts"
import { Listing, type ListingOptions, type SegmentJob } from "./Listing.ts"

/** Segments that wait for a slow disk, in number and in bytes. What comes beyond is lost, and the log says so. */
export const maxQueuedSegments = 16
export const maxQueuedBytes = 64 * 1024 * 1024

export type JobQueue = Queue.Queue<SegmentJob, Cause.Done>

export interface OutputOptions extends ListingOptions {
  readonly onWritten: (segment: SegmentWritten) => void
  readonly onFailed: (error: StoreFailed) => Effect.Effect<void>
  /** The output before it has removed its files. */
  readonly after: Effect.Effect<void>
  /** Where the numbers go on if there is no playlist: asked after that. */
  readonly numbers: () => Playlist | undefined
}

/** Instead of a job: the queue was ended. */
const ended = "ended"

export class Output implements HlsOutput {
  readonly stream: StreamName
  readonly playlistFile: string
  readonly options: OutputOptions
  /** Clock of the last frame, milliseconds: `hls_dispose` counts from there. */
  lastFrameAt: number
  /** `hls_on_error ignore`: nothing more until the next publish. */
  isOff = false
  /** It takes no more segments: another output has its place. */
  isOver = false
  /** Done when its files are gone. */
  readonly gone = Deferred.makeUnsafe<void>()
  readonly #queue: JobQueue
  readonly #listing: Listing
  /** Taken from the queue and not listed yet. */
  #current: SegmentJob | undefined
  #queuedBytes = 0
  #lost = 0

  constructor(options: OutputOptions, queue: JobQueue, now: number) {
    this.stream = options.name
    this.playlistFile = options.playlistFile
    this.options = options
    this.lastFrameAt = now
    this.#queue = queue
    this.#listing = new Listing(options)
  }

  readonly playlist = (): Playlist | undefined => this.#listing.playlist

  readonly bandwidth = (): number => this.#listing.bandwidth

  /** What comes after this output has these numbers. */
  get numbers(): Playlist {
    return this.#listing.numbers
  }

  /** A plain call on the publisher's stack. */
  add(job: SegmentJob): void {
    const { length } = job.segment.bytes
    if (this.#queuedBytes + length <= maxQueuedBytes && Queue.offerUnsafe(this.#queue, job)) this.#queuedBytes += length
    else this.#lost++
  }

  /** Nothing more comes: what waits is written, then everything is removed. */
  stop(): void {
    Queue.endUnsafe(this.#queue)
  }

  file(name: string): HlsFile | undefined {
    return this.#listing.file(name)
  }

  /** Writes what comes, until nothing has come for `hls_dispose` or it was stopped. */
  get run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.options.after
      yield* this.#listing.restore(this.options.numbers())
      while (true) {
        const { disposeMillis } = this.options.settings
        const idle = (yield* Clock.currentTimeMillis) - this.lastFrameAt
        // In the same step as the look at the queue: no segment must come in between.
        this.isOver = disposeMillis > 0 && idle >= disposeMillis && Queue.sizeUnsafe(this.#queue) === 0
        if (this.isOver) return
        const limit = disposeMillis === 0 ? Duration.infinity : Duration.millis(Math.max(0, disposeMillis - idle))
        const job = Option.getOrUndefined(yield* Effect.timeoutOption(this.#take, limit))
        if (job === ended) return
        if (job !== undefined) yield* this.#process(job)
      }
    }).pipe(this.#labelled)
  }

  /** Everything that waits, at the end of the process. */
  get drain(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const current = this.#current
      if (current !== undefined) yield* this.#process(current)
      while (Queue.sizeUnsafe(this.#queue) > 0) {
        const next = Queue.takeUnsafe(this.#queue)
        if (next === undefined || !Exit.isSuccess(next)) break
        yield* this.#process(next.value)
      }
      yield* this.#listing.writePlaylist
      yield* this.#listing.removeAllExpired(this.options.settings)
    }).pipe(this.#labelled)
  }

  /** Removes all files. Whoever calls it has taken the output out of the index of outputs. */
  get dispose(): Effect.Effect<void> {
    return this.#listing.removeAll.pipe(
      Effect.flatMap((segments) => Effect.logInfo("hls disposed").pipe(Effect.annotateLogs("hls.segments", segments))),
      Effect.ensuring(Deferred.succeed(this.gone, undefined)),
      this.#labelled
    )
  }

  readonly #labelled = <A>(self: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.annotateLogs(self, "stream.name", `${this.stream.app}/${this.stream.stream}`)

  get #take(): Effect.Effect<SegmentJob | typeof ended> {
    return Effect.match(Queue.take(this.#queue), {
      onSuccess: (job) => {
        this.#current = job
        return job
      },
      onFailure: () => ended
    })
  }

  #process(job: SegmentJob): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#tellLost
      yield* Effect.matchEffect(this.#listing.write(job), {
        onSuccess: (written) => Effect.sync(() => this.#listed(job, written)),
        onFailure: (error) => this.#failed(job, error)
      })
      yield* this.#listing.writePlaylist
      yield* this.#listing.removeExpired(job.settings)
    })
  }

  #done(job: SegmentJob): void {
    this.#current = undefined
    this.#queuedBytes -= job.segment.bytes.length
  }

  #listed(job: SegmentJob, written: Pick<SegmentWritten, "sequence" | "file" | "uri">): void {
    this.#done(job)
    const { playlistFile, stream } = this
    const { durationMillis } = job.segment
    this.options.onWritten({ stream, durationMillis, ...written, playlistFile, root: job.settings.path })
  }

  #failed(job: SegmentJob, error: StoreFailed): Effect.Effect<void> {
    this.#done(job)
    this.#listing.hasGap = true
    return Effect.logWarning("hls segment lost", error).pipe(Effect.andThen(this.options.onFailed(error)))
  }

  get #tellLost(): Effect.Effect<void> {
    const lost = this.#lost
    if (lost === 0) return Effect.void
    this.#lost = 0
    this.#listing.hasGap = true
    return Effect.logWarning("hls segments lost: the store is too slow").pipe(Effect.annotateLogs("hls.segments", lost))
  }
}
