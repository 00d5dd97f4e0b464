/** The files of one output and the list of them: written one after the other, removed when nobody asks for them. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { maxDurationMillis } from "../../domain/hls/cutRules.ts"
import { fileName, fileOfUri, isSafePath, type NameFacts, withExtension } from "../../domain/hls/fileName.ts"
import {
  type ListedSegment,
  type LowLatency,
  type MediaFacts,
  type Playlist,
  playlistText,
  readPlaylist
} from "../../domain/hls/Playlist.ts"
import { SegmentWindow, type StoredSegment } from "../../domain/hls/SegmentWindow.ts"
import type { Variant } from "../../domain/hls/masterPlaylist.ts"
import type { Segment, SegmentKind } from "../../domain/hls/Segmenter.ts"
import { Kind } from "../../domain/media/MediaFrame.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { HlsFile } from "../../services/HlsSegmenter.ts"
import { type ListFile, type SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { Companions, type CurrentKey, encrypted } from "./Companions.ts"
import { contentTypeOf } from "./contentType.ts"
import type { PartJob, Preparation, SegmentJob, Written } from "./jobs.ts"
import { cutRules, hasKeyUrl, type HlsSettings, segmentUri } from "./options.ts"
import { writeInTurn } from "./writeInTurn.ts"

/** Files that could not be removed and are tried again; more are given up. */
export const maxUndeleted = 1000

export interface ListingOptions {
  readonly name: StreamName
  readonly playlistFile: string
  readonly settings: HlsSettings
  readonly files: SegmentFiles
  readonly keys: SegmentFiles
  /** Where parts are: memory, they do not live long. */
  readonly parts: SegmentFiles
  /** The list, or the part that comes next, is another. A plain call. */
  readonly onChange: () => void
  /** Told when a file is there to be served, and when no more. */
  readonly index: { readonly add: (file: string) => void; readonly remove: (file: string) => void }
}

/** The part that comes next. */
interface Hint {
  readonly file: string
  readonly targetMillis: number
}

interface Place {
  readonly files: SegmentFiles
  readonly contentType: string
}

const encoder = new TextEncoder()

const textOf = (playlist: Playlist): Uint8Array => encoder.encode(playlistText(playlist))

const tellUnwritten = (error: StoreFailed) => Effect.logWarning("hls playlist not written", Cause.fail(error))

export class Listing {
  readonly #options: ListingOptions
  readonly #window = new SegmentWindow()
  readonly #places = new Map<string, Place>()
  #listed: Playlist | undefined
  readonly #companions: Companions
  readonly #listFile: ListFile
  /** A segment was lost: the next one does not follow. */
  #hasGap = false
  #undeleted: Array<string> = []
  #prepared: Preparation | undefined
  /** Undefined where there are no parts. */
  #hint: Hint | undefined
  /** Of parts, so that no two of all times have one name. */
  #partPrefix = ""
  #partCount = 0
  #facts: Pick<Segment, "tracks" | "frameRate"> | undefined

  constructor(options: ListingOptions) {
    this.#options = options
    this.#listFile = options.files.list(options.playlistFile)
    this.#companions = new Companions(options, (file, files) => this.#place(file, files))
  }

  get playlist(): Playlist | undefined {
    return this.#listed
  }

  get variant(): Variant {
    const { average, peak } = this.#window.bandwidth
    const { frameRate = 0, tracks = [] } = this.#facts ?? {}
    return {
      peakBandwidth: peak,
      averageBandwidth: average,
      codecs: tracks.map(({ codecs }) => codecs),
      picture: tracks.find(({ kind }) => kind === Kind.Video)?.picture ?? { width: 0, height: 0 },
      frameRate
    }
  }

