/** One viewer in its source's delivery: a cursor, a sink, and whether the sink is still busy with the last write. */
import type { Cursor } from "../../domain/media/Cursor.ts"
import type { Projection } from "../../domain/media/Projection.ts"
import {
  type Sink,
  StreamEnded,
  type Viewer,
  type ViewerEnd,
  ViewerFailed,
  type ViewOptions
} from "../../services/Playback.ts"
import type { SessionCounters } from "../../services/Sessions.ts"
import type { Source } from "../../services/SourceRegistry.ts"
import type { DrainListener } from "../../services/Transport.ts"

export class DeliveredViewer implements Viewer, DrainListener {
  readonly source: Source
  readonly projection: Projection
  readonly cursor: Cursor
  readonly #sink: Sink
  readonly #counters: SessionCounters
  readonly #onEnd: ViewOptions["onEnd"]
  readonly #now: () => number
  readonly #wake: () => void
  readonly #endWithPublisher: boolean
  #ending = false
  #failed = false
  /** One message at a time, by the delivery's own timer (`send_min_interval`). */
  readonly single: boolean
  /** Place in the delivery's list. */
  place = 0
  /** The sink has not taken all of the last write. */
  blocked = false
  #blockedSince = 0
  #queued = 0

  /** `wake` asks for a flush. */
  constructor(
    source: Source,
    projection: Projection,
    cursor: Cursor,
    options: ViewOptions,
    single: boolean,
    now: () => number,
    wake: () => void
  ) {
    const { endWithPublisher, onEnd, session, sink } = options
    this.source = source
    this.projection = projection
    this.cursor = cursor
    this.#sink = sink
    this.#counters = session.counters
    this.#onEnd = onEnd
    this.single = single
    this.#now = now
    this.#wake = wake
    this.#endWithPublisher = endWithPublisher
    sink.onDrain(this)
    session.counters.viewer = this
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
    this.#wake()
  }

  end(error: ViewerEnd): void {
    this.#onEnd?.(error)
  }

  /** Ends the viewer, if it is to end with its publisher, once it has got all that there is. */
  publisherLeft(): void {
    this.#ending = this.#endWithPublisher
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.#ending && !this.blocked && !this.cursor.isBehind) this.end(new StreamEnded({ stream: this.source.key }))
  }

  /** Gives no more, but ends the message that it is in: others on its connection go on. */
  leave(): void {
    this.blocked = false
    if (this.#counters.viewer === this) this.#counters.viewer = undefined
    if (this.#failed) return
    const rest = this.cursor.leave()
    if (rest !== undefined) this.#sink.write(rest)
  }

  /**
   * Writes what there is until the sink is busy. One write is in flight at a time, of at most `maxFlushBytes`. What is
   * thrown ends this viewer alone: flushes run on the stacks of sockets, publishers and the loop of all viewers.
   */
  flush(nowMillis: number): void {
    if (this.#failed) return
    try {
      this.#write(nowMillis)
    } catch (defect) {
      this.fail(defect)
    }
  }

  /** Ends the viewer for a bug of ours. */
  fail(defect: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.blocked = false
    this.end(new ViewerFailed({ defect }))
  }

  #write(nowMillis: number): void {
    const sink = this.#sink
    if (this.blocked && sink.queuedBytes() > 0) return
    this.blocked = false
    const { cursor } = this
    const { frames, framesDropped, jumps } = cursor
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
    this.#counters.framesOut += cursor.frames - frames
    this.#counters.framesDropped += cursor.framesDropped - framesDropped
    this.#counters.jumps += cursor.jumps - jumps
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
    this.flush(this.#now())
  }
}
