/** Reading the configuration again while the server runs: by signal, by the API, or because the file has changed. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** SRS's numbers: nothing yet, parsing, transforming, applying, finished. */
export type ReloadState = 0 | 10 | 20 | 30 | 90

/** The last reload, or the one that runs, as the API shows it (`rpc=reload-fetch`). */
export interface ReloadReport {
  /** Seven characters; empty before the first reload. */
  readonly rid: string
  readonly state: ReloadState
  /** 0, or SRS's error number. */
  readonly err: number
  readonly msg: string
}

export class Reload extends Context.Service<
  Reload,
  {
    /** Reloads, and logs what has changed or why nothing has. Never fails: the report says what became of it. */
    readonly run: Effect.Effect<ReloadReport>
    readonly last: () => ReloadReport
  }
>()("sluice/services/Reload") {}
