/** What a segment is made of: transport stream or fragmented MP4. Frames in, whole parts of segments out. */
import type { MediaFrame } from "../media/MediaFrame.ts"
import type { Tracks } from "../mp4/Tracks.ts"

export interface SegmentContainer {
  /** Of the files' names, with the dot. */
  readonly extension: ".ts" | ".m4s"
  /** After that it has nothing of the frames that were written but copies. `undefined` where too many frames wait. */
  readonly copyHeld?: () => void
  /** Bytes of the open segment, about; 0 while it is empty. */
  readonly length: number
  /** What is known of the stream's tracks. */
  readonly tracks: Tracks
  /** Takes note of a codec's header. True if frames that follow it cannot be in one segment with those before. */
  readonly learn: (header: MediaFrame) => boolean
  /** Adds a coded frame; false if this container has no place for it. */
  readonly write: (frame: MediaFrame) => boolean
  /**
   * What the open segment has had since the last cut, whose last picture lasts until `endMillis`: the segment goes on.
   * Empty if nothing has come since. The bytes are the caller's, and never change.
   */
  readonly cut: (endMillis: number) => Uint8Array
  /** The same, and ends the segment. All its parts in a row are the whole of it. */
  readonly finish: (endMillis: number) => Uint8Array
  /** What a player needs before the open segment (EXT-X-MAP); the same array for all segments that share it. */
  readonly init: Uint8Array | undefined
}
