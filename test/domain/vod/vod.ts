/** Files of each container in memory, and their segments. */
import { readFileSync } from "node:fs"
import { FlvIndexer } from "../../../src/domain/vod/FlvVod.ts"
import { mp4Vod } from "../../../src/domain/vod/Mp4Vod.ts"
import { TsIndexer } from "../../../src/domain/vod/TsVod.ts"
import type { MadeSegment, VodFile, VodIndexer } from "../../../src/domain/vod/VodFile.ts"
import type { VodContainer } from "../../../src/domain/vod/vodPlaylist.ts"
import { inside } from "../mp4/written.ts"
import { fixtures } from "../ts/media.ts"

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(`${fixtures}/${path}`))

/** To the end, however many steps it takes. */
const finish = <A>(steps: Generator<void, A>): A => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

export const indexMovie = (moov: Uint8Array, size: number, fragmentMillis: number) =>
  finish(mp4Vod(moov, size, fragmentMillis))

const indexPieces = (indexer: VodIndexer, pieces: Iterable<Uint8Array>): VodFile | undefined => {
  for (const piece of pieces) indexer.push(piece)
  return indexer.end()
}

export const indexed = (
  container: VodContainer,
  bytes: Uint8Array,
  fragmentMillis: number,
  pieces: Iterable<Uint8Array> = [bytes]
): VodFile | undefined => {
  if (container === "mp4") return indexMovie(new Uint8Array(inside(bytes, "moov")), bytes.length, fragmentMillis)
  return indexPieces(container === "flv" ? new FlvIndexer(fragmentMillis) : new TsIndexer(fragmentMillis), pieces)
}

export const segmentOf = (vod: VodFile, bytes: Uint8Array, segment: number, pieceLength = 65_536): MadeSegment => {
  const maker = vod.make(segment)
  for (const { from, to } of vod.spansOf(segment)) {
    for (let at = from; at < to; at += pieceLength) maker.push(bytes.subarray(at, Math.min(to, at + pieceLength)))
  }
  return maker.end()
}

/** The init segment and all segments behind it. */
export const whole = (vod: VodFile, bytes: Uint8Array): Uint8Array => {
  const made = vod.segments.map((_, i) => segmentOf(vod, bytes, i))
  return new Uint8Array(Buffer.concat([made[0]!.init, ...made.map((segment) => segment.bytes)]))
}
