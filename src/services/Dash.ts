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

export type DashFound =
  | { readonly _tag: "Mpd"; readonly output: DashOutput }
  | { readonly _tag: "File"; readonly read: Effect.Effect<Uint8Array | undefined, StoreFailed> }

export class Dash extends Context.Service<
  Dash,
  {
    /** A path without slash in front, of a vhost by its resolved name. Plain and quick. */
    readonly find: (vhost: string, path: string) => DashFound | undefined
    readonly outputs: () => Iterable<DashOutput>
  }
>()("sluice/services/Dash") {}
