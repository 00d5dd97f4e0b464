/** Boxes of the ISO base media file format (ISO/IEC 14496-12 §4.2), for what is written once: headers and tables. */

import { concat, writeUint16, writeUint32 } from "../bytes/bytes.ts"

/** Size and type. */
export const boxHeaderLength = 8

/** `type` at `at`, four ASCII characters. */
export const writeType = (target: Uint8Array, at: number, type: string): void => {
  for (let i = 0; i < 4; i++) target[at + i] = type.charCodeAt(i)
}

/** Below 2^53. */
export const writeUint64 = (target: Uint8Array, at: number, value: number): void => {
  writeUint32(target, at, Math.floor(value / 2 ** 32))
  writeUint32(target, at + 4, value)
}

export const box = (type: string, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const header = new Uint8Array(boxHeaderLength)
  const whole = concat([header, ...parts])
  writeUint32(whole, 0, whole.length)
  writeType(whole, 4, type)
  return whole
}

export const fullBox = (
  type: string,
  version: number,
  flags: number,
  ...parts: ReadonlyArray<Uint8Array>
): Uint8Array => box(type, uint32(version * 0x1000000 + flags), ...parts)

export const uint8 = (...values: ReadonlyArray<number>): Uint8Array => Uint8Array.from(values)

export const uint16 = (...values: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(2 * values.length)
  for (const [i, value] of values.entries()) writeUint16(bytes, 2 * i, value)
  return bytes
}

export const uint32 = (...values: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(4 * values.length)
  for (const [i, value] of values.entries()) writeUint32(bytes, 4 * i, value)
  return bytes
}

export const uint64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  writeUint64(bytes, 0, value)
  return bytes
}

const encoder = new TextEncoder()

export const ascii = (text: string): Uint8Array => encoder.encode(text)

export const zeros = (length: number): Uint8Array => new Uint8Array(length)