  /** The file of the part that comes next. */
  get hint(): string | undefined {
    return this.#hint?.file
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
    const restored = Effect.gen({ self: this }, function* () {
      const bytes = yield* files.read(playlistFile)
      const playlist = bytes === undefined ? undefined : readPlaylist(new TextDecoder().decode(bytes))
      if (playlist === undefined) return
      this.#window.restore(
        playlist,
        playlist.segments.map((listed) => this.#restored(settings, listed))
      )
      this.#list()
      yield* Effect.logInfo("hls goes on").pipe(Effect.annotateLogs("hls.sequence", this.#window.nextSequence))
    }).pipe(Effect.catch((error) => Effect.logWarning("hls playlist not read", Cause.fail(error))))
    return Effect.map(restored, () => {
      this.#partPrefix = `-part-${this.#window.nextSequence}`
    })
  }

  #restored(settings: HlsSettings, listed: Omit<ListedSegment, "parts">): StoredSegment {
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

  /**
   * Writes a segment, lists it and writes the list. Once it is listed it is `written`: interrupted or failed before that,
   * it has changed nothing.
   */
  write(job: SegmentJob, written: (segment: Written) => void): Effect.Effect<void, StoreFailed> {
    return Effect.suspend(() =>
      Effect.flatMap(this.#prepare(job, job.segment), (prepared) => this.#writePrepared(job, prepared, written))
    )
  }

  #writePrepared(
    job: SegmentJob,
    prepared: Preparation,
    written: (segment: Written) => void
  ): Effect.Effect<void, StoreFailed> {
    const { files } = this.#options
    const { segment, settings } = job
    const name = fileName(settings.segmentFile, { ...prepared.facts, durationMillis: segment.durationMillis })
    const file = segment.init === undefined ? name : withExtension(name, ".m4s")
    if (!isSafePath(file)) return Effect.fail(new StoreFailed({ action: "write", file, reason: "no name of a file" }))
    const bytes = encrypted(segment.bytes, prepared.cipher)
    return writeInTurn({
      files,
      file,
      bytes,
      list: this.#listFile,
      listed: () => {
        written(this.#add(job, prepared, file, bytes.length))
        return textOf(this.#listed ?? this.#window.playlist)
      },
      unlisted: tellUnwritten
    })
  }

  #add({ openedAt, segment, settings }: SegmentJob, prepared: Preparation, file: string, bytes: number): Written {
    const { files, playlistFile } = this.#options
    const { discontinuity, key, map, sequence } = prepared
    const { durationMillis, frameRate, tracks } = segment
    this.#place(file, files)
    const uri = segmentUri(settings, playlistFile, file)
    this.#prepared = undefined
    this.#hasGap = false
    this.#facts = { frameRate, tracks }
    if (!settings.lowLatency) this.#forgetHint()
    const stored: StoredSegment = {
      uri,
      durationMillis,
      discontinuity,
      key,
      map,
      bytes,
      startedAt: openedAt,
      files: [file, ...prepared.files]
    }
    this.#window.add(stored, {
      windowMillis: settings.windowMillis,
      maxDurationMillis: maxDurationMillis(cutRules(settings))
    })
    this.#list()
    return { sequence, file, uri }
  }

  /** Writes a part of the segment that comes next and lists it. */
  writePart(job: PartJob): Effect.Effect<void, StoreFailed> {
    return Effect.gen({ self: this }, function* () {
      const { parts, playlistFile } = this.#options
      const { part, settings } = job
      const { cipher, discontinuity, key, map } = yield* this.#prepare(job, part)
      const file = this.#partFile(part)
      yield* parts.write(file, encrypted(part.bytes, cipher))
      const { durationMillis, independent } = part
      const uri = segmentUri(settings, playlistFile, file)
      this.#place(file, parts)
      const facts: MediaFacts = { discontinuity, key, map, startedAt: job.openedAt }
      this.#window.addPart({ uri, durationMillis, independent, file }, facts)
      this.#partCount++
      this.#hint = { file: this.#partFile(part), targetMillis: part.targetMillis }
      this.#options.index.add(this.#hint.file)
      // The last part comes with its segment: before a hint of one more it would be too short for an inner one.
      if (!part.isLast) this.#list()
    })
  }

  /** A part was lost: its segment is listed without parts. */
  dropParts(): void {
    this.#window.dropOpen()
    this.#list()
  }

  /** A segment was lost. */
  lose(): void {
    this.#hasGap = true
    this.#prepared = undefined
    if (this.#hint !== undefined) this.dropParts()
  }

  #partFile(part: SegmentKind): string {
    return withExtension(this.#options.playlistFile, `${this.#partPrefix}-${this.#partCount}${extensionOf(part)}`)
  }

  /** The number, key and init segment of the segment that comes next: the same for all its parts. */
  #prepare(job: SegmentJob | PartJob, kind: SegmentKind): Effect.Effect<Preparation, StoreFailed> {
    const sequence = this.#window.nextSequence
    if (this.#prepared?.sequence === sequence) return Effect.succeed(this.#prepared)
    const { openedAt, settings, timestamp, utc } = job
    const { name } = this.#options
    const facts: NameFacts = { name, sequence, durationMillis: 0, timestamp, openedAt, utc }
    if (kind.init === undefined && !settings.keys) return Effect.succeed(this.#prepareWith(kind, facts))
    return Effect.gen({ self: this }, function* () {
      const init = kind.init === undefined ? undefined : yield* this.#companions.initFile(kind.init, sequence)
      const cipher = settings.keys ? yield* this.#companions.keyFor(settings, facts) : undefined
      const map = init && segmentUri(settings, this.#options.playlistFile, init)
      return this.#prepareWith(
        kind,
        facts,
        map,
        cipher,
        [init, cipher?.file].filter((file) => file !== undefined)
      )
    })
  }

  #prepareWith(
    { discontinuity }: SegmentKind,
    facts: NameFacts,
    map?: string,
    cipher?: CurrentKey,
    files: ReadonlyArray<string> = []
  ): Preparation {
    const { sequence } = facts
    return (this.#prepared = {
      sequence,
      facts,
      cipher,
      // Nothing was before the first one of all.
      discontinuity: (discontinuity || this.#hasGap) && sequence > 0,
      key: cipher && { uri: cipher.uri, iv: cipher.iv },
      map,
      files
    })
  }

  /** Over HTTP the list is served from memory: only readers of the folder miss one that could not be written. */
  get writePlaylist(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#listed === undefined ? Effect.void : Effect.catch(this.#listFile.write(textOf(this.#listed)), tellUnwritten)
    )
  }

  removeExpired({ cleanup }: HlsSettings): Effect.Effect<void> {
    return Effect.suspend(() => {
      const parts = this.#window.takeExpiredParts()
      const segments = this.#window.takeExpired()
      if (parts.length + segments.length + this.#undeleted.length === 0) return Effect.void
      return Effect.andThen(this.#remove(parts, []), this.#release(cleanup, segments))
    })
  }

  /** What has left the list would be forgotten with the process. */
  removeAllExpired({ cleanup }: HlsSettings): Effect.Effect<void> {
    const parts = this.#window.takeAllParts()
    return Effect.andThen(this.#remove(parts, []), this.#release(cleanup, this.#window.takeAllExpired()))
  }

  /** Everything, the list too; how many segments that were. */
  get removeAll(): Effect.Effect<number> {
    return Effect.suspend(() => {
      this.#listed = undefined
      this.#companions.forget()
      this.#prepared = undefined
      this.#forgetHint()
      this.#options.onChange()
      const parts = this.#window.takeAllParts()
      const segments = this.#window.takeAll()
      const files = segments.flatMap(({ files }) => files)
      return Effect.as(this.#remove([this.#options.playlistFile, ...parts, ...files], this.#undeleted), segments.length)
    })
  }

  #place(file: string, files: SegmentFiles): void {
    this.#places.set(file, { files, contentType: contentTypeOf(file) })
    this.#options.index.add(file)
  }

  #list(): void {
    const { playlist } = this.#window
    // A list of parts alone is none for players without low latency.
    if (playlist.segments.length === 0) return
    const list: Playlist = { ...playlist, segments: [...playlist.segments] }
    this.#listed = this.#hint === undefined ? list : { ...list, lowLatency: this.#lowLatency(this.#hint) }
    this.#options.onChange()
  }

  #lowLatency({ file, targetMillis }: Hint): LowLatency {
    const { playlistFile, settings } = this.#options
    return this.#window.lowLatency(targetMillis, segmentUri(settings, playlistFile, file))
  }

  #forgetHint(): void {
    if (this.#hint !== undefined) this.#options.index.remove(this.#hint.file)
    this.#hint = undefined
  }

  #release(cleanup: boolean, segments: ReadonlyArray<StoredSegment>): Effect.Effect<void> {
    const files = segments.flatMap(({ files }) => files)
    if (cleanup) return this.#remove(files, this.#undeleted)
    for (const file of files) if (!this.#isUsed(file)) this.#forget(file)
    return Effect.void
  }

  #isUsed(file: string): boolean {
    return this.#companions.isUsed(file) || this.#window.uses(file)
  }

  #forget(file: string): Place | undefined {
    const place = this.#places.get(file)
    this.#places.delete(file)
    this.#options.index.remove(file)
    return place
  }

  /** Those that cannot be removed are tried again with the next ones. */
  #remove(all: ReadonlyArray<string>, again: ReadonlyArray<string>): Effect.Effect<void> {
    if (all.length === 0 && again.length === 0) return Effect.void
    const unused = [...new Set([...all, ...again])].filter((file) => !this.#isUsed(file))
    if (unused.length === 0) return Effect.void
    this.#undeleted = this.#undeleted.filter((file) => !again.includes(file))
    const remove = (file: string) => {
      const { files, keys, playlistFile } = this.#options
      const place = this.#forget(file)?.files ?? (file.endsWith(".key") ? keys : files)
      return Effect.catch(file === playlistFile ? this.#listFile.remove : place.remove(file), (error) => {
        if (this.#undeleted.push(file) > maxUndeleted) this.#undeleted.shift()
        return Effect.logWarning("hls file not removed", Cause.fail(error))
      })
    }
    return Effect.forEach(unused, remove, { discard: true, concurrency: 4 })
  }
}

const extensionOf = ({ init }: SegmentKind): string => (init === undefined ? ".ts" : ".m4s")
