/** Frames of one segment as fragmented MP4. */
import { Fmp4Container } from "../hls/Fmp4Container.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import type { MadeSegment } from "./VodFile.ts"

/** All frames at once: a track whose first frame comes late is in the init segment too. */
export const makeSegment = (frames: ReadonlyArray<MediaFrame>, endMillis: number): MadeSegment => {
  const container = new Fmp4Container(true)
  for (const frame of frames) container.tracks.learn(frame)
  for (const frame of frames) container.write(frame)
  const bytes = container.finish(endMillis)
  return { init: container.init, bytes }
}
