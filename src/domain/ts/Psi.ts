/** Program specific information (ISO/IEC 13818-1 §2.4.4): one program, so that each table is one packet. */

import { writeUint16, writeUint32 } from "../bytes/bytes.ts"
import { crc32 } from "./crc32.ts"
import { AdaptationControl, packetLength, Pid, StreamType, unitStart, writePacketHeader } from "./packet.ts"

export const TableId = { Pat: 0, Pmt: 2 } as const

export const programNumber = 1
export const transportStreamId = 1

/** Descriptor tags (§2.6.1) and those of the DVB extension. */
export const DescriptorTag = { Registration: 0x05, Metadata: 0x26, MetadataPointer: 0x25, Extension: 0x7f } as const

/** format_identifier of a registration descriptor. */
export const registration = { hevc: "HEVC", opus: "Opus" } as const

export interface ElementaryStream {
  readonly pid: number
  readonly type: number
  readonly descriptors: Uint8Array
}

export interface Program {
  readonly streams: ReadonlyArray<ElementaryStream>
  readonly pcrPid: number
  /** 5 bits, counts changes. */
  readonly version: number
}

const noBytes = new Uint8Array(0)

const ascii = (text: string): Array<number> => Array.from(text, (char) => char.charCodeAt(0))

const registrationDescriptor = (identifier: string) => [DescriptorTag.Registration, 4, ...ascii(identifier)]

export const hevcDescriptors = Uint8Array.from(registrationDescriptor(registration.hevc))

/** The extension descriptor has the channel configuration (ETSI TS 101 154 draft): the count, mapped as in Vorbis. */
export const opusDescriptors = (channels: number): Uint8Array =>
  Uint8Array.from([...registrationDescriptor(registration.opus), DescriptorTag.Extension, 2, 0x80, channels])

/** Application and metadata format given by identifier: `ID3 ` (Timed Metadata for HTTP Live Streaming §2). */
const id3Format = [0xff, 0xff, ...ascii("ID3 "), 0xff, ...ascii("ID3 ")]

export const id3Descriptors = Uint8Array.from([DescriptorTag.Metadata, 13, ...id3Format, 0, 0x0f])

const id3PointerDescriptor = Uint8Array.from([
  DescriptorTag.MetadataPointer,
  15,
  ...id3Format,
  0,
  0x1f,
  0,
  programNumber
])

/** Writes header, pointer field and the start of a section, up to last_section_number. Returns the place behind it. */
const startSection = (
  target: Uint8Array,
  at: number,
  pid: number,
  counter: number,
  tableId: number,
  id: number,
  version: number
): number => {
  writePacketHeader(target, at, pid, AdaptationControl.Payload, counter)
  target[at + 1] |= unitStart
  target[at + 4] = 0
  target[at + 5] = tableId
  writeUint16(target, at + 8, id)
  // Reserved bits, version, current_next_indicator.
  target[at + 10] = 0xc1 | ((version & 0x1f) << 1)
  target[at + 11] = 0
  target[at + 12] = 0
  return at + 13
}

/** Fills in section_length, appends the CRC and stuffs the packet. */
const endSection = (target: Uint8Array, packetAt: number, end: number): void => {
  const start = packetAt + 5
  writeUint16(target, start + 1, 0xb000 | (end + 4 - (start + 3)))
  writeUint32(target, end, crc32(target, start, end))
  target.fill(0xff, end + 4, packetAt + packetLength)
}

/** Program association table: one packet. */
export const writePat = (target: Uint8Array, at: number, counter: number): void => {
  const end = startSection(target, at, Pid.Pat, counter, TableId.Pat, transportStreamId, 0)
  writeUint16(target, end, programNumber)
  writeUint16(target, end + 2, 0xe000 | Pid.Pmt)
  endSection(target, at, end + 4)
}

/** Program map table: one packet, which has room for the four streams there can be. */
export const writePmt = (target: Uint8Array, at: number, counter: number, program: Program): void => {
  const { pcrPid, streams, version } = program
  let end = startSection(target, at, Pid.Pmt, counter, TableId.Pmt, programNumber, version)
  writeUint16(target, end, 0xe000 | pcrPid)
  const info = streams.some(({ type }) => type === StreamType.Metadata) ? id3PointerDescriptor : noBytes
  writeUint16(target, end + 2, 0xf000 | info.length)
  target.set(info, end + 4)
  end += 4 + info.length
  for (const { descriptors, pid, type } of streams) {
    target[end] = type
    writeUint16(target, end + 1, 0xe000 | pid)
    writeUint16(target, end + 3, 0xf000 | descriptors.length)
    target.set(descriptors, end + 5)
    end += 5 + descriptors.length
  }
  endSection(target, at, end)
}
