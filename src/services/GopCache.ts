/** Policy only: what a source keeps for newcomers, and where they begin. A mock can start viewers live. */
import * as Context from "effect/Context"
import type { StartPolicy } from "../domain/media/Cursor.ts"
import type { Retention } from "../domain/media/SourceLog.ts"

export class GopCache extends Context.Service<
  GopCache,
  {
    /** What the log of a stream of this vhost retains. */
    readonly retain: (vhost: string) => Retention
    /** Where a viewer of a running stream of this vhost enters. */
    readonly start: (vhost: string) => StartPolicy
  }
>()("sluice/services/GopCache") {}
