/** What a segment is made of: transport stream or fragmented MP4. Frames in, one whole segment out. */
import type { MediaFrame } from "../media/MediaFrame.ts"

export interface SegmentContainer {
  /** Of the files' names, with the dot. */
  readonly extension: ".ts" | ".m4s"
  /** Bytes of the open segment, about; 0 while it is empty. */
  readonly length: number
  /** Takes note of a codec's header. True if frames that follow it cannot be in one segment with those before. */
  readonly learn: (header: MediaFrame) => boolean
  /** Adds a coded frame; false if this container has no place for it. */
  readonly write: (frame: MediaFrame) => boolean
  /** Ends the open segment, whose last picture lasts until `endMillis`. The bytes are the caller's, and never change. */
  readonly finish: (endMillis: number) => FinishedSegment
}

export interface FinishedSegment {
  readonly bytes: Uint8Array
  /** What a player needs before them (EXT-X-MAP); the same array for all segments that share it. */
  readonly init: Uint8Array | undefined
}
