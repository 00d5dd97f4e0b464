/** The frames of a file of `test/fixtures/flv`, in order. */
import { join } from "node:path"
import { TagBodyReader } from "../../src/domain/flv/TagBody.ts"
import { Kind, type MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { readFlvTags } from "./flvTags.ts"

export const fixtureFrames = (name: string): ReadonlyArray<MediaFrame> => {
  const frames: Array<MediaFrame> = []
  const bodies = new TagBodyReader()
  for (const { body, timestamp, type } of readFlvTags(join(import.meta.dir, `../fixtures/flv/${name}.flv`))) {
    if (type !== Kind.Audio && type !== Kind.Video) continue
    bodies.read(type, timestamp, body, 0, body.length, (frame) => frames.push(frame))
  }
  return frames
}
