/** Opus in MPEG-TS (ETSI TS 101 154 draft, as FFmpeg has it): each packet behind a control header. */

/** control_header_prefix 0x3ff in 11 bits, then flags: start trim, end trim, control extension, two reserved. */
const prefix = 0x7fe0
const prefixMask = 0xffe0
const StartTrim = 0x10
const EndTrim = 0x08
const ControlExtension = 0x04

export const controlHeaderLength = (packetLength: number): number => 3 + Math.floor(packetLength / 255)

/** Without trims and extension. Returns the place behind it. */
export const writeControlHeader = (target: Uint8Array, at: number, packetLength: number): number => {
  target[at] = prefix >>> 8
  target[at + 1] = prefix & 0xff
  let to = at + 2
  let rest = packetLength
  for (; rest >= 255; rest -= 255) target[to++] = 255
  target[to++] = rest
  return to
}

/** Where the packet behind a control header is. */
export interface OpusRange {
  readonly start: number
  readonly end: number
}

/** The control header at `at`; undefined where none is, or where it reaches beyond `end`. */
export const readControlHeader = (bytes: Uint8Array, at: number, end: number): OpusRange | undefined => {
  if (at + 3 > end || (((bytes[at] << 8) | bytes[at + 1]) & prefixMask) !== prefix) return undefined
  const flags = bytes[at + 1]
  let from = at + 2
  let length = 0
  while (from < end && bytes[from] === 255) {
    length += 255
    from++
  }
  if (from >= end) return undefined
  length += bytes[from++]
  if ((flags & StartTrim) !== 0) from += 2
  if ((flags & EndTrim) !== 0) from += 2
  if ((flags & ControlExtension) !== 0) from += 1 + (from < end ? bytes[from] : 0)
  return from + length > end ? undefined : { start: from, end: from + length }
}
