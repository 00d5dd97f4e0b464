/** When a segment ends. SRS's rules. */

export interface CutRules {
  /** `hls_fragment`. */
  readonly fragmentMillis: number
  /** `hls_td_ratio`: pictures end a segment at the fragment's length times this. */
  readonly targetDurationRatio: number
  /** `hls_aof_ratio`: sound ends it at the fragment's length times this, also within a group of pictures. */
  readonly audioOverflowRatio: number
  /** `hls_wait_keyframe`: pictures end a segment at keyframes only. */
  readonly waitKeyframe: boolean
}

/** No segment is shorter, whatever the settings say. */
export const minCutMillis = 200
/** A segment that ended early with less than this in it is not worth a line in the playlist. */
export const minKeptMillis = 100
/** One that grows beyond this ends at once: a stream without keyframe must not fill the memory. */
export const maxSegmentBytes = 64 * 1024 * 1024
/** A pause of the publisher longer than this, and longer than a segment, is not part of any segment. */
export const maxGapMillis = 5000

export const maxDurationMillis = ({ fragmentMillis, targetDurationRatio }: CutRules): number =>
  fragmentMillis * targetDurationRatio

/**
 * Does the segment end before this frame? `durationMillis` is from its first frame to this one; `deviationMillis`
 * shifts the length to keep in step with the clock (`hls_ts_floor`).
 */
export const endsBefore = (
  rules: CutRules,
  durationMillis: number,
  frame: { readonly isPicture: boolean; readonly keyframe: boolean },
  deviationMillis: number
): boolean => {
  if (durationMillis < minCutMillis) return false
  if (!frame.isPicture) return durationMillis >= rules.audioOverflowRatio * rules.fragmentMillis + deviationMillis
  if (durationMillis < maxDurationMillis(rules) + deviationMillis) return false
  return frame.keyframe || !rules.waitKeyframe
}

/** Shift of the length by so much of a segment for each segment that the counter is off the clock. */
const shiftPerSegment = 0.3
/** Further off than this the counter is set by the clock again. */
const maxDeviation = 20

/** `hls_ts_floor`: a counter near the clock divided by the segment's length, that rises by 1 with each segment. */
export class FloorCounter {
  #value: number | undefined
  #deviation = 0

  /** The number of a segment that begins now. */
  next(epochMillis: number, fragmentMillis: number): number {
    const clock = Math.floor(epochMillis / Math.max(1, fragmentMillis))
    const next = this.#value === undefined ? clock - 1 : this.#value + 1
    this.#value = Math.abs(next - clock) > maxDeviation ? clock - 1 : next
    this.#deviation = this.#value - clock
    return this.#value
  }

  /** By how much the open segment should be longer. */
  shiftMillis(fragmentMillis: number): number {
    return shiftPerSegment * this.#deviation * fragmentMillis
  }
}
