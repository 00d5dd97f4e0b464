/** Whole MP4 files and fragmented streams of frames, and the boxes in them by the layout of ISO/IEC 14496-12 §4.2. */
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { fmp4Formats } from "../../../src/domain/mp4/Fmp4Format.ts"
import { Mp4Writer } from "../../../src/domain/mp4/Mp4Writer.ts"
import { Tracks } from "../../../src/domain/mp4/Tracks.ts"
import { bytesFrom } from "../ts/media.ts"

export const tracksOf = (frames: ReadonlyArray<MediaFrame>): Tracks => {
  const tracks = new Tracks()
  for (const frame of frames) tracks.learn(frame)
  return tracks
}

export const fragmented = (frames: ReadonlyArray<MediaFrame>): Uint8Array => {
  const encoder = fmp4Formats()({ published: false, hasAudio: true, hasVideo: true }).encoder()
  const out = new SlabWriter()
  for (const frame of frames) encoder.encode(frame, out)
  return bytesFrom(out, 0)
}

/** The same file with its index at the end, and at the beginning. */
export const files = (frames: ReadonlyArray<MediaFrame>) => {
  const writer = new Mp4Writer(tracksOf(frames).all)
  const data = frames.filter((frame) => isCoded(frame) && writer.add(frame, frame.timestamp)).map((frame) => frame.data)
  const { moov, patch, patchAt } = writer.finish()
  const late = Buffer.concat([writer.header, ...data, moov])
  late.set(patch, patchAt)
  return { late: new Uint8Array(late), fast: new Uint8Array(Buffer.concat([writer.fastStart(), ...data])) }
}

export interface SpecBox {
  readonly type: string
  readonly start: number
  readonly body: Buffer
}

/** Boxes one after the other, which must fill `bytes`. */
export const specBoxes = (bytes: Uint8Array): ReadonlyArray<SpecBox> => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const boxes: Array<SpecBox> = []
  for (let at = 0; at < all.length;) {
    const short = all.readUInt32BE(at)
    const size = short === 1 ? Number(all.readBigUInt64BE(at + 8)) : short
    if (size < 8 || at + size > all.length) throw new Error(`box of ${size} bytes at ${at}`)
    boxes.push({
      type: all.toString("latin1", at + 4, at + 8),
      start: at,
      body: all.subarray(at + (short === 1 ? 16 : 8), at + size)
    })
    at += size
  }
  return boxes
}

/** The first box on a path of types, its body. */
export const inside = (bytes: Uint8Array, ...path: ReadonlyArray<string>): Buffer => {
  let body = Buffer.from(bytes)
  for (const type of path) {
    const found = specBoxes(body).find((box) => box.type === type)
    if (found === undefined) throw new Error(`no ${type}`)
    body = Buffer.from(found.body)
  }
  return body
}
