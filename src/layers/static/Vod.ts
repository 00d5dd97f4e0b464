/**
 * Files as HLS on the fly: `film.mp4/index.m3u8` and the segments it lists. A file is looked through once, by a fiber of
 * its own; a segment is made when it is asked for. Both are kept within bounds, and neither is ever on the path of a live
 * stream.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { validatorsOf } from "../../domain/static/fileAnswer.ts"
import type { MadeSegment, VodFile } from "../../domain/vod/VodFile.ts"
import { type VodPath, vodPlaylistText } from "../../domain/vod/vodPlaylist.ts"
import type { PlainAnswer } from "../../services/HttpGateway.ts"
import { Bounded } from "./Bounded.ts"
import { type OpenFile, openFile, readPieces } from "./files.ts"
import { indexFile } from "./indexFile.ts"

/** What is known of files, and segments that were made, bytes in all. */
export const maxIndexBytes = 128 * 1024 * 1024
export const maxSegmentCacheBytes = 64 * 1024 * 1024
/** Files that are looked through, and segments that are made, at the same time. */
export const maxIndexing = 2
export const maxMaking = 4
/** Files that wait to be looked through; who asks for another one is told to come back. */
export const maxWaitingFiles = 64
/** Of a file that cannot be played, or of the key of any. */
const entryWeight = 512

const mediaType = "video/mp4"
/** Seconds. Files change seldom, and their names may come again. */
const maxAgeSeconds = 60

const answer = (contentType: string, cacheControl: string, body: Uint8Array | string): PlainAnswer => ({
  status: 200,
  headers: [
    ["Content-Type", contentType],
    ["Cache-Control", cacheControl]
  ],
  body
})

const busy: PlainAnswer = {
  status: 503,
  headers: [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Retry-After", "5"]
  ],
  body: "Service Unavailable"
}

interface Indexed {
  readonly vod: VodFile | undefined
}

export const makeVod = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const known = new Bounded<Indexed>(maxIndexBytes)
  const made = new Bounded<MadeSegment>(maxSegmentCacheBytes)
  const indexing = new Map<string, Deferred.Deferred<Indexed>>()
  const making = new Map<string, Deferred.Deferred<MadeSegment | undefined>>()
  const indexSlots = Semaphore.makeUnsafe(maxIndexing)
  const makeSlots = Semaphore.makeUnsafe(maxMaking)

  /**
   * One fiber for all who wait for the same thing; it outlives the one who asked first, and ends with the server. A defect
   * is everybody's who waits.
   */
  const once = <A>(running: Map<string, Deferred.Deferred<A>>, key: string, work: Effect.Effect<A>) =>
    Effect.suspend(() => {
      const before = running.get(key)
      if (before !== undefined) return Deferred.await(before)
      const done = Deferred.makeUnsafe<A>()
      running.set(key, done)
      return work.pipe(
        Effect.onExit((exit) =>
          Effect.andThen(
            Effect.sync(() => running.delete(key)),
            Exit.isSuccess(exit) ? Deferred.succeed(done, exit.value) : Deferred.failCause(done, exit.cause)
          )
        ),
        Effect.forkIn(scope),
        Effect.andThen(Deferred.await(done))
      )
    })

  /** A handle of its own: the request that asked may be over first. */
  const index = (directory: string, { container, file }: VodPath, fragmentMillis: number, key: string) =>
    Effect.gen(function* () {
      const opened = yield* openFile(directory, file)
      const vod =
        opened === undefined || opened === "directory" ? undefined : yield* indexFile(opened, container, fragmentMillis)
      if (vod === undefined)
        yield* Effect.annotateLogs(Effect.logWarning("file cannot be played as HLS"), "file.path", file)
      const indexed: Indexed = { vod }
      known.put(key, indexed, entryWeight + (vod?.weight ?? 0))
      return indexed
    }).pipe(Effect.scoped, indexSlots.withPermits(1))

  const make = (directory: string, { file }: VodPath, vod: VodFile, segment: number, key: string) =>
    Effect.gen(function* () {
      const opened = yield* openFile(directory, file)
      if (opened === undefined || opened === "directory") return undefined
      const maker = vod.make(segment)
      for (const { from, to } of vod.spansOf(segment)) {
        const pieces = readPieces(opened.handle, from, to)
        for (let left = to - from; left > 0;) {
          const bytes = yield* pieces
          // The file has become shorter than it was.
          if (bytes === undefined) return undefined
          left -= bytes.length
          maker.push(bytes)
        }
      }
      const segmentMade = maker.end()
      made.put(key, segmentMade, entryWeight + segmentMade.bytes.length + segmentMade.init.length)
      return segmentMade
    }).pipe(Effect.scoped, makeSlots.withPermits(1))

  const segmentOf = (directory: string, path: VodPath, vod: VodFile, segment: number, fileKey: string) => {
    const key = `${fileKey}\0${segment}`
    const before = made.get(key)
    return before === undefined ? once(making, key, make(directory, path, vod, segment, key)) : Effect.succeed(before)
  }

  /** `undefined` if there is nothing of that name. */
  const serve = Effect.fnUntraced(function* (
    directory: string,
    path: VodPath,
    fragmentMillis: number
  ): Effect.fn.Return<PlainAnswer | undefined, never, Scope.Scope> {
    const opened = yield* openFile(directory, path.file)
    if (opened === undefined || opened === "directory") return undefined
    const key = keyOf(directory, path, opened, fragmentMillis)
    const before = known.get(key)
    if (before === undefined && !indexing.has(key) && indexing.size >= maxWaitingFiles) return busy
    const { vod } = before ?? (yield* once(indexing, key, index(directory, path, fragmentMillis, key)))
    if (vod === undefined) return undefined
    const { part } = path
    if (part._tag === "Playlist") return answer("application/vnd.apple.mpegurl", "no-cache", vodPlaylistText(vod))
    const segment = part._tag === "Segment" ? part.segment : vod.segments.findIndex(({ init }) => init === part.init)
    if (vod.segments[segment] === undefined) return undefined
    const found = yield* segmentOf(directory, path, vod, segment, key)
    return found && answer(mediaType, `max-age=${maxAgeSeconds}`, part._tag === "Init" ? found.init : found.bytes)
  })

  return { serve, weights: () => ({ known: known.weight, made: made.weight }) }
})

/** Another file of the same name has another key. */
const keyOf = (directory: string, { container, file }: VodPath, { modifiedMillis, size }: OpenFile, fragment: number) =>
  [directory, file, validatorsOf({ path: file, modifiedMillis, size }).etag, container, fragment].join("\0")
