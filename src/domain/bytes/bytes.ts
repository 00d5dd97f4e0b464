/** Big-endian integers in byte arrays, as every protocol here uses them. No bounds checks: the caller knows the length. */

export const readUint16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]

export const readUint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]

/** `>>> 0` because `<<` yields a signed 32-bit number. */
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0

export const readInt24 = (bytes: Uint8Array, at: number): number => (readUint24(bytes, at) << 8) >> 8

export const writeUint16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export const writeUint24 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 16
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value
}

export const writeUint32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** A number on its way into bytes or out of them: a DataView of each array would cost more than what it is for. */
const float64 = new DataView(new ArrayBuffer(8))

export const readFloat64 = (bytes: Uint8Array, at: number): number => {
  for (let i = 0; i < 8; i++) float64.setUint8(i, bytes[at + i])
  return float64.getFloat64(0)
}

export const writeFloat64 = (bytes: Uint8Array, at: number, value: number): void => {
  float64.setFloat64(0, value)
  for (let i = 0; i < 8; i++) bytes[at + i] = float64.getUint8(i)
}

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const equals = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
