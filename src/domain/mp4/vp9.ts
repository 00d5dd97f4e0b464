/** The uncompressed header of a VP9 keyframe (VP9 bitstream §6.2, §7.2). */

import { BitReader } from "../codec/BitReader.ts"
import { isPlausible, type PictureSize } from "../codec/picture.ts"

const syncCode = 0x498342
const rgb = 7

/** Undefined for anything but a keyframe. */
export const vp9PictureSize = (frame: Uint8Array): PictureSize | undefined => {
  const bits = new BitReader(frame, 0, Math.min(frame.length, 16))
  if (bits.bits(2) !== 2) return undefined
  const profile = bits.bit() + 2 * bits.bit()
  if (profile === 3) bits.bit()
  const showExisting = bits.flag()
  const interFrame = bits.flag()
  bits.skip(2)
  if (showExisting || interFrame || bits.bits(24) !== syncCode) return undefined
  if (profile >= 2) bits.bit()
  if (bits.bits(3) === rgb) bits.skip(profile === 1 || profile === 3 ? 1 : 0)
  else bits.skip(profile === 1 || profile === 3 ? 4 : 1)
  const size = { width: bits.bits(16) + 1, height: bits.bits(16) + 1 }
  return bits.overrun || !isPlausible(size) ? undefined : size
}
