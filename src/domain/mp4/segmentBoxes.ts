/** Boxes that stand before movie fragments: `styp`, `sidx`, `prft`, `emsg` (ISO/IEC 14496-12 §8.16, 23009-1 §5.10). */

import { ascii, box, fullBox, uint16, uint32, uint64 } from "./box.ts"

/** A segment, of CMAF where `cmaf` says so: one track alone. */
export const styp = (cmaf: boolean): Uint8Array =>
  box("styp", ascii("msdh"), uint32(0), ...["msdh", "msix", ...(cmaf ? ["cmfs", "cmff"] : [])].map(ascii))

export interface SegmentIndex {
  readonly trackId: number
  readonly timescale: number
  /** Ticks. */
  readonly earliestPresentation: number
  /** Bytes between the index and what it refers to. */
  readonly firstOffset: number
  readonly references: ReadonlyArray<SegmentReference>
}

export interface SegmentReference {
  /** Below 2^31. */
  readonly bytes: number
  readonly duration: number
  /** Begins with a random access point of type 1. */
  readonly startsWithSync: boolean
}

const sapType1 = 0x90000000

export const sidx = ({ earliestPresentation, firstOffset, references, timescale, trackId }: SegmentIndex): Uint8Array =>
  fullBox(
    "sidx",
    1,
    0,
    uint32(trackId, timescale),
    uint64(earliestPresentation),
    uint64(firstOffset),
    uint16(0, references.length),
    ...references.map(({ bytes, duration, startsWithSync }) => uint32(bytes, duration, startsWithSync ? sapType1 : 0))
  )

/** Seconds from 1900, where NTP counts from, to 1970. */
const ntpEpochSeconds = 2_208_988_800

/** What the wall clock of `prft` is the time of (§8.16.5.2, flags). */
export const ReferenceTime = { EncoderInput: 0, EncoderOutput: 1, Finalized: 2, Written: 4, Arbitrary: 8 } as const

/** Producer reference time: `mediaTime`, ticks, was at `epochMillis` on the producer's wall clock. */
export const prft = (trackId: number, epochMillis: number, mediaTime: number, flags: number): Uint8Array => {
  const seconds = Math.floor(epochMillis / 1000)
  const fraction = Math.floor(((epochMillis - seconds * 1000) / 1000) * 2 ** 32)
  return fullBox("prft", 1, flags, uint32(trackId, seconds + ntpEpochSeconds, fraction), uint64(mediaTime))
}

export interface EventMessage {
  readonly scheme: string
  readonly value: string
  readonly timescale: number
  /** Ticks of `timescale` on the timeline of the presentation. */
  readonly presentationTime: number
  /** Ticks, 0xffffffff for unknown. */
  readonly duration: number
  readonly id: number
  readonly data: Uint8Array
}

/** Scheme of an ID3 tag in an event message (AOM: Carriage of ID3 Timed Metadata in CMAF). */
export const id3Scheme = "https://aomedia.org/emsg/ID3"

export const emsg = (message: EventMessage): Uint8Array =>
  fullBox(
    "emsg",
    1,
    0,
    uint32(message.timescale),
    uint64(message.presentationTime),
    uint32(message.duration, message.id),
    ascii(`${message.scheme}\0${message.value}\0`),
    message.data
  )
