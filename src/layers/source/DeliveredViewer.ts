/** One viewer in its source's delivery: a cursor, a sink, and whether the sink is still busy with the last write. */
import type { Cursor } from "../../domain/media/Cursor.ts"
import type { Projection } from "../../domain/media/Projection.ts"
import {
  type Sink,
  StreamEnded,
  type Viewer,
  type ViewerEnd,
  type ViewerOwner,
  ViewerFailed,
  type ViewOptions
} from "../../services/Playback.ts"
import type { SessionCounters } from "../../services/Sessions.ts"
import type { Source } from "../../services/SourceRegistry.ts"
import type { DrainListener } from "../../services/Transport.ts"

/** What delivers to a viewer. */
export interface Deliverer {
  readonly source: Source
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Asks for a flush. */
  readonly appended: () => void
}

type Stage =
  /** With its publisher, or without. */
  | "staying"
  /** Until its publisher leaves. */
  | "visiting"
  /** Until it has got all that there is. */
  | "ending"
  | "failed"

export class DeliveredViewer implements Viewer, DrainListener {
  readonly cursor: Cursor
  readonly #delivery: Deliverer
  readonly #sink: Sink
  readonly #counters: SessionCounters
  readonly #owner: ViewerOwner | undefined
  #stage: Stage
  /** One message at a time, by the delivery's own timer (`send_min_interval`). */
  readonly single: boolean
  /** Place in the delivery's list. */
  place = 0
  /** The sink has not taken all of the last write. */
  blocked = false
  #blockedSince = 0
  #queued = 0

  constructor(delivery: Deliverer, cursor: Cursor, options: ViewOptions, single: boolean) {
    const { endWithPublisher, owner, session, sink } = options
    this.#delivery = delivery
    this.cursor = cursor
    this.#sink = sink
    this.#counters = session.counters
    this.#owner = owner
    this.single = single
    this.#stage = endWithPublisher ? "visiting" : "staying"
    sink.onDrain(this)
    session.counters.viewer = this
  }

  get source(): Source {
    return this.#delivery.source
  }

  get projection(): Projection {
    return this.cursor.projection
  }

  /** From the next frame that it lacks to the newest one. */
  get behindMillis(): number {
    const { log } = this.source
    const at = Math.max(this.cursor.position(), log.first)
    return at < log.end ? Math.max(0, log.timeline.latest - log.at(at).timestamp) : 0
  }

  pause(): void {
    this.cursor.pause()
  }

  /** Gets what there is with the next flush, also while the publisher sends nothing. */
  resume(): void {
    this.cursor.resume()
    this.#delivery.appended()
  }

  end(error: ViewerEnd): void {
    this.#owner?.fail(error)
  }

  /** Ends the viewer, if it is to end with its publisher, once it has got all that there is. */
  publisherLeft(): void {
    if (this.#stage === "visiting") this.#stage = "ending"
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.#stage !== "ending" || this.blocked || this.cursor.isBehind) return
    this.end(new StreamEnded({ stream: this.source.key }))
  }

  /** Gives no more, but ends the message that it is in: others on its connection go on. */
  leave(): void {
    this.blocked = false
    if (this.#counters.viewer === this) this.#counters.viewer = undefined
    if (this.#stage === "failed") return
    const rest = this.cursor.leave()
    if (rest !== undefined) this.#sink.write(rest)
  }

  /**
   * Writes what there is until the sink is busy. One write is in flight at a time, of at most `maxFlushBytes`. What is
   * thrown ends this viewer alone: flushes run on the stacks of sockets, publishers and the loop of all viewers.
   */
  flush(nowMillis: number): void {
    if (this.#stage === "failed") return
    try {
      this.#write(nowMillis)
    } catch (defect) {
      this.fail(defect)
    }
  }

  /** Ends the viewer for a bug of ours. */
  fail(defect: unknown): void {
    if (this.#stage === "failed") return
    this.#stage = "failed"
    this.blocked = false
    this.end(new ViewerFailed({ defect }))
  }

  #write(nowMillis: number): void {
    const sink = this.#sink
    if (this.blocked && sink.queuedBytes() > 0) return
    this.blocked = false
    const { cursor } = this
    let bytes = cursor.next(this.single)
    while (bytes !== undefined) {
      sink.write(bytes)
      if (sink.queuedBytes() > 0) {
        this.blocked = true
        this.#blockedSince = nowMillis
        this.#queued = sink.queuedBytes()
        break
      }
      if (this.single) break
      bytes = cursor.next()
    }
    this.#endWhenDone()
  }

  /** Whether the sink has accepted nothing for so long. */
  isStalled(nowMillis: number, stallMillis: number): boolean {
    if (!this.blocked) return false
    const queued = this.#sink.queuedBytes()
    if (queued !== this.#queued) {
      this.#queued = queued
      this.#blockedSince = nowMillis
    }
    return queued > 0 && nowMillis - this.#blockedSince >= stallMillis
  }

  /** Of the sink. */
  drained(): void {
    if (!this.blocked || this.single) return
    try {
      this.projection.sync()
    } catch (defect) {
      return this.fail(defect)
    }
    this.flush(this.#delivery.now())
  }
}
