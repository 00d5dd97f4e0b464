/** NAL units of a byte stream (ISO/IEC 14496-10 annex B): where they are between their start codes. */

import { writeUint32 } from "../bytes/bytes.ts"
import { MediaFrame } from "../media/MediaFrame.ts"

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

/**
 * Four bytes of start code. As a length it would be a NAL unit of one byte, with which no access unit begins; the three
 * bytes of the short form begin every length from 256 to 511.
 */
const startsWithStartCode = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start > 4 && bytes[start] === 0 && bytes[start + 1] === 0 && bytes[start + 2] === 0 && bytes[start + 3] === 1

/**
 * The picture with lengths of four bytes, for hardware encoders that send start codes inside FLV (SRS's
 * `try_annexb_first`). Any other frame is returned as it is.
 */
export const lengthPrefixed = (frame: MediaFrame): MediaFrame => {
  if (!startsWithStartCode(frame.bytes, frame.dataStart, frame.end)) return frame
  const ranges: Array<number> = []
  const count = findNalUnits(frame.bytes, frame.dataStart, frame.end, ranges)
  const head = frame.bytes.subarray(frame.start, frame.dataStart)
  let length = head.length
  for (let i = 0; i < count; i++) length += 4 + ranges[2 * i + 1] - ranges[2 * i]
  const bytes = new Uint8Array(length)
  bytes.set(head)
  let at = head.length
  for (let i = 0; i < count; i++) {
    const unit = frame.bytes.subarray(ranges[2 * i], ranges[2 * i + 1])
    writeUint32(bytes, at, unit.length)
    bytes.set(unit, at + 4)
    at += 4 + unit.length
  }
  const { codec, compositionOffset, keyframe, kind, published, timestamp, track } = frame
  const fields = { kind, published, bytes, start: 0, end: length, dataStart: head.length }
  const prefixed = new MediaFrame({ ...fields, track, codec, compositionOffset, keyframe })
  prefixed.timestamp = timestamp
  return prefixed
}
