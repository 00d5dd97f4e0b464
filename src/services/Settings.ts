/** The validated configuration, as typed values. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { SettingsChange } from "../domain/config/changes.ts"
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

/** A part of the server could not follow a reload: the others have, and it is tried again with the next one. */
export interface ReloadFailure {
  readonly message: string
}

/** Lets running objects follow, after `current` and `vhost` have changed. */
export type Follow = (changes: ReadonlyArray<SettingsChange>) => Effect.Effect<void, ReloadFailure>

/** What a reload has done. */
export interface Reloaded {
  /** Empty if the file says what it said before. */
  readonly changes: ReadonlyArray<SettingsChange>
  readonly failures: ReadonlyArray<ReloadFailure>
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
    /** Calls `follow` in each reload that is not refused, until the scope closes; one after the other, in order. */
    readonly onChange: (follow: Follow) => Effect.Effect<void, never, Scope.Scope>
    /** Reads and checks the source again, and puts it in force. Refused, nothing was changed. `Reload` is for callers. */
    readonly reload: Effect.Effect<Reloaded, ConfigRefused>
  }
>()("sluice/services/Settings") {}
