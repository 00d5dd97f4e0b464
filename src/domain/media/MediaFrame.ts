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
  readonly modEx?: Uint8Array | undefined
}

/**
 * Bytes are shared by everyone who holds the frame and never change after it was made. They are a range of a larger
 * buffer, and views are made on demand, because a retained view costs twice the frame itself.
 */
export class MediaFrame {
  readonly kind: Kind
  /** Track id of Enhanced RTMP v2, per kind. 0 is the default track. */
  readonly track: number
  /** FourCC as uint32 for Enhanced RTMP, else the 4-bit id of FLV (`CodecId.ts`). 0 for data. */
  readonly codec: number
  /** Milliseconds as received, 32-bit wrap unfolded by `append`; until then the uint32 of the wire. */
  published: number
  /** Milliseconds after timeline repair: per track never decreasing. Set once, by `append`. */
  timestamp: number
  /** Presentation minus decoding time, milliseconds, may be negative. */
  readonly compositionOffset: number
  /** `keyframe` and `header` in one: with a field more a frame takes 160 bytes instead of 112, and there are many. */
  readonly role: "keyframe" | "header" | undefined
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Where the codec's data begins: an access unit with length-prefixed NAL units, a raw AAC frame, a hvcC record … */
  readonly dataStart: number
  /** ModEx prefix of Enhanced RTMP v2 as received, for peers that announced it; `body` never contains it. */
  readonly modEx: Uint8Array | undefined

  constructor(fields: MediaFrameFields) {
    this.kind = fields.kind
    this.track = fields.track ?? 0
    this.codec = fields.codec ?? 0
    this.published = fields.published
    this.timestamp = fields.published
    this.compositionOffset = fields.compositionOffset ?? 0
    this.role = fields.header === true ? "header" : fields.keyframe === true ? "keyframe" : undefined
    this.bytes = fields.bytes
    this.start = fields.start
    this.end = fields.end
    this.dataStart = fields.dataStart ?? fields.start
    this.modEx = fields.modEx
  }

  /** A decoder can start here. False for audio and data, and for codec headers. */
  get keyframe(): boolean {
    return this.role === "keyframe"
  }

  /** Codec configuration (sequence header, AudioSpecificConfig …), or `onMetaData` for data. */
  get header(): boolean {
    return this.role === "header"
  }

  /** The same with a copy of its bytes. */
  withOwnBytes(): MediaFrame {
    const { header, keyframe } = this
    const bytes = this.bytes.slice(this.start, this.end)
    const frame = new MediaFrame({
      ...this,
      header,
      keyframe,
      bytes,
      start: 0,
      end: bytes.length,
      dataStart: this.dataStart - this.start
    })
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
