/** The viewers of one source, what they share, and the loop that paces them. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { Cursor, type StartPolicy } from "../../domain/media/Cursor.ts"
import type { LogReader } from "../../domain/media/SourceLog.ts"
import { Projection } from "../../domain/media/Projection.ts"
import type { ViewOptions } from "../../services/Playback.ts"
import type { Source, SourceObserver } from "../../services/SourceRegistry.ts"
import { type Deliverer, DeliveredViewer } from "./DeliveredViewer.ts"

export interface Pace {
  /** Viewers get what has accumulated once in so long. */
  readonly periodMillis: number
  /** All viewers together: pictures at once, sound with the next picture, or where there are none after a period. */
  readonly lowLatency: boolean
  /** Shortest time between two messages to one viewer, 0 for none (`send_min_interval`). */
  readonly singleMillis: number
}

/** Viewers flushed in one tick of a merged-write period, or at once because they wait for a picture. */
const viewersPerPhase = 500
/** Ticks in a merged-write period at most. */
const maxPhases = 16
/** Pictures that come faster than this wait for the loop. */
const pictureSpacingMillis = 5
/** Sound waits this long for the next picture to go with: a flush of its own costs as much as one of a picture. */
const soundWaitMillis = 40

/** In place of the index of a keyframe. */
const nothing = -2
const noPicture = -1

export class Delivery implements SourceObserver, Deliverer, LogReader {
  readonly source: Source
  readonly #pace: () => Pace
  readonly now: () => number
  readonly #viewers: Array<DeliveredViewer> = []
  readonly #projections = new Map<string, { readonly projection: Projection; viewers: number }>()
  readonly #work = Latch.makeUnsafe(false)
  /** Those who came before there was a picture for them: they get the first one at once. */
  readonly #waiting = new Set<DeliveredViewer>()
  /** Index of the newest keyframe that those who wait were told of; `nothing` or `noPicture` before there is one. */
  #entrance = nothing
  /** Pictures in the log that were looked at. */
  #pictures = 0
  #lastFlush = 0
  fiber: Fiber.Fiber<void> | undefined

  constructor(source: Source, pace: () => Pace, now: () => number) {
    this.source = source
    this.#pace = pace
    this.now = now
  }

  get size(): number {
    return this.#viewers.length
  }

