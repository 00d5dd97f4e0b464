import { expect, test } from "bun:test"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"

/** Enhanced RTMP v2 §ExAudioTagHeader: 1001 in the high nibble, the packet type in the low one, then the fourCC. */
const opus = Buffer.from("Opus")
const start = Buffer.concat([Buffer.of(0x90), opus, Buffer.from("OpusHead")])
const layout = Buffer.concat([Buffer.of(0x94), opus, Buffer.of(1, 6)])
const otherLayout = Buffer.concat([Buffer.of(0x94), opus, Buffer.of(1, 2)])
const otherStart = Buffer.concat([Buffer.of(0x90), opus, Buffer.from("OpusHead2")])
/** The same header on track 1: multitrack (5), one track, packet type 4. */
const onTrackOne = Buffer.concat([Buffer.of(0x95, 0x04), opus, Buffer.of(1, 1, 6)])

const inForceAfter = (...bodies: ReadonlyArray<Uint8Array>): ReadonlyArray<string> => {
  const log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1_000_000 })
  const tags = new TagBodyReader()
  for (const body of bodies) tags.read(Kind.Audio, 0, body, 0, body.length, (frame) => log.append(frame, 0))
  return log.headers.map(({ body, track }) => `${track} ${Buffer.from(body).toString("latin1").replace("Opus", " ")}`)
}
const text = (track: number, body: Uint8Array) =>
  `${track} ${Buffer.from(body).toString("latin1").replace("Opus", " ")}`

test("a layout of channels stands beside the codec's header, in whichever order they come", () => {
  expect(inForceAfter(start, layout)).toEqual([text(0, start), text(0, layout)])
  expect(inForceAfter(layout, start)).toEqual([text(0, start), text(0, layout)])
})

test("each replaces its like", () => {
  expect(inForceAfter(start, layout, otherLayout)).toEqual([text(0, start), text(0, otherLayout)])
  expect(inForceAfter(start, layout, otherStart)).toEqual([text(0, otherStart), text(0, layout)])
})

test("a layout of another track is that track's", () => {
  const plain = Buffer.concat([Buffer.of(0x94), opus, Buffer.of(1, 6)])
  expect(inForceAfter(start, layout, onTrackOne)).toEqual([text(0, start), text(0, layout), text(1, plain)])
})
