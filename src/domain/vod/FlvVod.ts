/** FLV files in segments. Their headers are kept: with them in front, the bytes of a segment are an FLV file of their own. */
import { concat, equals, readUint32 } from "../bytes/bytes.ts"
import { FlvReader } from "../flv/FlvReader.ts"
import { flvHeader, flvTag, previousTagSizeLength, tagLength } from "../flv/FlvTag.ts"
import { TagBodyReader } from "../flv/TagBody.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import { type FrameCut, FrameCutter } from "./cutFrames.ts"
import { makeSegment } from "./makeSegment.ts"
import { type SegmentMaker, segmentWeight, type VodFile, type VodIndexer } from "./VodFile.ts"

/** Different sets of headers in one file; of more, the first one stays in force. */
const maxPreambles = 64

/** Of the file header, as far as it tells where the tags are. */
const openingLength = 9

const isMedia = (type: number): type is typeof Kind.Audio | typeof Kind.Video =>
  type === Kind.Audio || type === Kind.Video

/** Times are absolute: FLV counts on from the beginning of the file. */
const maker = (preamble: Uint8Array, { endMillis, startMillis }: FrameCut): SegmentMaker => {
  const reader = new FlvReader()
  const bodies = new TagBodyReader()
  const frames: Array<MediaFrame> = []
  const onTag = (type: number, timestamp: number, bytes: Uint8Array, start: number, end: number): void => {
    if (isMedia(type)) bodies.read(type, timestamp, bytes, start, end, (frame) => void frames.push(frame))
  }
  reader.push(preamble, onTag)
  return {
    push: (bytes) => void reader.push(bytes, onTag),
    end: () => makeSegment(frames, startMillis, endMillis)
  }
}

export class FlvIndexer implements VodIndexer {
  readonly #reader = new FlvReader()
  readonly #bodies = new TagBodyReader()
  readonly #cutter: FrameCutter
  readonly #headers = new Map<Kind, Uint8Array>()
  readonly #preambles: Array<Uint8Array> = []
  #changed = true
  #hasVideo = false
  #opening: Uint8Array = new Uint8Array(0)
  /** Place of the next tag; 0 as long as that of the first is not known. */
  #at = 0

  constructor(fragmentMillis: number) {
    this.#cutter = new FrameCutter(fragmentMillis)
  }

  push(bytes: Uint8Array): void {
    if (this.#at === 0) this.#findFirstTag(bytes)
    this.#reader.push(bytes, this.#onTag)
  }

  /** Its place stands in the file's header, at byte 5. */
  #findFirstTag(bytes: Uint8Array): void {
    this.#opening = concat([this.#opening, bytes.subarray(0, openingLength)])
    if (this.#opening.length >= openingLength) this.#at = readUint32(this.#opening, 5) + previousTagSizeLength
  }

  end(): VodFile | undefined {
    this.#cutter.end(this.#at)
    const { cuts } = this.#cutter
    if (cuts.length === 0) return undefined
    const preambles = this.#preambles
    const headerBytes = preambles.reduce((sum, { length }) => sum + length, 0)
    return {
      segments: cuts.map(({ endMillis, preamble, startMillis }) => ({ startMillis, endMillis, init: preamble })),
      spansOf: (segment) => [cuts[segment]],
      make: (segment) => maker(preambles[cuts[segment].preamble], cuts[segment]),
      weight: cuts.length * segmentWeight + headerBytes
    }
  }

  readonly #onTag = (type: number, timestamp: number, bytes: Uint8Array, start: number, end: number): void => {
    const at = this.#at
    this.#at += tagLength(end - start)
    if (!isMedia(type)) return
    this.#bodies.read(type, timestamp, bytes, start, end, (frame) => {
      if (frame.track === 0) this.#onFrame(frame, at, timestamp, bytes.subarray(start, end))
    })
  }

  #onFrame(frame: MediaFrame, at: number, timestamp: number, body: Uint8Array): void {
    const isVideo = frame.kind === Kind.Video
    if (isConfiguration(frame)) {
      if (isVideo) this.#hasVideo = true
      const known = this.#headers.get(frame.kind)
      if (known !== undefined && equals(known, body)) return
      this.#headers.set(frame.kind, body.slice())
      this.#changed = true
    } else if (isCoded(frame)) {
      if (isVideo) this.#hasVideo = true
      if (isVideo || !this.#hasVideo) {
        this.#cutter.frame(at, timestamp, !isVideo || frame.keyframe, this.#preamble(frame))
      } else this.#cutter.otherFrame(at)
    }
  }

  /** The headers in force, from the next keyframe on. */
  #preamble({ keyframe, kind }: MediaFrame): number {
    const isChange = this.#changed && (keyframe || kind === Kind.Audio)
    if (isChange && this.#preambles.length < maxPreambles) {
      this.#changed = false
      const tags = Array.from(this.#headers, ([kind, body]) => flvTag(kind, 0, body))
      this.#preambles.push(concat([flvHeader(true, true), ...tags]))
    }
    return Math.max(0, this.#preambles.length - 1)
  }
}
