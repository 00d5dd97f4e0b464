/**
 * Frames that say who published them, and as which of its messages: `codec header | publisher | sequence | length |
 * filler`, all numbers of 32 bits. What a viewer gets can be told from what was sent without remembering the bytes.
 */

export type FrameKind = 8 | 9 | 18

export interface SimulatedFrame {
  readonly publisher: number
  /** Counts all messages of the publisher, headers and data too. */
  readonly sequence: number
  readonly kind: FrameKind
  readonly keyframe: boolean
  readonly header: boolean
}

const identityLength = 12
const videoStart = 5
const audioStart = 2

const startOf = (kind: FrameKind): number => (kind === 9 ? videoStart : audioStart)

const codecHeader = ({ header, keyframe, kind }: SimulatedFrame): ReadonlyArray<number> =>
  kind === 9 ? [keyframe || header ? 0x17 : 0x27, header ? 0 : 1, 0, 0, 0] : [0xaf, header ? 0 : 1]

/** The body of an RTMP message, `fillerLength` longer than it must be. */
export const bodyOf = (frame: SimulatedFrame, fillerLength: number): Uint8Array => {
  const start = startOf(frame.kind)
  const body = new Uint8Array(start + identityLength + fillerLength).fill(frame.sequence & 0xff)
  body.set(codecHeader(frame))
  const view = new DataView(body.buffer)
  view.setUint32(start, frame.publisher)
  view.setUint32(start + 4, frame.sequence)
  view.setUint32(start + 8, body.length)
  return body
}

/** Throws if the bytes are none of ours, or not all of them. */
export const frameOf = (kind: 8 | 9, body: Uint8Array): SimulatedFrame => {
  const start = startOf(kind)
  if (body.length < start + identityLength) throw new Error(`a message of ${body.length} bytes`)
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const sequence = view.getUint32(start + 4)
  const last = body[body.length - 1]
  if (view.getUint32(start + 8) !== body.length) throw new Error(`a message cut to ${body.length} bytes`)
  if (body.length > start + identityLength && last !== (sequence & 0xff)) throw new Error("a message with other bytes")
  const header = body[1] === 0
  return { publisher: view.getUint32(start), sequence, kind, keyframe: body[0] === 0x17 && !header, header }
}

/** `onMetaData` with an empty ECMA array, in AMF0. */
export const metadataBody = (): Uint8Array =>
  Uint8Array.of(2, 0, 10, ...new TextEncoder().encode("onMetaData"), 8, 0, 0, 0, 0, 0, 0, 9)
