/** NAL units of a byte stream (ISO/IEC 14496-10 annex B): where they are between their start codes. */

/** NAL units of one access unit that are looked at: the specifications allow some hundred slices. */
export const maxNalUnits = 1024

/** First byte behind the next three-byte start code at or after `at`, or −1. */
const afterStartCode = (bytes: Uint8Array, at: number, end: number): number => {
  let next = at + 2
  while (next < end) {
    if (bytes[next] > 1) next += 3
    else if (bytes[next] === 1) {
      if (bytes[next - 1] === 0 && bytes[next - 2] === 0) return next + 1
      next += 3
    } else next++
  }
  return -1
}

/**
 * Fills `ranges` with start and end of each NAL unit in `bytes` from `start` to `end`, without the zeros behind it.
 * Returns how many there are.
 */
export const findNalUnits = (bytes: Uint8Array, start: number, end: number, ranges: Array<number>): number => {
  let count = 0
  let from = afterStartCode(bytes, start, end)
  while (from >= 0 && count < maxNalUnits) {
    const next = afterStartCode(bytes, from, end)
    let to = next < 0 ? end : next - 3
    while (to > from && bytes[to - 1] === 0) to--
    if (to > from) {
      ranges[2 * count] = from
      ranges[2 * count + 1] = to
      count++
    }
    from = next
  }
  return count
}
