/**
 * Timeline repair, once, where frames enter a source: per track times never decrease, the wrap of 32-bit milliseconds
 * is unfolded, and a publisher's jump is closed so that what follows plays on. Every other gap stays true: one picture
 * a second stays one picture a second.
 */
import { Kind, type MediaFrame } from "./MediaFrame.ts"

/** A track that steps back by more than this has jumped; by less, it is held at its last time. */
export const maxBackwardMillis = 250
/** A track that steps ahead by more than this beyond what the wall clock moved has jumped. */
export const maxForwardMillis = 5000
/** A track that begins may be this far behind the others: sound and pictures are not always interleaved closely. */
const maxInterleaveMillis = 1000
/** Taken for a track's frame duration until two of its frames were seen. */
const defaultDurationMillis = 10
/** A frame duration worth remembering is below this. */
const maxDurationMillis = 1000

interface Track {
  /** Unfolded time as published. */
  published: number
  /** Repaired time. */
  timestamp: number
  arrivedAt: number
  duration: number
  /** Repaired minus published. */
  offset: number
}

export class Timeline {
  readonly #tracks = new Map<number, Track>()
  #newest: Track | undefined
  /** Highest repaired time of any track. */
  #latest = 0
  /** Tracks of a new publisher begin at or after this. */
  #floor = 0
  /** No sound or picture of the new publisher has come yet. */
  #restarted = false

  get latest(): number {
    return this.#latest
  }

  /** Time as published of the newest frame of sound or pictures. */
  get latestPublished(): number {
    return this.#newest?.published ?? 0
  }

  /** Another publisher goes on with the stream: its times follow those of the last one. */
  restart(): void {
    this.#tracks.clear()
    this.#floor = this.#latest
    this.#restarted = true
  }

  /** Unfolds `frame.published` and sets `frame.timestamp`. `nowMillis` is a monotonic arrival time. */
  repair(frame: MediaFrame, nowMillis: number): void {
    const id = frame.kind * 256 + frame.track
    const track = this.#tracks.get(id)
    frame.published = this.#unfold(frame.published, track ?? this.#newest)
    const next = track === undefined ? this.#enter(id, frame, nowMillis) : this.#follow(track, frame, nowMillis)
    next.arrivedAt = nowMillis
    if (frame.kind !== Kind.Data) {
      this.#newest = next
      this.#restarted = false
      if (next.timestamp > this.#latest) this.#latest = next.timestamp
    }
    // Encoders stamp metadata with 0 at any time.
    frame.timestamp = frame.kind === Kind.Data ? Math.max(next.timestamp, this.#latest) : next.timestamp
  }

  /** Serial arithmetic: the unfolded time nearest to the last one. */
  #unfold(wire: number, near: Track | undefined): number {
    return near === undefined ? wire : near.published + ((wire - near.published) | 0)
  }

  #enter(id: number, frame: MediaFrame, nowMillis: number): Track {
    const near = this.#newest
    let offset = near === undefined ? 0 : near.offset
    const step = near === undefined ? 0 : frame.published + offset - near.timestamp
    const backward = this.#restarted ? 0 : maxInterleaveMillis
    if (near !== undefined && !this.#fits(step, nowMillis - near.arrivedAt, backward)) {
      offset = near.timestamp + near.duration - frame.published
    }
    const { published } = frame
    const timestamp = Math.max(this.#floor, published + offset)
    const track = { published, timestamp, arrivedAt: nowMillis, duration: defaultDurationMillis, offset }
    this.#tracks.set(id, track)
    return track
  }

  #follow(track: Track, frame: MediaFrame, nowMillis: number): Track {
    const elapsed = Math.max(0, nowMillis - track.arrivedAt)
    let step = frame.published + track.offset - track.timestamp
    if (step < 0 || step > elapsed + maxInterleaveMillis) {
      track.offset = this.#leap(track, frame, step, nowMillis)
      step = frame.published + track.offset - track.timestamp
    }
    if (step > 0 && step < maxDurationMillis) track.duration = step
    track.published = frame.published
    track.timestamp += Math.max(0, step)
    return track
  }

  #fits(step: number, elapsed: number, backward = maxBackwardMillis): boolean {
    return step >= -backward && step <= Math.max(0, elapsed) + maxForwardMillis
  }

  /**
   * The offset after a step that is out of line. If another track is where this frame is, it has made the same step
   * before: its offset keeps sound and picture together, also where only one of them is out of bounds. Else a step
   * within bounds stays true, and a jump follows by one frame.
   */
  #leap(track: Track, frame: MediaFrame, step: number, nowMillis: number): number {
    const elapsed = Math.max(0, nowMillis - track.arrivedAt)
    for (const other of this.#tracks.values()) {
      const apart = frame.published + other.offset - other.timestamp
      const since = Math.max(0, nowMillis - other.arrivedAt)
      if (other === track || apart < -maxBackwardMillis || apart > since + maxInterleaveMillis) continue
      const along = frame.published + other.offset - track.timestamp
      if (this.#fits(along, elapsed + maxInterleaveMillis, maxInterleaveMillis)) return other.offset
    }
    if (this.#fits(step, elapsed)) return track.offset
    const follow = frame.kind === Kind.Data ? 0 : track.duration
    return track.timestamp + follow - frame.published
  }
}
