/** Live streams as MPEG-DASH: what there is to serve. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Mpd } from "../domain/dash/mpd.ts"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { StoreFailed } from "./SegmentStore.ts"

/** The files of one stream, from its first segment until they are disposed of. */
export interface DashOutput {
  readonly stream: StreamName
  /** Relative to the root, and so its path over HTTP without the slash in front. */
  readonly mpdFile: string
  /** `undefined` while there is no segment. */
  readonly mpd: () => Mpd | undefined
}

/** A whole file, or a segment that grows: what one reader gets of it, piece by piece. */
export type DashBody = Uint8Array | { readonly read: () => Effect.Effect<Uint8Array | "end"> }

export type DashFound =
  | { readonly _tag: "Mpd"; readonly output: DashOutput }
  /** The server's clock, for players who must know how late they are. */
  | { readonly _tag: "Clock" }
  /** Waits, for a bounded time, if the file is announced and not there yet; then there may be none. */
  | {
      readonly _tag: "File"
      readonly output: DashOutput
      readonly body: Effect.Effect<DashBody | undefined, StoreFailed>
    }

export class Dash extends Context.Service<
  Dash,
  {
    /** A path without slash in front, of a vhost by its resolved name. Plain and quick. */
    readonly find: (vhost: string, path: string) => DashFound | undefined
    readonly outputs: () => Iterable<DashOutput>
  }
>()("sluice/services/Dash") {}
