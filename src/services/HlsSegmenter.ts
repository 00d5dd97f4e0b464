/** Live streams as HLS: what there is to serve, and who wants to know of each segment. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Position } from "../domain/hls/delivery.ts"
import type { Variant } from "../domain/hls/masterPlaylist.ts"
import type { Playlist } from "../domain/hls/Playlist.ts"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { StoreFailed } from "./SegmentStore.ts"

/** The playlist of one stream, from its first segment until it is disposed of. */
export interface HlsOutput {
  readonly stream: StreamName
  /** Relative to the root, and so its path over HTTP without the slash in front. */
  readonly playlistFile: string
  /** `undefined` while there is no segment. */
  readonly playlist: () => Playlist | undefined
  readonly variant: () => Variant
  /** Somebody publishes it. */
  readonly isLive: () => boolean
  /** Waits until there is a list. */
  readonly begun: Effect.Effect<"ready" | "late" | "crowded">
  /**
   * Waits until the list has this, or there is none any more. `late`: it took too long, or the publisher has left;
   * `crowded`: too many wait.
   */
  readonly listed: (position: Position) => Effect.Effect<"ready" | "late" | "crowded">
}

/** A file of an output: segment, part, init segment or key. That of the part that comes next is waited for. */
export interface HlsFile {
  readonly contentType: string
  readonly read: Effect.Effect<Uint8Array | undefined, StoreFailed>
  /** The bytes, if they are in memory. A plain call. */
  readonly ready: () => Uint8Array | undefined
}

export type HlsFound =
  | { readonly _tag: "Playlist"; readonly output: HlsOutput }
  | { readonly _tag: "File"; readonly output: HlsOutput; readonly file: HlsFile }

/** A segment that is written and listed. */
export interface SegmentWritten {
  readonly stream: StreamName
  readonly sequence: number
  readonly durationMillis: number
  /** Relative to `root`. */
  readonly file: string
  /** As in the playlist. */
  readonly uri: string
  readonly playlistFile: string
  /** `hls_path`. */
  readonly root: string
}

export class HlsSegmenter extends Context.Service<
  HlsSegmenter,
  {
    /** A path without slash in front, of a vhost by its resolved name. Plain and quick. */
    readonly find: (vhost: string, path: string) => HlsFound | undefined
    readonly outputs: () => Iterable<HlsOutput>
    /** Told of each segment until the scope closes: a plain call. */
    readonly onSegment: (listener: (segment: SegmentWritten) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("sluice/services/HlsSegmenter") {}
