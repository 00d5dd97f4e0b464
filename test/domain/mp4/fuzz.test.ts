/** No header makes a track throw, and every sample entry is whole boxes. Seeds are fixed. */
import { expect, test } from "bun:test"
import { MediaFrame, type Kind } from "../../../src/domain/media/MediaFrame.ts"
import { Tracks } from "../../../src/domain/mp4/Tracks.ts"
import { initSegment } from "../../../src/domain/mp4/initSegment.ts"
import { randomOf } from "../flv/bodies.ts"
import { framesOf } from "../ts/media.ts"
import { inside, specBoxes } from "./written.ts"

const sources = ["h264-aac", "h264-mp3", "hevc-opus", "av1-flac", "vp9-ac3"].flatMap((name) =>
  framesOf(name).slice(0, 6)
)

/** The same frame with a few bytes changed or its end cut off. */
const mutated = (frame: MediaFrame, random: (below: number) => number): MediaFrame => {
  const body = frame.body.slice()
  const dataStart = frame.dataStart - frame.start
  const length = dataStart + 1 + random(body.length - dataStart)
  for (let change = random(6); change > 0; change--) body[dataStart + random(length - dataStart)] = random(256)
  const { codec, header, keyframe } = frame
  const kind: Kind = frame.kind
  const end = random(3) === 0 ? length : body.length
  return new MediaFrame({ kind, codec, header, keyframe, published: 0, bytes: body, start: 0, end, dataStart })
}

test("headers and frames", () => {
  const random = randomOf(0x3b04)
  let tracks = 0
  for (let run = 0; run < 100_000; run++) {
    const known = new Tracks()
    const frame = mutated(sources[random(sources.length)], random)
    known.learn(frame)
    for (const track of known.all) {
      tracks++
      if (!Number.isInteger(track.duration(frame)) || track.duration(frame) < 0) throw new Error(track.codecs)
      if (run % 10 === 0) specBoxes(inside(initSegment([track]), "moov", "trak", "mdia", "minf", "stbl"))
    }
  }
  expect(tracks).toBeGreaterThan(10_000)
})
