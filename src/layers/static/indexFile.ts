/** A media file looked through once: FLV and TS from end to end, of MP4 the index alone. */
import * as Effect from "effect/Effect"
import { readUint32 } from "../../domain/bytes/bytes.ts"
import { boxHeaderLength } from "../../domain/mp4/box.ts"
import { FlvIndexer } from "../../domain/vod/FlvVod.ts"
import { maxMovieBytes, type Steps, typeAt } from "../../domain/vod/Movie.ts"
import { mp4Vod } from "../../domain/vod/Mp4Vod.ts"
import { TsIndexer } from "../../domain/vod/TsVod.ts"
import type { VodFile, VodIndexer } from "../../domain/vod/VodFile.ts"
import type { VodContainer } from "../../domain/vod/vodPlaylist.ts"
import { type OpenFile, readBytes } from "./files.ts"

/** Bytes between two of which others have their turn: each is a read of its own. */
const indexPieceLength = 262_144
/** Boxes of a file before its `moov`. */
const maxBoxes = 1024
/** Type and a size of 64 bits. */
const longHeaderLength = 16

const indexWhole = Effect.fnUntraced(function* ({ handle, size }: OpenFile, indexer: VodIndexer) {
  for (let at = 0; at < size;) {
    const bytes = yield* readBytes(handle, at, Math.min(size, at + indexPieceLength))
    // It has become shorter meanwhile.
    if (bytes.length === 0) break
    at += bytes.length
    indexer.push(bytes)
  }
  return indexer.end()
})

/** The contents of `moov`; `undefined` if there is none, or it is too long. */
const findMovie = Effect.fnUntraced(function* ({ handle, size }: OpenFile) {
  let at = 0
  for (let box = 0; box < maxBoxes && at + boxHeaderLength <= size; box++) {
    const header = yield* readBytes(handle, at, Math.min(size, at + longHeaderLength))
    if (header.length < boxHeaderLength) return undefined
    const isLong = readUint32(header, 0) === 1 && header.length === longHeaderLength
    const told = isLong ? readUint32(header, 8) * 2 ** 32 + readUint32(header, 12) : readUint32(header, 0)
    const length = told === 0 ? size - at : told
    const headerLength = isLong ? longHeaderLength : boxHeaderLength
    if (length < headerLength) return undefined
    if (typeAt(header, 4) === "moov") {
      return length > maxMovieBytes ? undefined : yield* readBytes(handle, at + headerLength, at + length)
    }
    at += length
  }
  return undefined
})

/** Others have their turn between two steps. */
const inTurns = Effect.fnUntraced(function* <A>(steps: Steps<A>) {
  while (true) {
    const step = steps.next()
    if (step.done === true) return step.value
    yield* Effect.yieldNow
  }
})

/** `undefined` if it cannot be played in segments. */
export const indexFile = (
  file: OpenFile,
  container: VodContainer,
  fragmentMillis: number
): Effect.Effect<VodFile | undefined> => {
  switch (container) {
    case "flv":
      return indexWhole(file, new FlvIndexer(fragmentMillis))
    case "ts":
      return indexWhole(file, new TsIndexer(fragmentMillis))
    case "mp4":
      return Effect.flatMap(findMovie(file), (moov) =>
        moov === undefined ? Effect.undefined : inTurns(mp4Vod(moov, file.size, fragmentMillis))
      )
  }
}
