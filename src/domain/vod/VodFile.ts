/** What is known of a media file that is to be played in segments: where each is, and how it becomes fragmented MP4. */

export interface VodSegment {
  /** Decoding time of its first frame, and of what follows its last one; milliseconds. */
  readonly startMillis: number
  readonly endMillis: number
  /** Which of the file's init segments it needs. */
  readonly init: number
}

/** Bytes of the file, from `from` to before `to`. */
export interface ByteSpan {
  readonly from: number
  readonly to: number
}

/** One segment in the making: takes the bytes of its spans in their order, in pieces of any length. */
export interface SegmentMaker {
  readonly push: (bytes: Uint8Array) => void
  readonly end: () => MadeSegment
}

export interface MadeSegment {
  /** What a player needs before it. */
  readonly init: Uint8Array
  readonly bytes: Uint8Array
}

export interface VodFile {
  /** Never empty. */
  readonly segments: ReadonlyArray<VodSegment>
  /** What of the file a segment is made of. */
  readonly spansOf: (segment: number) => ReadonlyArray<ByteSpan>
  readonly make: (segment: number) => SegmentMaker
  /** Bytes of memory that this knowledge takes, about. */
  readonly weight: number
}

/** Takes a whole file in pieces of any length, and knows it then; `undefined` if nothing in it can be played. */
export interface VodIndexer {
  readonly push: (bytes: Uint8Array) => void
  readonly end: () => VodFile | undefined
}

/** Pictures and sound of a segment alternate in fragments of this length, for players that read one after the other. */
export const interleaveMillis = 1000
/** A segment that grows beyond this ends at the next frame, keyframe or not. */
export const maxSegmentBytes = 32 * 1024 * 1024
/** Segments of one file: a day in segments of a second. */
export const maxSegments = 86_400
/** Of one segment in memory, for the bound of all that is known of files. */
export const segmentWeight = 128
