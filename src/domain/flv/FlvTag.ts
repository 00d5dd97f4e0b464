/** FLV file format, version 1 (FLV 10.1 §E.2, §E.3): file header, tag header and previous tag size. */

import { writeUint24, writeUint32 } from "../bytes/bytes.ts"

/** Type 1, body length 3, timestamp 3 + 1, stream id 3. */
export const tagHeaderLength = 11

/** Behind each tag, and once after the file header. */
export const previousTagSizeLength = 4

/** What a reader may ask for in one tag: the length field has 24 bits. */
export const maxTagBodyLength = 0xffffff

/** File header with the first previous tag size: 13 bytes. */
export const flvHeader = (hasAudio: boolean, hasVideo: boolean): Uint8Array =>
  Uint8Array.of(0x46, 0x4c, 0x56, 1, (hasAudio ? 4 : 0) | (hasVideo ? 1 : 0), 0, 0, 0, 9, 0, 0, 0, 0)

/** A whole tag with its previous tag size. */
export const tagLength = (bodyLength: number): number => tagHeaderLength + bodyLength + previousTagSizeLength

/** Writes 11 bytes. The eighth byte is the high one of the milliseconds, written in full. */
export const writeTagHeader = (
  target: Uint8Array,
  at: number,
  type: number,
  bodyLength: number,
  timestamp: number
): void => {
  target[at] = type
  writeUint24(target, at + 1, bodyLength)
  writeUint24(target, at + 4, timestamp & 0xffffff)
  target[at + 7] = timestamp >>> 24
  target[at + 8] = 0
  target[at + 9] = 0
  target[at + 10] = 0
}

/** Writes 4 bytes, to stand behind the body. */
export const writePreviousTagSize = (target: Uint8Array, at: number, bodyLength: number): void =>
  writeUint32(target, at, tagHeaderLength + bodyLength)

/** One tag in bytes of its own. */
export const flvTag = (type: number, timestamp: number, body: Uint8Array): Uint8Array => {
  const tag = new Uint8Array(tagLength(body.length))
  writeTagHeader(tag, 0, type, body.length, timestamp)
  tag.set(body, tagHeaderLength)
  writePreviousTagSize(tag, tagHeaderLength + body.length, body.length)
  return tag
}
