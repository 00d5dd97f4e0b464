/**
 * The log encoded for one format and one set of options, once for everybody. It exists while somebody reads it.
 *
 * Shared bytes are one growing run over write-once slabs; `#ends` tells for each frame where its bytes end. A frame
 * that each viewer must have encoded for itself takes no shared bytes and is marked.
 */
import { Deque } from "./Deque.ts"
import { Encoded, type Format, type SharedEncoder, type ViewerFormat } from "./Format.ts"
import type { MediaFrame } from "./MediaFrame.ts"
import { SlabWriter } from "./SlabWriter.ts"
import type { SourceLog } from "./SourceLog.ts"

/** At most this much is handed to a viewer at once; a longer frame goes out in pieces of this size. */
export const maxFlushBytes = 131_072

/** A run of shared bytes: the frames from the place asked for up to, not including, `to`. */
export interface Run {
  readonly bytes: Uint8Array
  readonly to: number
}

/** A frame as a viewer had it encoded for itself. */
interface Own {
  readonly index: number
  readonly key: string
  readonly bytes: Uint8Array
}

const noBytes = new Uint8Array(0)

/** Headers in force at a place where viewers enter: a keyframe's, else those of the frames to come. */
const headersAt = (log: SourceLog, index: number): ReadonlyArray<MediaFrame> => {
  const entry = log.newestEntry
  return entry !== undefined && entry.index === index ? entry.headers : log.headers
}

export class Projection {
  readonly format: Format
  readonly log: SourceLog
  #encoder: SharedEncoder
  readonly #slabs = new SlabWriter()
  /** For each frame, the position of its first shared byte. */
  readonly #starts: Deque<number>
  /** Index of the newest frame of each lane. */
  readonly #newestOfLane: Array<number> = []
  readonly #own = new Set<number>()
  /** The last one of each lane. */
  readonly #lastOwn: Array<Own | undefined> = []
  #newestOwn = -1
  /** By the index it begins with, since the last sync: the same view for everybody who is there. */
  readonly #runs = new Map<number, Run>()

  constructor(format: Format, log: SourceLog, from: number) {
    this.format = format
    this.log = log
    this.#encoder = format.encoder(headersAt(log, from))
    this.#starts = new Deque(from)
  }

  /** Index of the next frame to encode. */
  get end(): number {
    return this.#starts.end
  }

  /** Encodes what was appended to the log since the last call, and forgets what the log has forgotten. */
  sync(): void {
    const log = this.log
    const starts = this.#starts
    if (starts.end === log.end) return
    if (starts.end < log.first) this.#skip(log.first)
    for (let index = starts.end; index < log.end; index++) this.#encode(index)
    this.#runs.clear()
    if (starts.first < log.first) this.#forget(log.first)
  }

  /**
   * Shared bytes from the frame at `from` on: to the end of a slab, at most `maxFlushBytes` (one longer frame is given
   * whole), and no further than the first frame that this viewer must have of its own: one that cannot be shared, or
   * one of a lane in the mask `lacking`. Where that is the frame at `from`, `to` equals `from`.
   */
  run(from: number, lacking: number): Run {
    const ahead = this.#ahead(from, lacking)
    if (ahead !== 0) return this.#run(from, ahead, this.end)
    const known = this.#runs.get(from)
    if (known !== undefined) return known
    const run = this.#run(from, 0, this.end)
    this.#runs.set(from, run)
    return run
  }

  /** Like `run`, but one frame at a time. */
  single(from: number, lacking: number): Run {
    return this.#run(from, this.#ahead(from, lacking), from + 1)
  }

  /** Of the lanes in a mask, those that have something from `from` on; most streams never send metadata again. */
  #ahead(from: number, lacking: number): number {
    let ahead = 0
    for (let lane = 0; lacking >>> lane !== 0; lane++) {
      if (((lacking >>> lane) & 1) === 1 && this.#newestOfLane[lane] >= from) ahead |= 1 << lane
    }
    return ahead
  }

  #run(from: number, lacking: number, most: number): Run {
    const limit = Math.min(most, this.#nextOwn(from, lacking))
    return limit === from ? { bytes: noBytes, to: from } : this.#cut(from, limit)
  }

  /** One frame for this viewer, and for others like it: those who come at one time begin with the same picture. */
  own(index: number, viewer: ViewerFormat): Uint8Array {
    const frame = this.log.at(index)
    const key = viewer.ownKey?.(frame)
    if (key === undefined) return viewer.own(frame)
    const lane = this.#encoder.lane(frame)
    const last = this.#lastOwn[lane]
    if (last?.index === index && last.key === key) return last.bytes
    const bytes = viewer.own(frame)
    this.#lastOwn[lane] = { index, key, bytes }
    return bytes
  }

  lane(index: number): number {
    return this.#encoder.lane(this.log.at(index))
  }

  /** The log dropped frames before they were encoded. Nobody reads on over such a gap, so the encoder begins anew. */
  #skip(to: number): void {
    while (this.#starts.end < to) this.#starts.push(this.#slabs.end)
    this.#encoder = this.format.encoder(headersAt(this.log, to))
  }

  #encode(index: number): void {
    const frame = this.log.at(index)
    this.#starts.push(this.#slabs.end)
    const encoded = this.#encoder.encode(frame, this.#slabs)
    if (encoded === Encoded.Absent) return
    this.#newestOfLane[this.#encoder.lane(frame)] = index
    if (encoded === Encoded.Own) {
      this.#own.add(index)
      this.#newestOwn = index
    }
  }

  #forget(index: number): void {
    this.#starts.dropUntil(index)
    this.#slabs.dropUntil(index < this.end ? this.#starts.at(index) : this.#slabs.end)
    for (const own of this.#own) if (own < index) this.#own.delete(own)
    for (const [lane, own] of this.#lastOwn.entries()) {
      if (own !== undefined && own.index < index) this.#lastOwn[lane] = undefined
    }
  }

  #endOf(index: number): number {
    return index + 1 < this.end ? this.#starts.at(index + 1) : this.#slabs.end
  }

  /** The first frame from `from` on that the viewer must have of its own, or `end`. */
  #nextOwn(from: number, lacking: number): number {
    let next = this.end
    if (this.#newestOwn >= from) for (const own of this.#own) if (own >= from && own < next) next = own
    for (let lane = 0; lacking >>> lane !== 0; lane++) {
      if (((lacking >>> lane) & 1) === 1) next = this.#firstOfLane(lane, from, next)
    }
    return next
  }

  #firstOfLane(lane: number, from: number, to: number): number {
    for (let index = from; index < to; index++) {
      if (this.lane(index) === lane && (this.#own.has(index) || this.#endOf(index) > this.#starts.at(index)))
        return index
    }
    return to
  }

  /** Frames from `from` to at most `limit`, cut where the slab or the flush ends. */
  #cut(from: number, limit: number): Run {
    const start = this.#starts.at(from)
    if (this.#endOf(limit - 1) === start) return { bytes: noBytes, to: limit }
    const slab = this.#slabs.slabAt(start)
    const end = Math.min(start + maxFlushBytes, slab.position + slab.used)
    let to = limit
    while (to > from + 1 && this.#endOf(to - 1) > end) to--
    return { bytes: slab.bytes.subarray(start - slab.position, this.#endOf(to - 1) - slab.position), to }
  }
}
