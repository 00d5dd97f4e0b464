/** What the first packet of a PES packet tells (ISO/IEC 13818-1 §2.4.3.6), without putting it together. */
import { AdaptationControl, AdaptationFlag, packetHeaderLength, packetLength } from "../ts/packet.ts"
import type { TsCodec } from "../ts/Sections.ts"

export interface PesStart {
  /** 33 bits, 90 kHz. */
  readonly dts: number
  readonly randomAccess: boolean
  /** Where the coded data begins. */
  readonly payload: number
}

const timestampAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] >>> 1) & 7) * 0x40000000 +
  ((bytes[at + 1] << 22) | ((bytes[at + 2] >>> 1) << 15) | (bytes[at + 3] << 7) | (bytes[at + 4] >>> 1))

const fixedLength = 9
const HasPts = 0x80
const HasDts = 0x40

/** Of a packet at `at` that starts a unit; `undefined` if it has no time. */
export const pesStart = (bytes: Uint8Array, at: number): PesStart | undefined => {
  const control = bytes[at + 3] & AdaptationControl.Both
  let start = at + packetHeaderLength
  let flags = 0
  if ((control & AdaptationControl.Adaptation) !== 0) {
    if (bytes[start] > 0) flags = bytes[start + 1]
    start += 1 + bytes[start]
  }
  const end = at + packetLength
  if ((control & AdaptationControl.Payload) === 0 || start + fixedLength + 5 > end) return undefined
  if (bytes[start] !== 0 || bytes[start + 1] !== 0 || bytes[start + 2] !== 1) return undefined
  const times = bytes[start + 7]
  if ((times & HasPts) === 0) return undefined
  const payload = start + fixedLength + bytes[start + 8]
  const hasDts = (times & HasDts) !== 0 && start + fixedLength + 10 <= end
  return {
    dts: timestampAt(bytes, start + fixedLength + (hasDts ? 5 : 0)),
    randomAccess: (flags & AdaptationFlag.RandomAccess) !== 0,
    payload
  }
}

/** NAL unit types that stand only in front of, or in, a picture without reference to others. */
const isKeyUnit = (header: number, codec: TsCodec): boolean => {
  if (codec === "hevc") {
    const type = (header >>> 1) & 0x3f
    return (type >= 16 && type <= 21) || (type >= 32 && type <= 34)
  }
  const type = header & 0x1f
  return type === 5 || type === 7
}

/** Whether the packet at `at`, whose coded data begins at `payload`, has the beginning of a keyframe. Old files do not flag it. */
export const beginsWithKeyframe = (bytes: Uint8Array, payload: number, at: number, codec: TsCodec): boolean => {
  const end = at + packetLength
  for (let i = payload; i + 3 < end; i++) {
    if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1 && isKeyUnit(bytes[i + 3], codec)) return true
  }
  return false
}
