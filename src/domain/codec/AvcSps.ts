/** Sequence parameter set of H.264 (ISO/IEC 14496-10 §7.3.2.1.1, Annex E): picture size and frame rate. */

import * as Result from "effect/Result"
import { BitReader, withoutEmulationPrevention } from "./BitReader.ts"
import { MalformedConfig } from "./MalformedConfig.ts"
import { isPlausible, maxParameterSetLength, type PictureSize } from "./picture.ts"

export interface AvcSps extends PictureSize {
  readonly profile: number
  /** The six constraint_set flags and two reserved bits. */
  readonly compatibility: number
  readonly level: number
  /** From the VUI's timing information, undefined if it has none. */
  readonly framesPerSecond: number | undefined
}

/** Profiles whose parameter sets tell the chroma format and scaling matrices. */
const highProfiles: ReadonlySet<number> = new Set([44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244])

/** aspect_ratio_idc whose ratio follows in the stream. */
const extendedSar = 255

/** num_ref_frames_in_pic_order_cnt_cycle, by the specification. */
const maxOrderCycle = 255

const fail = (reason: string) => Result.fail(new MalformedConfig({ codec: "H264", reason }))

/** `nal` with its one-byte NAL unit header. */
export const decodeAvcSps = (nal: Uint8Array): Result.Result<AvcSps, MalformedConfig> => {
  if (nal.length > maxParameterSetLength) return fail(`parameter set of ${nal.length} bytes`)
  if (nal.length < 4 || (nal[0] & 0x1f) !== 7) return fail("no sequence parameter set")
  const bits = new BitReader(withoutEmulationPrevention(nal), 1)
  const profile = bits.bits(8)
  const compatibility = bits.bits(8)
  const level = bits.bits(8)
  bits.unsigned()
  const chroma = highProfiles.has(profile) ? skipHighProfile(bits) : 1
  bits.unsigned()
  if (!skipPictureOrder(bits)) return fail("picture order cycle too long")
  bits.unsigned()
  bits.bit()
  const size = readSize(bits, chroma)
  if (bits.overrun) return fail("truncated sequence parameter set")
  if (!isPlausible(size)) return fail(`picture of ${size.width} x ${size.height}`)
  const framesPerSecond = bits.flag() ? readFrameRate(bits) : undefined
  return Result.succeed({ ...size, profile, compatibility, level, framesPerSecond })
}

/** Returns chroma_format_idc, or 0 for separate colour planes, which crop like monochrome. */
const skipHighProfile = (bits: BitReader): number => {
  const chroma = bits.unsigned()
  const separatePlanes = chroma === 3 && bits.flag()
  bits.unsigned()
  bits.unsigned()
  bits.bit()
  if (bits.flag()) {
    const lists = chroma === 3 ? 12 : 8
    for (let i = 0; i < lists; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64)
  }
  return separatePlanes ? 0 : chroma
}

const skipScalingList = (bits: BitReader, size: number): void => {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.signed() + 256) & 0xff
    if (next !== 0) last = next
  }
}

const skipPictureOrder = (bits: BitReader): boolean => {
  const type = bits.unsigned()
  if (type === 0) bits.unsigned()
  if (type !== 1) return true
  bits.bit()
  bits.signed()
  bits.signed()
  const cycle = bits.unsigned()
  if (cycle > maxOrderCycle) return false
  for (let i = 0; i < cycle; i++) bits.signed()
  return true
}

const readSize = (bits: BitReader, chroma: number): PictureSize => {
  const widthInMacroblocks = bits.unsigned() + 1
  const heightInMapUnits = bits.unsigned() + 1
  const fieldFactor = bits.flag() ? 1 : 2
  if (fieldFactor === 2) bits.bit()
  bits.bit()
  let width = widthInMacroblocks * 16
  let height = heightInMapUnits * 16 * fieldFactor
  if (bits.flag()) {
    const unitX = chroma === 1 || chroma === 2 ? 2 : 1
    const unitY = (chroma === 1 ? 2 : 1) * fieldFactor
    width -= (bits.unsigned() + bits.unsigned()) * unitX
    height -= (bits.unsigned() + bits.unsigned()) * unitY
  }
  return { width, height }
}

/** The start of the VUI parameters, up to the timing information. */
const readFrameRate = (bits: BitReader): number | undefined => {
  if (bits.flag() && bits.bits(8) === extendedSar) bits.skip(32)
  if (bits.flag()) bits.bit()
  if (bits.flag()) {
    bits.skip(4)
    if (bits.flag()) bits.skip(24)
  }
  if (bits.flag()) {
    bits.unsigned()
    bits.unsigned()
  }
  if (!bits.flag()) return undefined
  const unitsInTick = bits.bits(32)
  const timeScale = bits.bits(32)
  if (bits.overrun || unitsInTick === 0 || timeScale === 0) return undefined
  // A tick is a field.
  return timeScale / (2 * unitsInTick)
}
