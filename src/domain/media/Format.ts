/** How a log becomes bytes: encoded once for everybody where possible, for one viewer where not. */
import type { MediaFrame } from "./MediaFrame.ts"
import type { SlabWriter } from "./SlabWriter.ts"

/** What became of a frame in the shared bytes. */
export const Encoded = {
  /** Written once, for everybody. */
  Shared: 0,
  /** Not part of this format: nobody gets it. */
  Absent: 1,
  /** Encoded by `ViewerFormat.own`. */
  Own: 2
} as const
export type Encoded = (typeof Encoded)[keyof typeof Encoded]

/** A place where a viewer enters the log. */
export interface Join {
  /** Metadata, then audio headers, then video headers in force there; empty if the stream has not begun. */
  readonly headers: ReadonlyArray<MediaFrame>
  /** Times of the frame at that place, repaired and as published, milliseconds. */
  readonly timestamp: number
  readonly published: number
  /** Lowest timestamps that can still follow, of sound and of pictures; what was before is not later. */
  readonly earliestAudio: number
  readonly earliestVideo: number
  /** The stream has sound (pictures), as far as is known here. */
  readonly hasAudio: boolean
  readonly hasVideo: boolean
}

/** One viewer's part of the encoding: what stands before and between the shared bytes. */
export interface ViewerFormat {
  /** Bytes to write on joining, jumping or resuming: headers, anchors, file header. May be empty. */
  readonly enter: (join: Join) => Uint8Array
  /** One frame that the shared bytes do not have for it. */
  readonly own: (frame: MediaFrame) => Uint8Array
  /**
   * What the bytes of `own` depend on besides the frame and the format's key: viewers that are alike in it share them.
   * Without it nobody does.
   */
  readonly ownKey?: (frame: MediaFrame) => string
  /**
   * Where a frame, or the rest of one, may be cut so that others can write in between: at about `most` bytes. Without
   * it anywhere.
   */
  readonly cut?: (bytes: Uint8Array, most: number) => number
}

/** The shared encoder of one projection: it sees every frame of the log from where it began, in order. */
export interface SharedEncoder {
  readonly encode: (frame: MediaFrame, out: SlabWriter) => Encoded
  /** The lane (0–31) of a frame: a viewer that enters gets the first frame of each lane in `lanes` as its own. */
  readonly lane: (frame: MediaFrame) => number
}

export interface Format {
  /** Viewers with equal keys share one projection. Names every option that changes the shared bytes. */
  readonly key: string
  /** Bit mask of the lanes in which a viewer needs its first frame encoded for itself; 0 where bytes are absolute. */
  readonly lanes: number
  /** `headers`: those in force where it begins; it sees later ones as frames. */
  readonly encoder: (headers?: ReadonlyArray<MediaFrame>) => SharedEncoder
  /** What is private to the viewer (its stream id, say) is in this closure, not in the key. */
  readonly viewer: () => ViewerFormat
}
