/**
 * When a part of a segment ends (low-latency HLS): after as many frames of the leading track as come nearest to
 * `hls_part`. So all parts of a steady stream are of one length, which is PART-TARGET; iOS wants 85 % of it at least.
 */
import type { MediaFrame } from "../media/MediaFrame.ts"
import { FramePace } from "./FramePace.ts"

/** Sound ends a part that pictures should have ended, where they have paused. */
const overdueParts = 3
const overdueMillis = 1000

export class PartRules {
  readonly pace = new FramePace()
  readonly #wantedMillis: number

  /** `wantedMillis`: `hls_part`. */
  constructor(wantedMillis: number) {
    this.#wantedMillis = wantedMillis
  }

  /** Milliseconds. */
  get targetMillis(): number {
    const step = this.pace.stepMillis
    return step === 0 ? this.#wantedMillis : Math.max(1, Math.round(this.#wantedMillis / step)) * step
  }

  /** Does the part end before this frame? `durationMillis` is from its start to this one. */
  endsBefore(frame: MediaFrame, durationMillis: number): boolean {
    const target = this.targetMillis
    if (!this.pace.leads(frame)) return durationMillis >= Math.max(overdueMillis, overdueParts * target)
    // The nearest frame: times are rounded, and cameras jitter.
    return durationMillis > target - this.pace.stepMillis / 2
  }
}
