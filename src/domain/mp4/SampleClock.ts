/**
 * Times of sound counted in samples. Milliseconds are too coarse for it (1024 samples are 21.3 or 23.2 ms), so frames
 * follow each other without gap as long as that stays near their milliseconds.
 */
export const maxDriftMillis = 30

export class SampleClock {
  readonly #timescale: number
  #next = -1

  constructor(timescale: number) {
    this.#timescale = timescale
  }

  /** Start of a frame of `duration` ticks that has this timestamp, milliseconds. */
  at(timestamp: number, duration: number): number {
    const told = Math.round((timestamp * this.#timescale) / 1000)
    const follows = this.#next >= 0 && Math.abs(told - this.#next) * 1000 <= maxDriftMillis * this.#timescale
    const time = follows ? this.#next : told
    this.#next = time + duration
    return time
  }
}
