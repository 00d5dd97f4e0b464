/** Transport packets (ISO/IEC 13818-1 §2.4.3.2) and the numbers that this server gives to streams, which are SRS's. */

export const packetLength = 188
export const packetHeaderLength = 4
export const maxPayload = packetLength - packetHeaderLength
export const syncByte = 0x47

/** Packet identifiers. MP3 has its own so that a change of codec is a change of stream. */
export const Pid = {
  Pat: 0,
  Video: 0x100,
  Audio: 0x101,
  Mp3: 0x102,
  Metadata: 0x103,
  Pmt: 0x1001,
  Null: 0x1fff
} as const

/** stream_type (§2.4.4.9, table 2-34; ISO/IEC 13818-1 AMD for HEVC). Opus is private data with a registration. */
export const StreamType = {
  Mpeg1Audio: 0x03,
  Mpeg2Audio: 0x04,
  PrivateData: 0x06,
  Aac: 0x0f,
  Metadata: 0x15,
  Avc: 0x1b,
  Hevc: 0x24
} as const

/** stream_id of a PES packet (§2.4.3.7, table 2-22). */
export const StreamId = { Private1: 0xbd, Padding: 0xbe, Private2: 0xbf, Audio: 0xc0, Video: 0xe0 } as const

/** payload_unit_start_indicator, in the second byte. */
export const unitStart = 0x40

/** adaptation_field_control, in the fourth byte. */
export const AdaptationControl = { Payload: 0x10, Adaptation: 0x20, Both: 0x30 } as const

/** Flags of the adaptation field (§2.4.3.4). */
export const AdaptationFlag = { Discontinuity: 0x80, RandomAccess: 0x40, Pcr: 0x10 } as const

/** Ticks of the 33-bit clocks in a second, and in a millisecond. */
export const ticksPerSecond = 90_000
export const ticksPerMilli = 90

/** PTS, DTS and the PCR base count modulo 2^33: 26.5 hours. */
export const clockModulus = 2 ** 33

/** A clock value of any size and sign, modulo 2^33. */
export const wrapClock = (ticks: number): number => {
  const wrapped = ticks % clockModulus
  return wrapped < 0 ? wrapped + clockModulus : wrapped
}

export const writePacketHeader = (target: Uint8Array, at: number, pid: number, control: number, counter: number) => {
  target[at] = syncByte
  target[at + 1] = pid >>> 8
  target[at + 2] = pid
  target[at + 3] = control | (counter & 0x0f)
}

/** program_clock_reference: 33 bits of base, 6 reserved, 9 of extension, which is 0. */
export const writePcr = (target: Uint8Array, at: number, ticks: number): void => {
  const clock = wrapClock(ticks)
  const high = Math.floor(clock / 2)
  target[at] = high >>> 24
  target[at + 1] = high >>> 16
  target[at + 2] = high >>> 8
  target[at + 3] = high
  target[at + 4] = (clock % 2 === 1 ? 0x80 : 0) | 0x7e
  target[at + 5] = 0
}

/** Length of an adaptation field with a PCR, and of one with flags alone. */
export const pcrFieldLength = 8
export const flagsFieldLength = 2

/** A packet without payload, which does not count: `counter` is that of the last packet of the PID with a payload. */
export const writeAdaptationPacket = (
  target: Uint8Array,
  at: number,
  pid: number,
  counter: number,
  flags: number,
  pcr: number
): void => {
  writePacketHeader(target, at, pid, AdaptationControl.Adaptation, counter)
  target[at + 4] = maxPayload - 1
  target[at + 5] = flags
  let stuffing = at + 6
  if ((flags & AdaptationFlag.Pcr) !== 0) {
    writePcr(target, stuffing, pcr)
    stuffing += 6
  }
  target.fill(0xff, stuffing, at + packetLength)
}
