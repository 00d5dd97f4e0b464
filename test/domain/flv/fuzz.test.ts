/** No bytes make the readers throw, and no frame points outside of its bytes. Seeds are fixed. */
import { expect, test } from "bun:test"
import { FlvReader } from "../../../src/domain/flv/FlvReader.ts"
import { flvHeader } from "../../../src/domain/flv/FlvTag.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { wrapModEx, wrapTrack } from "../../../src/domain/flv/Enhanced.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { concat } from "../../../src/domain/bytes/bytes.ts"
import { hexOf, randomOf, readBody, tell } from "./bodies.ts"

const runs = 100_000

const starts = [0x17, 0x1c, 0x27, 0x57, 0x90, 0x91, 0x93, 0x95, 0x96, 0x97, 0xa1, 0xaf, 0xd1, 0xd4, 0xd7, 0x2f]

/** Bytes that look like headers more often than chance would have it. */
const randomBody = (random: (below: number) => number): Uint8Array => {
  const body = new Uint8Array(random(40))
  for (let i = 0; i < body.length; i++) body[i] = random(3) === 0 ? random(256) : random(8)
  if (body.length > 0 && random(8) > 0) body[0] = starts[random(starts.length)]
  return body
}

const isSound = (frame: MediaFrame): boolean =>
  frame.start >= 0 &&
  frame.start < frame.end &&
  frame.end <= frame.bytes.length &&
  frame.dataStart > frame.start &&
  frame.dataStart <= frame.end &&
  frame.track >= 0 &&
  frame.track <= 255 &&
  !(frame.keyframe && (frame.header || frame.kind === Kind.Audio))

test("message bodies", () => {
  const random = randomOf(0x5eed)
  const reader = new TagBodyReader()
  let frames = 0
  let failures = 0
  for (let run = 0; run < runs; run++) {
    const body = randomBody(random)
    const kind = random(2) === 0 ? Kind.Audio : Kind.Video
    const failure = reader.read(kind, run, body, 0, body.length, (frame) => {
      frames++
      if (!isSound(frame)) throw new Error(`${kind}: ${hexOf(body)}`)
    })
    if (failure !== undefined) failures++
  }
  expect(frames).toBeGreaterThan(runs / 4)
  expect(failures).toBeGreaterThan(runs / 20)
})

test("what was read from multitrack and ModEx is read again from what is written", () => {
  const random = randomOf(0xf00d)
  for (let run = 0; run < 20_000; run++) {
    const body = randomBody(random)
    const kind = random(2) === 0 ? "audio" : "video"
    for (const frame of readBody(kind, body).frames) {
      // A command frame takes its codec from the message before.
      if (kind === "video" && frame.codec === 0) continue
      const [again] = readBody(kind, wrapModEx(frame, frame.track > 0 ? wrapTrack(frame) : frame.body)).frames
      expect({ ...tell(again), modEx: "" }).toEqual({ ...tell(frame), modEx: "" })
    }
  }
})

test("FLV streams", () => {
  const random = randomOf(0xf1f)
  for (let run = 0; run < 20_000; run++) {
    const reader = new FlvReader(1000)
    const bytes = concat([flvHeader(true, true), randomBody(random), randomBody(random), randomBody(random)])
    if (random(4) === 0) bytes[random(13)] = random(256)
    let at = 0
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + 1 + random(50))
      reader.push(bytes.subarray(at, end), (_type, _timestamp, body, start, stop) => {
        if (start < 0 || stop < start || stop > body.length) throw new Error(hexOf(bytes))
      })
      at = end
    }
  }
})
