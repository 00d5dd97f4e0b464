/** FLV files as sequences of tags, read and written by the specification's layout (Adobe FLV 10.1 annex E.3, E.4.1). */
import { readFileSync } from "node:fs"

export interface FlvTag {
  readonly type: number
  readonly timestamp: number
  readonly body: Uint8Array
}

export const readFlvTags = (path: string): ReadonlyArray<FlvTag> => {
  const file = readFileSync(path)
  const tags: Array<FlvTag> = []
  for (let at = file.readUInt32BE(5) + 4; at + 11 <= file.length;) {
    const length = file.readUIntBE(at + 1, 3)
    const timestamp = file.readUIntBE(at + 4, 3) + file[at + 7] * 0x1000000
    tags.push({ type: file[at], timestamp, body: file.subarray(at + 11, at + 11 + length) })
    at += 11 + length + 4
  }
  return tags
}

export const flvHeader = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0)

export const writeFlvTag = ({ type, timestamp, body }: FlvTag): Uint8Array => {
  const tag = Buffer.alloc(11 + body.length + 4)
  tag[0] = type
  tag.writeUIntBE(body.length, 1, 3)
  tag.writeUIntBE(timestamp & 0xffffff, 4, 3)
  tag[7] = timestamp >>> 24
  tag.set(body, 11)
  tag.writeUInt32BE(11 + body.length, 11 + body.length)
  return tag
}
