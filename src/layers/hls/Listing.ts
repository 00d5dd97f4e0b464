/** The files of one output and the list of them: written one after the other, removed when nobody asks for them. */
import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import { equals } from "../../domain/bytes/bytes.ts"
import { maxDurationMillis } from "../../domain/hls/cutRules.ts"
import { encrypt, keyLength } from "../../domain/hls/encrypt.ts"
import { fileName, fileOfUri, isSafePath, type NameFacts, withExtension } from "../../domain/hls/fileName.ts"
import {
  type ListedSegment,
  type Playlist,
  playlistText,
  readPlaylist,
  type SegmentKey
} from "../../domain/hls/Playlist.ts"
import { SegmentWindow, type StoredSegment } from "../../domain/hls/SegmentWindow.ts"
import type { Segment } from "../../domain/hls/Segmenter.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { HlsFile } from "../../services/HlsSegmenter.ts"
import { type SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { cutRules, hasKeyUrl, type HlsSettings, keyUri, segmentUri } from "./options.ts"

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

export interface ListingOptions {
  readonly name: StreamName
  readonly playlistFile: string
  readonly settings: HlsSettings
  readonly files: SegmentFiles
  readonly keys: SegmentFiles
  /** Told when a file is there to be served, and when no more. */
  readonly index: { readonly add: (file: string) => void; readonly remove: (file: string) => void }
}

/** What `write` has added to the list. */
export interface Written {
  readonly sequence: number
  readonly file: string
  readonly uri: string
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
  mp4: "video/mp4"
}

const contentTypeOf = (file: string): string =>
  contentTypes[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream"

const encoder = new TextEncoder()

export class Listing {
  readonly #options: ListingOptions
  readonly #window = new SegmentWindow()
  readonly #places = new Map<string, Place>()
  #listed: Playlist | undefined
  #key: CurrentKey | undefined
  #init: { readonly bytes: Uint8Array; readonly file: string } | undefined
  /** A segment was lost: the next one does not follow. */
  hasGap = false
  #undeleted: Array<string> = []

  constructor(options: ListingOptions) {
    this.#options = options
  }

  get playlist(): Playlist | undefined {
    return this.#listed
  }

  get bandwidth(): number {
    return this.#window.bandwidth
  }

  /** What comes after all this has these numbers. */
  get numbers(): Playlist {
    return this.#window.numbers
  }

  file(name: string): HlsFile | undefined {
    const place = this.#places.get(name)
    return (
      place && { contentType: place.contentType, read: place.files.read(name), ready: () => place.files.ready(name) }
    )
  }

  /** Goes on with the list that an earlier process left, or with these numbers. */
  restore(numbers: Playlist | undefined): Effect.Effect<void> {
    const { files, playlistFile, settings } = this.#options
    if (numbers !== undefined) this.#window.restore(numbers, [])
    return Effect.gen({ self: this }, function* () {
      const bytes = yield* files.read(playlistFile)
      const playlist = bytes === undefined ? undefined : readPlaylist(new TextDecoder().decode(bytes))
      if (playlist === undefined) return
      this.#window.restore(
        playlist,
        playlist.segments.map((listed) => this.#restored(settings, listed))
      )
      this.#list()
      yield* Effect.logInfo("hls goes on").pipe(Effect.annotateLogs("hls.sequence", this.#window.nextSequence))
    }).pipe(Effect.catch((error) => Effect.logWarning("hls playlist not read", error)))
  }

  #restored(settings: HlsSettings, listed: ListedSegment): StoredSegment {
    const { files, keys, playlistFile } = this.#options
    const uris = [listed.uri, ...(listed.map === undefined ? [] : [listed.map])]
    const names = uris.flatMap((uri) => fileOfUri(settings.entryPrefix, playlistFile, uri) ?? [])
    for (const name of names) this.#place(name, files)
    const keyFile = listed.key && this.#keyFileOf(settings, listed.key.uri)
    if (keyFile === undefined) return { ...listed, files: names, bytes: 0 }
    this.#place(keyFile, keys)
    return { ...listed, files: [...names, keyFile], bytes: 0 }
  }

  #keyFileOf(settings: HlsSettings, uri: string): string | undefined {
    if (!hasKeyUrl(settings)) return fileOfUri("", this.#options.playlistFile, uri)
    const file = uri.startsWith(settings.keyUrl) ? uri.slice(settings.keyUrl.length) : ""
    return isSafePath(file) ? file : undefined
  }

  /** Writes a segment and lists it. Interrupted or failed, it has changed nothing. */
  write(job: SegmentJob): Effect.Effect<Written, StoreFailed> {
    return Effect.gen({ self: this }, function* () {
      const { files, name, playlistFile } = this.#options
      const { openedAt, segment, settings, timestamp, utc } = job
      const { durationMillis } = segment
      const sequence = this.#window.nextSequence
      const facts = { name, sequence, durationMillis, timestamp, openedAt, utc }
      const file = withExtensionOf(segment, fileName(settings.segmentFile, facts))
      if (!isSafePath(file)) return yield* new StoreFailed({ action: "write", file, reason: "no name of a file" })
      const init = segment.init === undefined ? undefined : yield* this.#initFile(segment.init, sequence)
      const key = settings.keys ? yield* this.#keyFor(settings, facts) : undefined
      const bytes = key === undefined ? segment.bytes : encrypt(segment.bytes, key.bytes, Buffer.from(key.iv, "hex"))
      yield* files.write(file, bytes)
      this.#place(file, files)
      const uri = segmentUri(settings, playlistFile, file)
      const stored: StoredSegment = {
        uri,
        durationMillis,
        // Nothing was before the first one of all.
        discontinuity: (segment.discontinuity || this.hasGap) && sequence > 0,
        key: key && { uri: key.uri, iv: key.iv },
        map: init === undefined ? undefined : segmentUri(settings, playlistFile, init),
        files: [file, ...(init === undefined ? [] : [init]), ...(key === undefined ? [] : [key.file])],
        bytes: bytes.length
      }
      this.hasGap = false
      this.#window.add(stored, {
        windowMillis: settings.windowMillis,
        maxDurationMillis: maxDurationMillis(cutRules(settings))
      })
      this.#list()
      return { sequence, file, uri }
    })
  }

  /** Over HTTP the list is served from memory: only readers of the folder miss one that could not be written. */
  get writePlaylist(): Effect.Effect<void> {
    const { files, playlistFile } = this.#options
    if (this.#listed === undefined) return Effect.void
    return files
      .write(playlistFile, encoder.encode(playlistText(this.#listed)))
      .pipe(Effect.catch((error) => Effect.logWarning("hls playlist not written", error)))
  }

  removeExpired({ cleanup }: HlsSettings): Effect.Effect<void> {
    return this.#release(cleanup, this.#window.takeExpired())
  }

  /** What has left the list would be forgotten with the process. */
  removeAllExpired({ cleanup }: HlsSettings): Effect.Effect<void> {
    return this.#release(cleanup, this.#window.takeAllExpired())
  }

  /** Everything, the list too; how many segments that were. */
  get removeAll(): Effect.Effect<number> {
    return Effect.suspend(() => {
      this.#listed = undefined
      this.#key = undefined
      this.#init = undefined
      const segments = this.#window.takeAll()
      const files = segments.flatMap(({ files }) => files)
      return Effect.as(this.#remove([this.#options.playlistFile, ...files, ...this.#undeleted]), segments.length)
    })
  }

  #initFile(bytes: Uint8Array, sequence: number): Effect.Effect<string, StoreFailed> {
    const known = this.#init
    if (known !== undefined && equals(known.bytes, bytes)) return Effect.succeed(known.file)
    const { files, playlistFile } = this.#options
    const file = withExtension(playlistFile, `-init-${sequence}.mp4`)
    return Effect.map(files.write(file, bytes), () => {
      this.#init = { bytes, file }
      this.#place(file, files)
      return file
    })
  }

  #keyFor(settings: HlsSettings, facts: NameFacts): Effect.Effect<CurrentKey, StoreFailed> {
    const known = this.#key
    if (known !== undefined && facts.sequence % Math.max(1, settings.fragmentsPerKey) !== 0) {
      return Effect.succeed(known)
    }
    const { keys, playlistFile } = this.#options
    const file = fileName(settings.keyFile, facts)
    if (!isSafePath(file)) return Effect.fail(new StoreFailed({ action: "write", file, reason: "no name of a file" }))
    const random = randomBytes(2 * keyLength)
    const bytes = random.subarray(0, keyLength)
    const iv = random.subarray(keyLength).toString("hex")
    return Effect.map(keys.write(file, bytes), () => {
      const key = { file, bytes, iv, uri: keyUri(settings, playlistFile, file) }
      this.#key = key
      this.#place(file, keys)
      return key
    })
  }

  #place(file: string, files: SegmentFiles): void {
    this.#places.set(file, { files, contentType: contentTypeOf(file) })
    this.#options.index.add(file)
  }

  #list(): void {
    const { playlist } = this.#window
    this.#listed = { ...playlist, segments: [...playlist.segments] }
  }

  #release(cleanup: boolean, segments: ReadonlyArray<StoredSegment>): Effect.Effect<void> {
    const files = segments.flatMap(({ files }) => files)
    if (cleanup) return this.#remove([...files, ...this.#undeleted])
    for (const file of files) if (!this.#isUsed(file)) this.#forget(file)
    return Effect.void
  }

  #isUsed(file: string): boolean {
    return file === this.#key?.file || file === this.#init?.file || this.#window.uses(file)
  }

  #forget(file: string): Place | undefined {
    const place = this.#places.get(file)
    this.#places.delete(file)
    this.#options.index.remove(file)
    return place
  }

  /** Those that cannot be removed are tried again with the next ones. */
  #remove(all: ReadonlyArray<string>): Effect.Effect<void> {
    const unused = [...new Set(all)].filter((file) => !this.#isUsed(file))
    this.#undeleted = []
    const remove = (file: string) => {
      const { files, keys } = this.#options
      const place = this.#forget(file)?.files ?? (file.endsWith(".key") ? keys : files)
      return Effect.catch(place.remove(file), (error) => {
        if (this.#undeleted.push(file) > maxUndeleted) this.#undeleted.shift()
        return Effect.logWarning("hls file not removed", error)
      })
    }
    return Effect.forEach(unused, remove, { discard: true, concurrency: 4 })
  }
}

const withExtensionOf = ({ init }: Segment, file: string): string =>
  init === undefined ? file : withExtension(file, ".m4s")
