/** The output of one stream: segments wait here for a fiber that writes them, off the media path. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import type { Playlist } from "../../domain/hls/Playlist.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { HlsFile, HlsOutput, SegmentWritten } from "../../services/HlsSegmenter.ts"
import type { StoreFailed } from "../../services/SegmentStore.ts"
import { isListed, type Position } from "../../domain/hls/delivery.ts"
import type { SlabMemory } from "../../domain/media/SlabMemory.ts"
import type { Variant } from "../../domain/hls/masterPlaylist.ts"
import { contentTypeOf } from "./contentType.ts"
import type { PartJob, SegmentJob } from "./jobs.ts"
import { Listing, type ListingOptions } from "./Listing.ts"
import { type Waited, Waiters } from "./Waiters.ts"

/** Segments that wait for a slow disk, in number and in bytes. What comes beyond is lost, and the log says so. */
export const maxQueuedSegments = 16
export const maxQueuedBytes = 64 * 1024 * 1024
/** Parts beside them. */
export const maxQueuedParts = 256

/** Requests for what is not written yet wait for so many target durations; for one while nobody publishes. */
const waitTargets = 3
/** … and no longer than this, whatever the length of the segments. */
export const maxWaitMillis = 30_000

/** `end`: the publisher has left. `idle`: nothing has come for `hls_dispose`. */
type Job = SegmentJob | PartJob | "end" | "idle"

/** What is idle, but has something to write, is looked at again after so long. */
const idleCheckMillis = 1000

export type JobQueue = Queue.Queue<Job, Cause.Done>

export const makeQueue: Effect.Effect<JobQueue> = Queue.dropping<Job, Cause.Done>(maxQueuedSegments + maxQueuedParts)

export interface OutputOptions extends Omit<ListingOptions, "onChange"> {
  readonly onWritten: (segment: SegmentWritten) => void
  readonly onFailed: (error: StoreFailed) => Effect.Effect<void>
  /** Of segments that the store does not keep. */
  readonly memory: SlabMemory | undefined
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
  readonly #waiters = new Waiters()
  /** Taken from the queue and not listed yet. */
  #current: Job | undefined
  #queuedBytes = 0
  #queuedSegments = 0
  #lost = 0
  /** A part of the open segment was lost, so that its later parts are none either. */
  #partLost = false
  /** Somebody publishes. */
  #isLive = false

  constructor(options: OutputOptions, queue: JobQueue, now: number) {
    this.stream = options.name
    this.playlistFile = options.playlistFile
    this.options = options
    this.lastFrameAt = now
    this.#queue = queue
    this.#listing = new Listing({ ...options, onChange: () => this.#waiters.check() })
  }

  readonly playlist = (): Playlist | undefined => this.#listing.playlist

  readonly variant = (): Variant => this.#listing.variant

  readonly isLive = (): boolean => this.#isLive

