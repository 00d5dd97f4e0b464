import { expect, test } from "bun:test"
import { publishFormat } from "../../../src/domain/forward/publishFormat.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { Projection } from "../../../src/domain/media/Projection.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { Cursor } from "../../../src/domain/media/Cursor.ts"
import { SpecChunkReader } from "../../support/specChunkReader.ts"

const frame = (kind: Kind, published: number, text: string, flags: { header?: boolean; keyframe?: boolean } = {}) => {
  const bytes = Buffer.from(text, "latin1")
  return new MediaFrame({ kind, published, bytes, start: 0, end: bytes.length, ...flags })
}

/** AMF0 strings: marker 2, length. */
const name = (text: string) => `\u0002\u0000${String.fromCharCode(text.length)}${text}`
const metadata = `${name("onMetaData")}\u0005`

const written = (frames: ReadonlyArray<MediaFrame>, late: number) => {
  const log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1_000_000 })
  const format = publishFormat({ chunkSize: 60_000, streamId: 7, multitrack: false, modEx: false })
  const projection = new Projection(format, log, 0)
  for (const before of frames.slice(0, late)) log.append(before, before.published)
  const cursor = new Cursor(projection, format.viewer(), ({ newestEntry }) => newestEntry)
  for (const after of frames.slice(late)) log.append(after, after.published)
  projection.sync()
  const reader = new SpecChunkReader()
  reader.push(Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0xea, 0x60))
  for (let bytes = cursor.next(); bytes !== undefined; bytes = cursor.next()) reader.push(new Uint8Array(bytes))
  return reader.messages
    .slice(1)
    .map(({ body, streamId, timestamp, type }) => [type, streamId, timestamp, Buffer.from(body).toString("latin1")])
}

const frames = () => [
  frame(Kind.Data, 1000, metadata, { header: true }),
  frame(Kind.Video, 1000, "\u0017\u0000header", { header: true }),
  frame(Kind.Video, 1000, "\u0017\u0001key", { keyframe: true }),
  frame(Kind.Video, 1040, "\u0027\u0001next"),
  frame(Kind.Data, 1040, metadata, { header: true }),
  frame(Kind.Data, 1080, metadata, { header: true })
]

const expected = [
  [18, 7, 0, name("@setDataFrame") + metadata],
  [9, 7, 1000, "\u0017\u0000header"],
  [9, 7, 1000, "\u0017\u0001key"],
  [9, 7, 1040, "\u0027\u0001next"],
  [18, 7, 0, name("@setDataFrame") + metadata],
  [18, 7, 0, name("@setDataFrame") + metadata]
]

test.each([0, 3, 4])("metadata is announced as a publisher does, before and after joining at frame %d", (late) => {
  expect(written(frames(), late)).toEqual(expected)
})
