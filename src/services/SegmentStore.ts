/** Where segments and playlists are kept: on disk or in memory. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Full, slow, not ours to write, gone: the file is as it was before. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  action: Schema.Literals(["write", "read", "remove"]),
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.action} of ${this.file} failed: ${this.reason}`
  }
}

/** How a call has ended. */
export type Told = (failure: StoreFailed | undefined) => void
/** Whether anybody still waits for a call: where not, nothing changes any more, and nothing is told. */
export type IsWanted = () => boolean

/** A list of segments, written anew with each of them. */
export interface ListFile {
  /** The whole list is seen, by who reads it within a second of opening it. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreFailed>
  /** The same as a plain call. */
  readonly begin: (bytes: Uint8Array, told: Told, isWanted: IsWanted) => void
  /** One that is not there counts as removed. */
  readonly remove: Effect.Effect<void, StoreFailed>
}

/** Files below one root; names are relative to it, with `/`. */
export interface SegmentFiles {
  /** The whole file or nothing is seen, also of one that was there before. Takes the bytes over. */
  readonly write: (file: string, bytes: Uint8Array) => Effect.Effect<void, StoreFailed>
  /** The same as a plain call. */
  readonly begin: (file: string, bytes: Uint8Array, told: Told, isWanted: IsWanted) => void
  /** One that is written often. It is read like any other. */
  readonly list: (file: string) => ListFile
  /** `undefined` if there is none. */
  readonly read: (file: string) => Effect.Effect<Uint8Array | undefined, StoreFailed>
  /** The file, if it is in memory. A plain call. */
  readonly ready: (file: string) => Uint8Array | undefined
  /** One that is not there counts as removed. */
  readonly remove: (file: string) => Effect.Effect<void, StoreFailed>
}

export type Storage = "disk" | "memory"

export class SegmentStore extends Context.Service<
  SegmentStore,
  {
    /** `root` is a folder, or for memory no more than a name. */
    readonly files: (storage: Storage, root: string) => SegmentFiles
  }
>()("sluice/services/SegmentStore") {}
