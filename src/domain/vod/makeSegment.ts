/** Frames of one segment as fragmented MP4. */
import { concat } from "../bytes/bytes.ts"
import { Fmp4Container } from "../hls/Fmp4Container.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { interleaveMillis, type MadeSegment } from "./VodFile.ts"

/** All frames at once: a track whose first frame comes late is in the init segment too. */
export const makeSegment = (frames: ReadonlyArray<MediaFrame>, startMillis: number, endMillis: number): MadeSegment => {
  const container = new Fmp4Container(true)
  for (const frame of frames) container.tracks.learn(frame)
  const leading = container.tracks.video === undefined ? Kind.Audio : Kind.Video
  const parts: Array<Uint8Array> = []
  let cutAt = startMillis + interleaveMillis
  for (const frame of frames) {
    if (frame.kind === leading && frame.published >= cutAt) {
      parts.push(container.cut(frame.published))
      cutAt = frame.published + interleaveMillis
    }
    container.write(frame)
  }
  parts.push(container.finish(endMillis))
  return { init: container.init, bytes: concat(parts) }
}
