/** How long a frame of the leading track lasts, on average: pictures lead where there are any. */
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { maxGapMillis } from "./cutRules.ts"

/** So many tell: then it stays as it is, and what is made of it too. */
export const measuredSteps = 250
/** Length of the last frame of all, where no other was seen. */
const defaultStepMillis = 40

export class FramePace {
  #leader: Kind = Kind.Audio
  #last = -1
  #sum = 0
  #steps = 0
  #lastStep = defaultStepMillis

  /** Where the last frame ends, if it lasts as long as the one before. */
  get endMillis(): number {
    return this.#last + this.#lastStep
  }

  /** Milliseconds; 0 until two frames have come. */
  get stepMillis(): number {
    return this.#steps === 0 ? 0 : this.#sum / this.#steps
  }

  /** Frames a second of the pictures; 0 where there are none, or it is not known well. */
  get frameRate(): number {
    return this.#leader === Kind.Video && this.#steps > 1 ? commonRate(1000 / this.stepMillis) : 0
  }

  leads(frame: MediaFrame): boolean {
    return frame.kind === this.#leader
  }

  note(frame: MediaFrame, time: number): void {
    if (frame.kind === Kind.Video && this.#leader === Kind.Audio) this.#restart(Kind.Video)
    if (!this.leads(frame)) return
    const step = time - this.#last
    if (this.#last >= 0 && step > 0 && step <= maxGapMillis) {
      this.#lastStep = step
      if (this.#steps < measuredSteps) {
        this.#sum += step
        this.#steps++
      }
    }
    this.#last = time
  }

  /** What comes next may be another stream. */
  reset(): void {
    this.#restart(Kind.Audio)
  }

  #restart(leader: Kind): void {
    this.#leader = leader
    this.#last = -1
    this.#sum = 0
    this.#steps = 0
  }
}

const commonRates = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60, 100, 120]
/** Times are whole milliseconds: of 250 pictures the rate is known to a thousandth. */
const rateTolerance = 0.0005

const commonRate = (rate: number): number =>
  commonRates.find((common) => Math.abs(rate - common) <= common * rateTolerance) ?? rate
