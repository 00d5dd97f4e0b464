/** The validated configuration, as typed values. */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Fields, Table, Values } from "../domain/config/Entry.ts"
import type { GlobalSettings, VhostSettings } from "../domain/config/Settings.ts"

/** A configuration that is refused, at start or at reload: nothing was changed. */
export class ConfigRefused extends Schema.TaggedError<ConfigRefused>()("ConfigRefused", {
  /** Each as `file:line:column: what is wrong`, the first one first. Never empty. */
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.problems.join("\n")
  }
}

/** What a reload changed: one for the top level, and one for each vhost it concerns. */
export interface SettingsChange {
  readonly change: "added" | "changed" | "removed"
  /** `undefined` for the top level. */
  readonly vhost: string | undefined
  /** Paths of the directives whose value is another now, such as `vhost.play.queue_length`; empty unless `changed`. */
  readonly directives: ReadonlyArray<string>
}

/** Something about the configuration that its author should know. */
export interface SettingsNotice {
  readonly kind: "warning" | "inactive"
  /** `file:line:column`, or the name of an environment variable. */
  readonly place: string
  /** Path of the directive, such as `vhost.hls`. */
  readonly directive: string
  readonly text: string
}

export class Settings extends Context.Service<
  Settings,
  {
    /** Cheap: a field. Read it when acting, because it is another object after a reload. */
    readonly current: () => GlobalSettings
    /** The vhost that serves a request for that name: it, else the default one; `undefined` refuses. Has its own name. */
    readonly vhost: (name: string) => VhostSettings | undefined
    /** All enabled vhosts, in the order of the file. */
    readonly vhosts: () => ReadonlyArray<VhostSettings>
    /** Top-level settings of a table that a subsystem contributed at composition. */
    readonly of: <G extends Fields, V extends Fields>(table: Table<G, V>) => Values<G>
    /** Its settings in a vhost. */
    readonly vhostOf: <G extends Fields, V extends Fields>(table: Table<G, V>, vhost: VhostSettings) => Values<V>
    /** What to tell at start. */
    readonly notices: () => ReadonlyArray<SettingsNotice>
    /** What each reload changed, after `current` and `vhost` have changed. */
    readonly changes: Stream.Stream<SettingsChange>
  }
>()("sluice/services/Settings") {}