  /** Index of the first frame that a viewer still needs kept. */
  position(): number {
    let first = Infinity
    for (const { cursor } of this.#viewers) first = Math.min(first, cursor.position())
    return first
  }

  readonly appended = (): void => {
    this.#work.openUnsafe()
    if (this.#waiting.size > 0) this.#letIn()
    const { videoFrames } = this.source.log
    if (videoFrames === this.#pictures) return
    this.#pictures = videoFrames
    const { lowLatency, singleMillis } = this.#pace()
    if (!lowLatency || singleMillis > 0 || this.now() - this.#lastFlush < pictureSpacingMillis) return
    // After the publisher's stack, and in no fiber: one more for each picture of each source would cost too much.
    queueMicrotask(this.#flushAll)
  }

  readonly #flushAll = (): void => this.#flush(0, 1)

  /** At each keyframe, and at the first sound of a stream that has no picture yet. */
  #letIn(): void {
    const { hasMedia, newestEntry } = this.source.log
    const entrance = newestEntry?.index ?? (hasMedia ? noPicture : nothing)
    if (entrance === this.#entrance) return
    this.#entrance = entrance
    queueMicrotask(this.#flushWaiting)
  }

  readonly #flushWaiting = (): void => {
    const now = this.now()
    for (const { projection } of this.#projections.values()) this.#sync(projection)
    let flushed = 0
    for (const viewer of this.#waiting) {
      // The others have their turn with everybody.
      if (flushed++ === viewersPerPhase) return
      viewer.flush(now)
      if (this.#entrance >= 0 && viewer.cursor.hasBegun) this.#waiting.delete(viewer)
    }
  }

  /** What the last publisher left goes out at once; then those end who end with their publisher. */
  readonly unpublished = (): void => {
    this.#flush(0, 1)
    for (const viewer of this.#viewers.slice()) viewer.publisherLeft()
  }

  add(options: ViewOptions, start: StartPolicy): DeliveredViewer {
    const { log } = this.source
    const projection = this.#obtain(options, start)
    const cursor = new Cursor(projection, options.format.viewer(), start, options.session.counters)
    const single = this.#pace().singleMillis > 0
    const viewer = new DeliveredViewer(this, cursor, options, single)
    viewer.place = this.#viewers.push(viewer) - 1
    if (viewer.place === 0) log.addReader(this)
    // The first picture does not wait for the next flush.
    this.#sync(projection)
    viewer.flush(this.now())
    if (cursor.isBehind) this.#work.openUnsafe()
    if (!cursor.hasBegun && !single) this.#waiting.add(viewer)
    return viewer
  }

  remove(viewer: DeliveredViewer): void {
    const last = this.#viewers.pop()
    if (last !== undefined && last !== viewer) {
      this.#viewers[viewer.place] = last
      last.place = viewer.place
    }
    this.#waiting.delete(viewer)
    viewer.leave()
    if (this.size === 0) this.source.log.removeReader(this)
    const { key } = viewer.projection.format
    const shared = this.#projections.get(key)
    if (shared !== undefined && --shared.viewers === 0) this.#projections.delete(key)
  }

  stalled(nowMillis: number, stallMillis: number): Array<DeliveredViewer> {
    return this.#viewers.filter((viewer) => viewer.isStalled(nowMillis, stallMillis))
  }

  /** Flushes for ever. Wakes when there is work, then keeps the pace. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#work.await
      this.#work.closeUnsafe()
      // The publisher's stack, on which the latch was opened, goes on first.
      yield* Effect.yieldNow
      const pace = this.#pace()
      yield* pace.singleMillis > 0 ? this.#oneByOne(pace) : pace.lowLatency ? this.#together(pace) : this.#merged(pace)
    }
  })

  readonly #together = Effect.fnUntraced({ self: this }, function* (pace: Pace) {
    yield* Effect.sleep(this.source.log.hasVideo ? soundWaitMillis : pace.periodMillis)
    this.#flush(0, 1)
  })

  readonly #merged = Effect.fnUntraced({ self: this }, function* (pace: Pace) {
    const phases = Math.max(1, Math.min(maxPhases, Math.ceil(this.size / viewersPerPhase)))
    for (let phase = 0; phase < phases; phase++) {
      yield* Effect.sleep(pace.periodMillis / phases)
      this.#flush(phase, phases)
    }
  })

  readonly #oneByOne = Effect.fnUntraced({ self: this }, function* (pace: Pace) {
    this.#flush(0, 1)
    yield* Effect.sleep(pace.singleMillis)
  })

  #flush(phase: number, phases: number): void {
    const now = this.now()
    this.#lastFlush = now
    for (const { projection } of this.#projections.values()) this.#sync(projection)
    let busy = false
    for (let i = phase; i < this.#viewers.length; i += phases) {
      const viewer = this.#viewers[i]
      viewer.flush(now)
      busy ||= viewer.blocked || viewer.cursor.isBehind
      // A viewer that ended in there left its place to another one.
      if (this.#viewers[i] !== viewer) i -= phases
    }
    // Whoever has more to get is looked at again after a period, also when nothing new comes.
    if (busy) this.#work.openUnsafe()
  }

  /** Encodes what is new. What is thrown ends the viewers of this projection, and nobody else. */
  #sync(projection: Projection): void {
    try {
      projection.sync()
    } catch (defect) {
      for (const viewer of this.#viewers.slice()) if (viewer.projection === projection) viewer.fail(defect)
    }
  }

  /** It begins where its first viewer does, or at the newest keyframe if that is earlier. */
  #obtain({ format }: ViewOptions, start: StartPolicy): Projection {
    const known = this.#projections.get(format.key)
    if (known !== undefined) {
      known.viewers++
      return known.projection
    }
    const { log } = this.source
    const projection = new Projection(
      format,
      log,
      Math.min(log.newestEntry?.index ?? log.end, start(log)?.index ?? log.end)
    )
    this.#projections.set(format.key, { projection, viewers: 1 })
    return projection
  }
}
