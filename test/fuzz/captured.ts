/** Real bytes to start from: what clients wrote on RTMP connections, and FLV files, in pieces. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { ChunkReader } from "../../src/domain/rtmp/ChunkReader.ts"
import { packetBytes } from "../../src/domain/rtmp/handshake.ts"
import { readFlv } from "../support/media.ts"

const fixtures = path.resolve(import.meta.dirname, "../fixtures")

const filesOf = (folder: string, extension: string): ReadonlyArray<Buffer> =>
  fs
    .readdirSync(path.join(fixtures, folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => fs.readFileSync(path.join(fixtures, folder, name)))

const handshakeLength = 1 + 2 * packetBytes

/** C0, C1 and C2 and a little more. */
export const handshakes = filesOf("rtmp", ".bin").map((bytes) => bytes.subarray(0, handshakeLength + 64))

const streams = filesOf("rtmp", ".bin")
  .map((bytes) => bytes.subarray(handshakeLength))
  .filter((bytes) => Result.isSuccess(new ChunkReader().push(bytes, { receive: () => undefined })))

/** The first chunks of connections. */
export const chunks = streams.map((bytes) => bytes.subarray(0, 1200))

export interface CapturedMessage {
  readonly type: number
  readonly body: Uint8Array
}

/** Whole messages; long ones are media and are cut, which leaves them as they can come. */
export const messages: ReadonlyArray<CapturedMessage> = streams.flatMap((bytes) => {
  const found: Array<CapturedMessage> = []
  new ChunkReader().push(bytes, {
    receive: ({ bytes, end, start, type }) =>
      found.push({ type, body: Uint8Array.from(bytes.subarray(start, Math.min(end, start + 400))) })
  })
  return found.slice(0, 60)
})

export const bodiesOf = (...types: ReadonlyArray<number>): ReadonlyArray<Uint8Array> =>
  messages.filter(({ type }) => types.includes(type)).map(({ body }) => body)

/** The beginnings of FLV files. */
export const flvFiles = [...filesOf("flv", ".flv"), ...filesOf("rtmp", ".flv")].map((bytes) => bytes.subarray(0, 1500))

const tags = fs
  .readdirSync(path.join(fixtures, "flv"))
  .filter((name) => name.endsWith(".flv"))
  .flatMap((name) => readFlv(path.join(fixtures, "flv", name)).tags.slice(0, 20))

/** Bodies of FLV tags of one type (8 audio, 9 video, 18 data), of every codec that there are files of. */
export const tagBodies = (type: number): ReadonlyArray<Uint8Array> =>
  tags.filter((tag) => tag.type === type).map(({ body }) => Uint8Array.from(body.subarray(0, 400)))
