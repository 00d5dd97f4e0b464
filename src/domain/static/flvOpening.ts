/** What a player needs to enter an FLV file in the middle: the file header, the metadata and the codec headers. */
import { concat, readUint24 } from "../bytes/bytes.ts"
import { AudioId } from "../codec/CodecId.ts"
import { flvHeader, previousTagSizeLength, tagHeaderLength } from "../flv/FlvTag.ts"
import { TagBodyReader } from "../flv/TagBody.ts"
import { Kind } from "../media/MediaFrame.ts"

/** So many bytes of a file are looked at: its headers stand at its beginning. */
export const maxOpeningBytes = 1_048_576
const fileHeaderLength = flvHeader(false, false).length

const hasHeader = (
  bytes: Uint8Array,
  kind: typeof Kind.Audio | typeof Kind.Video,
  from: number,
  to: number
): boolean => {
  let header = false
  new TagBodyReader().read(kind, 0, bytes, from, to, (frame) => {
    header ||= frame.header
  })
  return header
}

/** Sound of these codecs needs no header, so none is waited for. */
const isPlainSound = (first: number): boolean => first >> 4 !== AudioId.Aac && first >> 4 !== AudioId.ExHeader

/**
 * From the first bytes of a file: its header, its first metadata and the first header of sound and of pictures, as they
 * are. `undefined` if it is no FLV file.
 */
export const flvOpening = (bytes: Uint8Array): Uint8Array | undefined => {
  if (bytes.length < fileHeaderLength || bytes[0] !== 0x46 || bytes[1] !== 0x4c || bytes[2] !== 0x56) return undefined
  const parts = [bytes.subarray(0, fileHeaderLength)]
  const missing = new Set<number>([Kind.Data, Kind.Audio, Kind.Video])
  let at = fileHeaderLength
  while (missing.size > 0 && at + tagHeaderLength <= bytes.length) {
    const kind = bytes[at] & 0x1f
    const from = at + tagHeaderLength
    const to = from + readUint24(bytes, at + 1)
    const end = to + previousTagSizeLength
    if (end > bytes.length) break
    const wanted = missing.has(kind) && to > from
    if (wanted && (kind === Kind.Data || hasHeader(bytes, kind as typeof Kind.Audio, from, to))) {
      parts.push(bytes.subarray(at, end))
      missing.delete(kind)
    } else if (wanted && kind === Kind.Audio && isPlainSound(bytes[from])) missing.delete(kind)
    at = end
  }
  return concat(parts)
}
