/** Bytes and frames of the tests of FLV bodies. */
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import type { MalformedTag } from "../../../src/domain/flv/ExHeader.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"

export const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"))

/** Fields written as binary digits, to bytes; zeros fill the last one. */
export const packed = (bits: string): Uint8Array => {
  const digits = bits.replaceAll(" ", "")
  const all = digits.padEnd(Math.ceil(digits.length / 8) * 8, "0")
  return Uint8Array.from(all.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

export const hexOf = (view: Uint8Array): string => Buffer.from(view).toString("hex")

export interface Reading {
  readonly frames: ReadonlyArray<MediaFrame>
  readonly failure: MalformedTag | undefined
}

/** Reads one body that stands between other bytes, as in a chunk. */
export const readBody = (kind: "audio" | "video", body: Uint8Array, reader = new TagBodyReader()): Reading => {
  const around = new Uint8Array(body.length + 5).fill(0x5a)
  around.set(body, 3)
  const frames: Array<MediaFrame> = []
  const mediaKind = kind === "audio" ? Kind.Audio : Kind.Video
  const failure = reader.read(mediaKind, 1000, around, 3, 3 + body.length, (frame) => frames.push(frame))
  return { frames, failure }
}

/** What a row of a table tells of a frame; what it leaves out is the default. */
export interface Expected {
  readonly codec: number
  readonly data: string
  readonly track?: number
  readonly keyframe?: boolean
  readonly header?: boolean
  readonly compositionOffset?: number
  /** Of the body, where it is not the message itself. */
  readonly body?: string
  readonly modEx?: string
}

export const tell = (frame: MediaFrame): Required<Expected> => ({
  codec: frame.codec,
  data: hexOf(frame.data),
  track: frame.track,
  keyframe: frame.keyframe,
  header: frame.header,
  compositionOffset: frame.compositionOffset,
  body: hexOf(frame.body),
  modEx: frame.modEx === undefined ? "" : hexOf(frame.modEx)
})

export const expected = (row: Expected, message: string): Required<Expected> => ({
  codec: row.codec,
  data: row.data.replaceAll(" ", ""),
  track: row.track ?? 0,
  keyframe: row.keyframe ?? false,
  header: row.header ?? false,
  compositionOffset: row.compositionOffset ?? 0,
  body: (row.body ?? message).replaceAll(" ", ""),
  modEx: (row.modEx ?? "").replaceAll(" ", "")
})

/** Mulberry32: numbers from 0 up to `below`, the same ones for the same seed. */
export const randomOf = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
