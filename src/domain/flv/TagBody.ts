/** Bodies of FLV tags, which are RTMP audio and video messages, as `MediaFrame`s. */

import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { readAudio } from "./AudioBody.ts"
import type { MalformedTag } from "./ExHeader.ts"
import { VideoBodyReader } from "./VideoBody.ts"

/** Of one publisher. */
export class TagBodyReader {
  readonly #video = new VideoBodyReader()

  /**
   * Emits the frames of one message body, `bytes` from `start` to `end`: usually one that refers to these very bytes,
   * which must not change afterwards. A multitrack message gives one per track, and those, like the frame of a message
   * with a ModEx prefix, own a copy. An empty body gives none.
   */
  read(
    kind: typeof Kind.Audio | typeof Kind.Video,
    timestamp: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    emit: (frame: MediaFrame) => void
  ): MalformedTag | undefined {
    return kind === Kind.Video
      ? this.#video.read(timestamp, bytes, start, end, emit)
      : readAudio(timestamp, bytes, start, end, emit)
  }
}
