/** ID3v2.4 tags (id3.org, ID3v2.4.0 structure §3 and §4) for timed metadata in transport streams and packed audio. */

import { concat, writeUint16, writeUint32 } from "../bytes/bytes.ts"
import { wrapClock } from "./packet.ts"

const encoder = new TextEncoder()
const utf8 = 3

/** 28 bits in four bytes of seven. */
const writeSyncSafe = (target: Uint8Array, at: number, value: number): void => {
  for (let i = 0; i < 4; i++) target[at + i] = (value >>> (21 - 7 * i)) & 0x7f
}

const headerLength = 10

const id3Frame = (id: string, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const body = concat(parts)
  const frame = new Uint8Array(headerLength + body.length)
  frame.set(encoder.encode(id))
  writeSyncSafe(frame, 4, body.length)
  frame.set(body, headerLength)
  return frame
}

/** TXXX: a description and its text. */
export const textFrame = (description: string, text: string): Uint8Array =>
  id3Frame("TXXX", Uint8Array.of(utf8), encoder.encode(`${description}\0${text}\0`))

/** PRIV: bytes of whoever owns the name. */
export const privateFrame = (owner: string, data: Uint8Array): Uint8Array =>
  id3Frame("PRIV", encoder.encode(`${owner}\0`), data)

/** The time of the first sample in packed audio (RFC 8216 §3.4), 90 kHz. */
export const transportTimestampFrame = (ticks: number): Uint8Array => {
  const clock = wrapClock(ticks)
  const data = new Uint8Array(8)
  writeUint16(data, 2, Math.floor(clock / 2 ** 32))
  writeUint32(data, 4, clock)
  return privateFrame("com.apple.streaming.transportStreamTimestamp", data)
}

export const id3Tag = (frames: ReadonlyArray<Uint8Array>): Uint8Array => {
  const header = Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0)
  const body = concat(frames)
  writeSyncSafe(header, 6, body.length)
  return concat([header, body])
}
