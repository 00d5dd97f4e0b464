/** One connection's place in the stream: gives the destination what it lacks, and never a frame twice. */
import { Cursor } from "../../domain/media/Cursor.ts"
import type { Format } from "../../domain/media/Format.ts"
import { Projection } from "../../domain/media/Projection.ts"
import type { Entry, LogReader, SourceLog } from "../../domain/media/SourceLog.ts"
import type { Publication } from "../../services/RtmpClient.ts"
import type { ForwardCounters } from "./ForwardCounters.ts"

export class ForwardFeed {
  readonly #projection: Projection
  readonly #cursor: Cursor
  readonly #publication: Publication
  readonly #counters: ForwardCounters

  /** Begins at the newest keyframe, or where an earlier connection had come to `from`, at the first keyframe after it. */
  constructor(log: SourceLog, format: Format, publication: Publication, counters: ForwardCounters, from: number) {
    const start = ({ hasVideo, liveEntry, newestEntry }: SourceLog): Entry | undefined => {
      if (!hasVideo) return liveEntry
      return from < 0 ? newestEntry : log.entryAfter(from)
    }
    const entry = log.hasMedia ? start(log) : undefined
    this.#projection = new Projection(format, log, entry?.index ?? log.end)
    this.#cursor = new Cursor(this.#projection, format.viewer(), start, counters)
    this.#publication = publication
    this.#counters = counters
  }

  get reader(): LogReader {
    return this.#cursor
  }

  /** Index in the log of the next frame. */
  get position(): number {
    return this.#cursor.position()
  }

  /** Writes what there is until the connection is busy. */
  readonly flush = (): void => {
    const cursor = this.#cursor
    const publication = this.#publication
    if (publication.queuedBytes() > 0) return
    this.#projection.sync()
    let bytes = cursor.next()
    while (bytes !== undefined) {
      publication.write(bytes)
      this.#counters.bytesOut += bytes.length
      bytes = publication.queuedBytes() > 0 ? undefined : cursor.next()
    }
  }
}
