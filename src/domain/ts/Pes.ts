/** PES packets (ISO/IEC 13818-1 §2.4.3.6) laid out over transport packets, in place. */

import { writeUint16 } from "../bytes/bytes.ts"
import {
  AdaptationControl,
  AdaptationFlag,
  flagsFieldLength,
  maxPayload,
  packetHeaderLength,
  packetLength,
  pcrFieldLength,
  unitStart,
  wrapClock,
  writePacketHeader,
  writePcr
} from "./packet.ts"

/** Start code, stream_id, length, two bytes of flags, header data length. */
export const pesFixedLength = 9
const timestampLength = 5

/** PES_packet_length counts what follows it and has 16 bits; 0 is "until the next one" and allowed for video only. */
const maxPesPacketLength = 0xffff

/** The longest payload for which the length can be told, with PTS alone. */
export const maxTimedPayload = maxPesPacketLength - 3 - timestampLength

/** data_alignment_indicator: an access unit begins with the payload. */
export const DataAlignment = 0x04

/** One elementary stream while it is written. The counter is that of its next packet with a payload. */
export interface PesStream {
  readonly pid: number
  counter: number
}

/** What the first transport packet and the header of a PES packet tell. */
export interface PesTimes {
  /** 90 kHz, of any size: written modulo 2^33. */
  pts: number
  dts: number
  /** 90 kHz, or undefined for a packet without PCR. */
  pcr: number | undefined
  randomAccess: boolean
}

export const pesHeaderLength = (times: PesTimes): number =>
  pesFixedLength + (times.pts === times.dts ? timestampLength : 2 * timestampLength)

const adaptationLength = ({ pcr, randomAccess }: PesTimes): number =>
  pcr !== undefined ? pcrFieldLength : randomAccess ? flagsFieldLength : 0

/** Transport packets that a PES packet of `pesLength` bytes with its header takes. */
export const transportPackets = (times: PesTimes, pesLength: number): number => {
  const first = maxPayload - adaptationLength(times)
  return pesLength <= first ? 1 : 1 + Math.ceil((pesLength - first) / maxPayload)
}

const writeTimestamp = (target: Uint8Array, at: number, prefix: number, ticks: number): void => {
  const clock = wrapClock(ticks)
  // 32 bits of the 33 fit the integer operators; the highest is put beside them.
  const low = clock % 0x40000000
  target[at] = (prefix << 4) | (Math.floor(clock / 0x40000000) << 1) | 1
  target[at + 1] = low >>> 22
  target[at + 2] = ((low >>> 14) & 0xfe) | 1
  target[at + 3] = low >>> 7
  target[at + 4] = ((low << 1) & 0xfe) | 1
}

export const writePesHeader = (
  target: Uint8Array,
  at: number,
  streamId: number,
  flags: number,
  times: PesTimes,
  payloadLength: number
): void => {
  const { dts, pts } = times
  const headerData = pts === dts ? timestampLength : 2 * timestampLength
  const length = payloadLength + 3 + headerData
  target[at] = 0
  target[at + 1] = 0
  target[at + 2] = 1
  target[at + 3] = streamId
  writeUint16(target, at + 4, length > maxPesPacketLength ? 0 : length)
  target[at + 6] = 0x80 | flags
  target[at + 7] = pts === dts ? 0x80 : 0xc0
  target[at + 8] = headerData
  writeTimestamp(target, at + pesFixedLength, pts === dts ? 2 : 3, pts)
  if (pts !== dts) writeTimestamp(target, at + pesFixedLength + timestampLength, 1, dts)
}

/**
 * Spreads a PES packet of `pesLength` bytes over its transport packets. It stands at the end of the room that they
 * take from `at` on, and moves to the front packet by packet: no packet's place reaches what is still to be moved.
 */
export const spreadPes = (
  target: Uint8Array,
  at: number,
  stream: PesStream,
  times: PesTimes,
  pesLength: number
): void => {
  const count = transportPackets(times, pesLength)
  const field = adaptationLength(times)
  const stuffing = count * maxPayload - field - pesLength
  const last = at + (count - 1) * packetLength
  let from = at + count * packetLength - pesLength
  if (count === 1) {
    writeStart(target, at, stream, times, field + stuffing)
    return
  }
  from += writeFirst(target, at, stream, times, field, from)
  for (let packet = at + packetLength; packet < last; packet += packetLength) {
    target.copyWithin(packet + packetHeaderLength, from, from + maxPayload)
    writePacketHeader(target, packet, stream.pid, AdaptationControl.Payload, stream.counter++)
    from += maxPayload
  }
  const control = stuffing > 0 ? AdaptationControl.Both : AdaptationControl.Payload
  writePacketHeader(target, last, stream.pid, control, stream.counter++)
  if (stuffing > 0) writeStuffing(target, last + packetHeaderLength, stuffing)
}

/** Returns how much of the PES packet went into the first transport packet. */
const writeFirst = (
  target: Uint8Array,
  at: number,
  stream: PesStream,
  times: PesTimes,
  field: number,
  from: number
): number => {
  const taken = maxPayload - field
  target.copyWithin(at + packetHeaderLength + field, from, from + taken)
  writeStart(target, at, stream, times, field)
  return taken
}

/** Header and adaptation field of `field` bytes of the packet in which a PES packet begins. */
const writeStart = (target: Uint8Array, at: number, stream: PesStream, times: PesTimes, field: number): void => {
  const control = field > 0 ? AdaptationControl.Both : AdaptationControl.Payload
  writePacketHeader(target, at, stream.pid, control, stream.counter++)
  target[at + 1] |= unitStart
  if (field === 0) return
  writeStuffing(target, at + packetHeaderLength, field)
  if (field === 1) return
  const { pcr, randomAccess } = times
  target[at + 5] = (randomAccess ? AdaptationFlag.RandomAccess : 0) | (pcr !== undefined ? AdaptationFlag.Pcr : 0)
  if (pcr !== undefined) writePcr(target, at + 6, pcr)
}

/** An adaptation field of `length` bytes, 1 to 184, with no flag set. */
const writeStuffing = (target: Uint8Array, at: number, length: number): void => {
  target[at] = length - 1
  if (length === 1) return
  target[at + 1] = 0
  target.fill(0xff, at + 2, at + length)
}
