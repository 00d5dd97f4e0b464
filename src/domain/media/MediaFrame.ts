/**
 * One access unit, audio frame or data message of a live stream, whatever protocol brought it.
 *
 * The bytes are the body of an FLV tag (Adobe FLV 10.1 §E.4, Enhanced RTMP v2): a short header that names the codec,
 * then the codec's data. RTMP and FLV relay `body` as it is and need no knowledge of the codec; everything else reads
 * `data`. An input that is not RTMP writes that header in front of its data, which costs it 2 to 8 bytes.
 */

/** FLV tag types, which are RTMP message types too. */
export const Kind = { Audio: 8, Video: 9, Data: 18 } as const
export type Kind = (typeof Kind)[keyof typeof Kind]

export interface MediaFrameFields {
  readonly kind: Kind
  readonly published: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly dataStart?: number
  readonly track?: number
  readonly codec?: number
  readonly compositionOffset?: number
  readonly keyframe?: boolean
  readonly header?: boolean
}

/** Places of what a frame has in one number. */
const kindMask = 0x1f
const keyframeBit = 0x20
const headerBit = 0x40
const trackShift = 7
const dataOffsetShift = 15

/**
 * Bytes are shared by everyone who holds the frame and never change after it was made. They are a range of a larger
 * buffer, and views are made on demand, because a retained view costs twice the frame itself. With eight fields a frame
 * takes 80 bytes, with nine to twelve 112: what is small is in one of them.
 */
export class MediaFrame {
  /** FourCC as uint32 for Enhanced RTMP, else the 4-bit id of FLV (`CodecId.ts`). 0 for data. */
  readonly codec: number
  /** Milliseconds as received, 32-bit wrap unfolded by `append`; until then the uint32 of the wire. */
  published: number
  /** Milliseconds after timeline repair: per track never decreasing. Set once, by `append`. */
  timestamp: number
  /** Presentation minus decoding time, milliseconds, may be negative. */
  readonly compositionOffset: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Kind, keyframe, header, track and where the data begins. */
  readonly packed: number

  /** `dataStart` is less than 64 KB behind `start`. */
  constructor(fields: MediaFrameFields) {
    const { dataStart = fields.start, header = false, keyframe = false, kind, start, track = 0 } = fields
    this.codec = fields.codec ?? 0
    this.published = fields.published
    this.timestamp = fields.published
    this.compositionOffset = fields.compositionOffset ?? 0
    this.bytes = fields.bytes
    this.start = start
    this.end = fields.end
    this.packed =
      kind |
      (keyframe ? keyframeBit : 0) |
      (header ? headerBit : 0) |
      (track << trackShift) |
      ((dataStart - start) << dataOffsetShift)
  }

  get kind(): Kind {
    return (this.packed & kindMask) as Kind
  }

  /** Track id of Enhanced RTMP v2, a byte, per kind. 0 is the default track. */
  get track(): number {
    return (this.packed >> trackShift) & 0xff
  }

  /** A decoder can start here. False for audio and data, and for codec headers. */
  get keyframe(): boolean {
    return (this.packed & keyframeBit) !== 0
  }

  /** Codec configuration (sequence header, AudioSpecificConfig …), or `onMetaData` for data. */
  get header(): boolean {
    return (this.packed & headerBit) !== 0
  }

  /** Where the codec's data begins: an access unit with length-prefixed NAL units, a raw AAC frame, a hvcC record … */
  get dataStart(): number {
    return this.start + (this.packed >> dataOffsetShift)
  }

  /** ModEx prefix of Enhanced RTMP v2 as received, for peers that announced it; `body` never contains it. */
  get modEx(): Uint8Array | undefined {
    return undefined
  }

  /** The same with a copy of its bytes. */
  withOwnBytes(): MediaFrame {
    const { codec, compositionOffset, header, keyframe, kind, published, track } = this
    const bytes = this.bytes.slice(this.start, this.end)
    const place = { bytes, start: 0, end: bytes.length, dataStart: this.dataStart - this.start }
    const frame = new MediaFrame({ kind, published, ...place, track, codec, compositionOffset, keyframe, header })
    frame.timestamp = this.timestamp
    return frame
  }

  /** Length of `body` in bytes. */
  get length(): number {
    return this.end - this.start
  }

  /** The FLV tag body: single track, without ModEx. A fresh view of shared bytes: read only. */
  get body(): Uint8Array {
    return this.bytes.subarray(this.start, this.end)
  }

  /** The codec's own data. A fresh view of shared bytes: read only. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.dataStart, this.end)
  }
}

/** A frame that came with a ModEx prefix; its bytes are a copy already, because the prefix was cut off. */
class ModExFrame extends MediaFrame {
  readonly #modEx: Uint8Array

  constructor(fields: MediaFrameFields, modEx: Uint8Array) {
    super(fields)
    this.#modEx = modEx
  }

  override get modEx(): Uint8Array {
    return this.#modEx
  }

  override withOwnBytes(): MediaFrame {
    return this
  }
}

/** With or without ModEx prefix. */
export const frameOf = (fields: MediaFrameFields, modEx: Uint8Array | undefined): MediaFrame =>
  modEx === undefined ? new MediaFrame(fields) : new ModExFrame(fields, modEx)