  readonly begun: Effect.Effect<Waited> = Effect.suspend(() => this.#wait(() => this.#listing.playlist !== undefined))

  readonly listed = (position: Position): Effect.Effect<Waited> =>
    this.#wait(() => {
      const playlist = this.#listing.playlist
      return playlist === undefined || isListed(playlist, position)
    })

  /** What comes after this output has these numbers. */
  get numbers(): Playlist {
    return this.#listing.numbers
  }

  /** Somebody publishes: the first list is worth waiting for. */
  begin(): void {
    this.#isLive = true
  }

  /** A plain call on the publisher's stack, as the next two. */
  add(job: SegmentJob): void {
    const { length } = job.segment.bytes
    this.#partLost = false
    if (this.#queuedSegments < maxQueuedSegments && this.#offer(job, length)) this.#queuedSegments++
    else this.#lost++
  }

  addPart(job: PartJob): void {
    if (!this.#partLost) this.#partLost = !this.#offer(job, job.part.bytes.length)
  }

  /** The publisher has left: who waits for more is answered after what waits here. */
  end(): void {
    if (!Queue.offerUnsafe(this.#queue, "end")) this.#rest()
  }

  /** Nothing more comes: what waits is written, then everything is removed. */
  stop(): void {
    Queue.endUnsafe(this.#queue)
  }

  /** A part that is not there yet is waited for. */
  file(name: string): HlsFile | undefined {
    const known = this.#listing.file(name)
    if (known !== undefined || name !== this.#listing.hint) return known
    const written = this.#wait(() => this.#listing.hint !== name)
    const read = Effect.suspend(() => this.#listing.file(name)?.read ?? Effect.undefined)
    return { contentType: contentTypeOf(name), read: Effect.andThen(written, read), ready: () => undefined }
  }

  /** Writes what comes, until nothing has come for `hls_dispose` or it was stopped. */
  get run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.options.after
      yield* this.#listing.restore(this.options.numbers())
      const { disposeMillis } = this.options.settings
      if (disposeMillis > 0) yield* Effect.forkChild(this.#tellIdle)
      while (true) {
        const job = yield* this.#take
        if (job === ended) return
        yield* this.#process(job)
        if (job !== "idle") continue
        const idle = yield* this.#idleMillis
        // In the same step as the look at the queue: no segment must come in between.
        this.isOver = idle >= disposeMillis && Queue.sizeUnsafe(this.#queue) === 0
        if (this.isOver) return
      }
    }).pipe(this.#labelled)
  }

  /** One timer for each time of idleness: one for each segment costs more than its list. */
  get #tellIdle(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      while (true) {
        const left = this.options.settings.disposeMillis - (yield* this.#idleMillis)
        if (left <= 0 && Queue.sizeUnsafe(this.#queue) === 0) Queue.offerUnsafe(this.#queue, "idle")
        yield* Effect.sleep(left > 0 ? left : idleCheckMillis)
      }
    })
  }

  get #idleMillis(): Effect.Effect<number> {
    return Effect.map(Clock.currentTimeMillis, (now) => now - this.lastFrameAt)
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

  #offer(job: Job, length: number): boolean {
    if (this.#queuedBytes + length > maxQueuedBytes || !Queue.offerUnsafe(this.#queue, job)) return false
    this.#queuedBytes += length
    return true
  }

  #wait(isReady: () => boolean): Effect.Effect<Waited> {
    return Effect.suspend(() => {
      if (isReady()) return Effect.succeed<Waited>("ready")
      const { playlist } = this.#listing
      const targetMillis =
        playlist === undefined ? this.options.settings.fragmentMillis : 1000 * playlist.targetDuration
      return this.#waiters.wait(isReady, Math.min((this.#isLive ? waitTargets : 1) * targetMillis, maxWaitMillis))
    })
  }

  #rest(): void {
    this.#isLive = false
    this.#waiters.releaseAll()
  }

  get #take(): Effect.Effect<Job | typeof ended> {
    return Effect.match(Queue.take(this.#queue), {
      onSuccess: (job) => {
        this.#current = job
        return job
      },
      onFailure: () => ended
    })
  }

  #process(job: Job): Effect.Effect<void> {
    if (job === "idle") return Effect.void
    if (job === "end") return Effect.sync(() => this.#rest())
    this.#isLive = true
    return "part" in job ? this.#processPart(job) : this.#processSegment(job)
  }

  #processPart(job: PartJob): Effect.Effect<void> {
    return Effect.matchEffect(this.#listing.writePart(job), {
      onSuccess: () => Effect.sync(() => this.#done(job.part.bytes.length)),
      onFailure: (error) => {
        this.#done(job.part.bytes.length)
        this.#partLost = true
        this.#listing.dropParts()
        return Effect.logWarning("hls part lost", Cause.fail(error))
      }
    })
  }

  #processSegment(job: SegmentJob): Effect.Effect<void> {
    const written = this.#listing
      .write(job, (segment) => this.#listed(job, segment))
      .pipe(
        Effect.catch((error) => Effect.andThen(this.#failed(job, error), this.#listing.writePlaylist)),
        Effect.andThen(this.#listing.removeExpired(job.settings))
      )
    return this.#lost === 0 ? written : Effect.andThen(this.#tellLost, written)
  }

  #done(length: number): void {
    this.#current = undefined
    this.#queuedBytes -= length
  }

  #listed(job: SegmentJob, written: Pick<SegmentWritten, "sequence" | "file" | "uri">): void {
    this.#queuedSegments--
    this.#done(job.segment.bytes.length)
    // After a failure the store may still read it.
    this.options.memory?.give(job.segment.bytes)
    const { playlistFile, stream } = this
    const { durationMillis } = job.segment
    this.options.onWritten({ stream, durationMillis, ...written, playlistFile, root: job.settings.path })
  }

  #failed(job: SegmentJob, error: StoreFailed): Effect.Effect<void> {
    this.#queuedSegments--
    this.#done(job.segment.bytes.length)
    this.#listing.lose()
    return Effect.logWarning("hls segment lost", Cause.fail(error)).pipe(Effect.andThen(this.options.onFailed(error)))
  }

  get #tellLost(): Effect.Effect<void> {
    const lost = this.#lost
    this.#lost = 0
    this.#listing.lose()
    return Effect.logWarning("hls segments lost: the store is too slow").pipe(Effect.annotateLogs("hls.segments", lost))
  }
}
