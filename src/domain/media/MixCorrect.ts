/**
 * Merges sound and pictures of a publisher that sends them far apart, so that their times alternate (`mix_correct`).
 * Costs one frame of delay. Within sound, and within pictures, the order of arrival stays, because it is that of decoding.
 */
import { Deque } from "./Deque.ts"
import { Kind, type MediaFrame } from "./MediaFrame.ts"

/** So many waiting frames of one kind, and none of the other: there is only this kind, and it goes on (SRS). */
export const maxWaiting = 10

/** Serial comparison of milliseconds modulo 2^32. */
const isEarlier = (a: MediaFrame, b: MediaFrame): boolean => ((a.published - b.published) | 0) < 0

export class MixCorrect {
  readonly #audio = new Deque<MediaFrame>()
  readonly #video = new Deque<MediaFrame>()
  readonly #emit: (frame: MediaFrame) => void

  constructor(emit: (frame: MediaFrame) => void) {
    this.#emit = emit
  }

  /** Times are as published. Metadata waits for nothing. */
  push(frame: MediaFrame): void {
    if (frame.kind === Kind.Data) return this.#emit(frame)
    const own = frame.kind === Kind.Audio ? this.#audio : this.#video
    const other = frame.kind === Kind.Audio ? this.#video : this.#audio
    own.push(frame)
    while (own.size > 0 && other.size > 0) this.#earliest()
    if (own.size >= maxWaiting) this.#shift(own)
  }

  /** Emits what still waits. */
  end(): void {
    while (this.#audio.size > 0 && this.#video.size > 0) this.#earliest()
    while (this.#audio.size > 0) this.#shift(this.#audio)
    while (this.#video.size > 0) this.#shift(this.#video)
  }

  #earliest(): void {
    const audio = this.#audio
    const video = this.#video
    this.#shift(isEarlier(video.at(video.first), audio.at(audio.first)) ? video : audio)
  }

  #shift(frames: Deque<MediaFrame>): void {
    const { first } = frames
    const frame = frames.at(first)
    frames.dropUntil(first + 1)
    this.#emit(frame)
  }
}
