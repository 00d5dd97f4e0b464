/**
 * How fast the chunk reader is: one publisher's stream in reads of 64 KB and of one TCP segment, its payload kept for
 * a while as a source would keep it.
 *
 *     bun bench/micro/chunkReader.ts
 */
import { ChunkReader, type RtmpMessage } from "../../src/domain/rtmp/ChunkReader.ts"
import { chunkedLength, writeBody, writeFmt0, writeFmt1 } from "../../src/domain/rtmp/ChunkWriter.ts"

interface Stream {
  readonly name: string
  readonly videoBytes: number
  readonly chunkSize: number
}

const streams: ReadonlyArray<Stream> = [
  { name: "190 kbps, chunks of 4096", videoBytes: 650, chunkSize: 4096 },
  { name: "1 Mbps, chunks of 4096", videoBytes: 4000, chunkSize: 4096 },
  { name: "1 Mbps, chunks of 128", videoBytes: 4000, chunkSize: 128 },
  { name: "10 Mbps, chunks of 60000", videoBytes: 41_000, chunkSize: 60_000 }
]

const seconds = 60
const keptMessages = 140

/** 30 pictures and 43 AAC frames a second, every 60th picture eight times as large; fmt 1 as FFmpeg writes it. */
const makeStream = ({ chunkSize, videoBytes }: Stream): { readonly bytes: Uint8Array; readonly messages: number } => {
  const frames = [
    ...Array.from({ length: 30 * seconds }, (_, i) => ({
      id: 6,
      type: 9,
      time: Math.round((i * 1000) / 30),
      length: i % 60 === 0 ? videoBytes * 8 : Math.round(videoBytes * (0.6 + ((i * 7919) % 80) / 100))
    })),
    ...Array.from({ length: 43 * seconds }, (_, i) => ({ id: 4, type: 8, time: Math.round(i * 23.22), length: 180 }))
  ].sort((a, b) => a.time - b.time)
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + chunkedLength(length, 12, chunkSize), 0))
  const body = Uint8Array.from({ length: videoBytes * 8 }, (_, i) => (i * 31) & 255)
  const last = new Map<number, number>()
  let at = 0
  for (const { id, length, time, type } of frames) {
    const before = last.get(id)
    at =
      before === undefined
        ? writeFmt0(bytes, at, id, time, length, type, 1)
        : writeFmt1(bytes, at, id, time - before, length, type)
    at = writeBody(bytes, at, id, body, 0, length, chunkSize, -1)
    last.set(id, time)
  }
  return { bytes: bytes.subarray(0, at), messages: frames.length }
}

interface Kept {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

const run = (bytes: Uint8Array, chunkSize: number, readBytes: number): void => {
  const reader = new ChunkReader()
  reader.chunkSize = chunkSize
  const kept: Array<Kept | undefined> = Array.from({ length: keptMessages }, () => undefined)
  let count = 0
  const handler = {
    receive: ({ bytes: payload, end, start }: RtmpMessage) => {
      kept[count++ % keptMessages] = { bytes: payload, start, end }
    }
  }
  for (let at = 0; at < bytes.length; at += readBytes) reader.push(bytes.subarray(at, at + readBytes), handler)
}

for (const stream of streams) {
  const { bytes, messages } = makeStream(stream)
  for (const readBytes of [65_536, 1460]) {
    const repeat = Math.ceil(4e8 / bytes.length)
    for (let i = 0; i < Math.ceil(repeat / 4); i++) run(bytes, stream.chunkSize, readBytes)
    const before = performance.now()
    for (let i = 0; i < repeat; i++) run(bytes, stream.chunkSize, readBytes)
    const elapsed = (performance.now() - before) / 1000
    console.log(
      stream.name.padEnd(26),
      `reads of ${readBytes}`.padEnd(15),
      `${((messages * repeat) / elapsed / 1e6).toFixed(2)} M messages/s`.padStart(18),
      `${((bytes.length * repeat) / elapsed / 1e6).toFixed(0)} MB/s`.padStart(12)
    )
  }
}
