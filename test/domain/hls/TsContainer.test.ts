import { describe, expect, test } from "bun:test"
import { TsContainer } from "../../../src/domain/hls/TsContainer.ts"
import { concat } from "../../../src/domain/bytes/bytes.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SlabMemory } from "../../../src/domain/media/SlabMemory.ts"
import { framesOf } from "../ts/media.ts"

/** All segments of the frames, one for each group of pictures. */
const segments = (
  container: TsContainer,
  frames: ReadonlyArray<MediaFrame>,
  done: (frame: MediaFrame) => void,
  take: (segment: Uint8Array) => void
): void => {
  for (const frame of frames) {
    if (frame.kind === Kind.Video && frame.keyframe && container.length > 0) take(container.finish())
    if (frame.header) container.learn(frame.withOwnBytes())
    else container.write(frame)
    done(frame)
  }
  take(container.finish())
}

const fresh = (frames: ReadonlyArray<MediaFrame>): ReadonlyArray<Uint8Array> => {
  const all: Array<Uint8Array> = []
  segments(
    new TsContainer(false),
    frames,
    () => undefined,
    (segment) => all.push(segment)
  )
  return all
}

for (const clip of ["h264-aac", "hevc-opus"] as const) {
  describe(clip, () => {
    test("segments are the same in memory that was used before", () => {
      const frames = [...framesOf(clip), ...framesOf(clip)]
      const memory = new SlabMemory()
      const buffers = new Set<ArrayBufferLike>()
      const used: Array<Uint8Array> = []
      segments(
        new TsContainer(false, memory),
        frames,
        () => undefined,
        (segment) => {
          used.push(segment.slice())
          buffers.add(segment.buffer)
          segment.fill(0xaa)
          memory.give(segment)
        }
      )
      expect(Buffer.compare(concat(used), concat(fresh(frames)))).toBe(0)
      expect(buffers.size).toBeLessThan(used.length)
    })

    test("nothing of a frame is needed once what is held was copied", () => {
      const container = new TsContainer(false)
      const all: Array<Uint8Array> = []
      segments(
        container,
        framesOf(clip).map((frame) => frame.withOwnBytes()),
        (frame) => {
          container.copyHeld()
          frame.bytes.fill(0xaa)
        },
        (segment) => all.push(segment)
      )
      expect(Buffer.compare(concat(all), concat(fresh(framesOf(clip))))).toBe(0)
    })
  })
}
