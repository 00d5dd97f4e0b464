/** The files of one stream: written in order by a fiber of its own, off the media path. */
import { randomBytes } from "node:crypto"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { equals } from "../../domain/bytes/bytes.ts"
import { maxDurationMillis } from "../../domain/hls/cutRules.ts"
import { encrypt, keyLength } from "../../domain/hls/encrypt.ts"
import { fileName, fileOfUri, isSafePath, withExtension } from "../../domain/hls/fileName.ts"
import {
  type ListedSegment,
  type Playlist,
  playlistText,
  readPlaylist,
  type SegmentKey
} from "../../domain/hls/Playlist.ts"
import type { Segment } from "../../domain/hls/Segmenter.ts"
import { SegmentWindow, type StoredSegment } from "../../domain/hls/SegmentWindow.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { HlsFile, HlsOutput, SegmentWritten } from "../../services/HlsSegmenter.ts"
import { type SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { cutRules, hasKeyUrl, type HlsSettings, keyUri, playlistFileOf, segmentUri } from "./options.ts"

/** Segments that wait for a slow disk, in number and in bytes. What comes beyond is lost, and the log says so. */
export const maxQueuedSegments = 16
export const maxQueuedBytes = 64 * 1024 * 1024
/** Files that could not be removed and are tried again; more are given up. */
export const maxUndeleted = 1000

/** A segment on its way to the store. */
export interface SegmentJob {
  readonly segment: Segment
  readonly settings: HlsSettings
  readonly utc: boolean
  /** When it began, milliseconds of the epoch. */
  readonly openedAt: number
  /** `[timestamp]` of its name. */
  readonly timestamp: number
}

export interface OutputOptions {
  readonly name: StreamName
  readonly settings: HlsSettings
  readonly files: SegmentFiles
  readonly keys: SegmentFiles
  /** Told when a file is there to be served, and when no more. */
  readonly index: { readonly add: (file: string) => void; readonly remove: (file: string) => void }
  readonly onWritten: (segment: SegmentWritten) => void
  readonly onFailed: (error: StoreFailed) => Effect.Effect<void>
  /** The output before it has removed its files. */
  readonly after: Effect.Effect<unknown>
  /** Where the numbers go on if there is no playlist. */
  readonly numbers: Playlist | undefined
}

interface CurrentKey extends SegmentKey {
  readonly file: string
  readonly bytes: Uint8Array
}

interface Place {
  readonly files: SegmentFiles
  readonly contentType: string
}

const contentTypes: Readonly<Record<string, string>> = {
  ts: "video/MP2T",
  m4s: "video/iso.segment",
  mp4: "video/mp4",
  key: "application/octet-stream"
}

const contentTypeOf = (file: string): string =>
  contentTypes[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream"

/** Instead of a job: the queue was ended. */
const ended = "ended"

const encoder = new TextEncoder()

export class Output implements HlsOutput {
  readonly stream: StreamName
  readonly playlistFile: string
  readonly options: OutputOptions
  /** Clock of the last frame, milliseconds: `hls_dispose` counts from there. */
  lastFrameAt: number
  /** `hls_on_error ignore`: nothing more until the next publish. */
  isOff = false
  /** Done when its files are gone. */
  readonly gone = Deferred.makeUnsafe<void>()
  readonly #queue: Queue.Queue<SegmentJob, Cause.Done>
  readonly #window = new SegmentWindow()
  readonly #places = new Map<string, Place>()
  #queuedBytes = 0
  #lost = 0
  #listed: Playlist | undefined
  #key: CurrentKey | undefined
  #init: { readonly bytes: Uint8Array; readonly file: string } | undefined
  #gap = false
  #undeleted: Array<string> = []

  constructor(options: OutputOptions, queue: Queue.Queue<SegmentJob, Cause.Done>, now: number) {
    this.stream = options.name
    this.playlistFile = playlistFileOf(options.settings, options.name)
    this.options = options
    this.lastFrameAt = now
    this.#queue = queue
  }

  readonly playlist = (): Playlist | undefined => this.#listed

  readonly bandwidth = (): number => this.#window.bandwidth

  /** What comes after this output has these numbers. */
  get numbers(): Playlist {
    return this.#window.playlist
  }

  /** A plain call on the publisher's stack. */
  add(job: SegmentJob): void {
    const { length } = job.segment.bytes
    if (this.#queuedBytes + length <= maxQueuedBytes && Queue.offerUnsafe(this.#queue, job)) this.#queuedBytes += length
    else this.#lost++
  }

  /** Nothing more comes: what waits is written, then everything is removed. */
  stop(): void {
    Queue.endUnsafe(this.#queue)
  }

  file(name: string): HlsFile | undefined {
    const place = this.#places.get(name)
    return place && { contentType: place.contentType, read: place.files.read(name) }
  }

  /** Writes what comes until nothing has come for `hls_dispose`; then everything is removed. */
  get run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.options.after
      yield* this.#restore
      while (true) {
        const { disposeMillis } = this.options.settings
        const idle = (yield* Clock.currentTimeMillis) - this.lastFrameAt
        if (disposeMillis > 0 && idle >= disposeMillis && Queue.sizeUnsafe(this.#queue) === 0) return
        const take = Effect.catch(Queue.take(this.#queue), () => Effect.succeed<typeof ended>(ended))
        const limit = disposeMillis === 0 ? Duration.infinity : Duration.millis(Math.max(0, disposeMillis - idle))
        const job = Option.getOrUndefined(yield* Effect.timeoutOption(take, limit))
        if (job === ended) return
        if (job === undefined) continue
        this.#queuedBytes -= job.segment.bytes.length
        yield* this.#tellLost
        yield* Effect.catch(this.#write(job), (error) => this.#failed(error))
        yield* this.#writePlaylist
        yield* this.#removeExpired(job.settings)
      }
    }).pipe(Effect.annotateLogs("stream.name", this.#label()))
  }

  /** Removes all files. Whoever calls it has taken the output out of the index of outputs. */
  readonly dispose: Effect.Effect<void> = Effect.suspend(() => {
    this.#listed = undefined
    const segments = this.#window.takeAll()
    this.#key = undefined
    this.#init = undefined
    return this.#remove([this.playlistFile, ...segments.flatMap(({ files }) => files), ...this.#undeleted]).pipe(
      Effect.andThen(Effect.logInfo("hls disposed")),
      Effect.annotateLogs({ "stream.name": this.#label(), "hls.segments": segments.length }),
      Effect.ensuring(Deferred.succeed(this.gone, undefined))
    )
  })

  /** Expired segments would be forgotten with the process. */
  readonly removeAllExpired: Effect.Effect<void> = Effect.suspend(() =>
    this.options.settings.cleanup
      ? this.#remove(this.#window.takeAllExpired().flatMap(({ files }) => files))
      : Effect.void
  )

  #label(): string {
    return `${this.options.name.app}/${this.options.name.stream}`
  }

  /** Goes on with the playlist that an earlier process left. */
  get #restore(): Effect.Effect<void> {
    const { files, numbers, settings } = this.options
    if (numbers !== undefined) this.#window.restore(numbers, [])
    return Effect.gen({ self: this }, function* () {
      const bytes = yield* files.read(this.playlistFile)
      const playlist = bytes === undefined ? undefined : readPlaylist(new TextDecoder().decode(bytes))
      if (playlist === undefined) return
      const segments = playlist.segments.map((listed) => this.#restored(settings, listed))
      this.#window.restore(playlist, segments)
      for (const file of segments.flatMap((segment) => segment.files)) this.#place(file, files)
      this.#list()
      yield* Effect.logInfo("hls goes on").pipe(Effect.annotateLogs("hls.sequence", this.#window.nextSequence))
    }).pipe(Effect.catch((error) => Effect.logWarning("hls playlist not read", error)))
  }

  #restored(settings: HlsSettings, listed: ListedSegment): StoredSegment {
    const uris = [listed.uri, ...(listed.map === undefined ? [] : [listed.map])]
    const files = uris.flatMap((uri) => fileOfUri(settings.entryPrefix, this.playlistFile, uri) ?? [])
    const key = listed.key?.uri
    const keyFile = key === undefined ? undefined : this.#keyFileOf(settings, key)
    if (keyFile === undefined) return { ...listed, files, bytes: 0 }
    this.#place(keyFile, this.options.keys)
    return { ...listed, files: [...files, keyFile], bytes: 0 }
  }

  #keyFileOf(settings: HlsSettings, uri: string): string | undefined {
    if (!hasKeyUrl(settings)) return fileOfUri("", this.playlistFile, uri)
    const file = uri.startsWith(settings.keyUrl) ? uri.slice(settings.keyUrl.length) : ""
    return isSafePath(file) ? file : undefined
  }

  #write(job: SegmentJob): Effect.Effect<void, StoreFailed> {
    return Effect.gen({ self: this }, function* () {
      const { openedAt, segment, settings, timestamp, utc } = job
      const { durationMillis } = segment
      const sequence = this.#window.nextSequence
      const facts = { name: this.stream, sequence, durationMillis, timestamp, openedAt, utc }
      const plainName = fileName(settings.segmentFile, facts)
      const name = segment.init === undefined ? plainName : withExtension(plainName, ".m4s")
      if (!isSafePath(name)) return yield* new StoreFailed({ action: "write", file: name, reason: "no safe name" })
      const init = segment.init === undefined ? undefined : yield* this.#initFile(segment.init, sequence)
      const key = settings.keys ? yield* this.#keyFor(settings, sequence, facts) : undefined
      const bytes = key === undefined ? segment.bytes : encrypt(segment.bytes, key.bytes, Buffer.from(key.iv, "hex"))
      yield* this.options.files.write(name, bytes)
      this.#place(name, this.options.files)
      const uri = segmentUri(settings, this.playlistFile, name)
      const files = [name, ...(init === undefined ? [] : [init]), ...(key === undefined ? [] : [key.file])]
      const stored: StoredSegment = {
        uri,
        durationMillis,
        // What nothing was before follows.
        discontinuity: (segment.discontinuity || this.#gap) && sequence > 0,
        key: key && { uri: key.uri, iv: key.iv },
        map: init === undefined ? undefined : segmentUri(settings, this.playlistFile, init),
        files,
        bytes: bytes.length
      }
      this.#gap = false
      this.#window.add(stored, {
        windowMillis: settings.windowMillis,
        maxDurationMillis: maxDurationMillis(cutRules(settings))
      })
      this.#list()
      const { playlistFile } = this
      this.options.onWritten({
        stream: this.stream,
        sequence,
        durationMillis,
        file: name,
        uri,
        playlistFile,
        root: settings.path
      })
    })
  }

  /** Over HTTP the list is served from here: only readers of the folder miss one that could not be written. */
  get #writePlaylist(): Effect.Effect<void> {
    if (this.#listed === undefined) return Effect.void
    return this.options.files
      .write(this.playlistFile, encoder.encode(playlistText(this.#listed)))
      .pipe(Effect.catch((error) => Effect.logWarning("hls playlist not written", error)))
  }

  #initFile(bytes: Uint8Array, sequence: number): Effect.Effect<string, StoreFailed> {
    const known = this.#init
    if (known !== undefined && equals(known.bytes, bytes)) return Effect.succeed(known.file)
    const file = withExtension(this.playlistFile, `-init-${sequence}.mp4`)
    return Effect.map(this.options.files.write(file, bytes), () => {
      this.#init = { bytes, file }
      this.#place(file, this.options.files)
      return file
    })
  }

  #keyFor(
    settings: HlsSettings,
    sequence: number,
    facts: Parameters<typeof fileName>[1]
  ): Effect.Effect<CurrentKey, StoreFailed> {
    const known = this.#key
    if (known !== undefined && sequence % Math.max(1, settings.fragmentsPerKey) !== 0) return Effect.succeed(known)
    const file = fileName(settings.keyFile, facts)
    const random = randomBytes(2 * keyLength)
    const bytes = random.subarray(0, keyLength)
    const iv = random.subarray(keyLength).toString("hex")
    return Effect.map(this.options.keys.write(file, bytes), () => {
      const key = { file, bytes, iv, uri: keyUri(settings, this.playlistFile, file) }
      this.#key = key
      this.#place(file, this.options.keys)
      return key
    })
  }

  #place(file: string, files: SegmentFiles): void {
    this.#places.set(file, { files, contentType: contentTypeOf(file) })
    this.options.index.add(file)
  }

  #list(): void {
    const { playlist } = this.#window
    this.#listed = { ...playlist, segments: [...playlist.segments] }
  }

  #failed(error: StoreFailed): Effect.Effect<void> {
    this.#gap = true
    return Effect.logWarning("hls segment lost", error).pipe(Effect.andThen(this.options.onFailed(error)))
  }

  get #tellLost(): Effect.Effect<void> {
    const lost = this.#lost
    if (lost === 0) return Effect.void
    this.#lost = 0
    this.#gap = true
    return Effect.logWarning("hls segments lost: the store is too slow").pipe(Effect.annotateLogs("hls.segments", lost))
  }

  #removeExpired({ cleanup }: HlsSettings): Effect.Effect<void> {
    const expired = this.#window.takeExpired().flatMap(({ files }) => files)
    if (cleanup) return this.#remove([...expired, ...this.#undeleted])
    for (const file of expired) if (!this.#isUsed(file)) this.#forget(file)
    return Effect.void
  }

  #isUsed(file: string): boolean {
    return file === this.#key?.file || file === this.#init?.file || this.#window.uses(file)
  }

  #forget(file: string): Place | undefined {
    const place = this.#places.get(file)
    this.#places.delete(file)
    this.options.index.remove(file)
    return place
  }

  /** Those that cannot be removed are tried again with the next ones. */
  #remove(all: ReadonlyArray<string>): Effect.Effect<void> {
    const unused = [...new Set(all)].filter((file) => !this.#isUsed(file))
    this.#undeleted = []
    return Effect.forEach(
      unused,
      (file) => {
        const files = this.#forget(file)?.files ?? (file.endsWith(".key") ? this.options.keys : this.options.files)
        return Effect.catch(files.remove(file), (error) => {
          if (this.#undeleted.push(file) > maxUndeleted) this.#undeleted.shift()
          return Effect.logWarning("hls file not removed", error)
        })
      },
      { discard: true, concurrency: 4 }
    )
  }
}
