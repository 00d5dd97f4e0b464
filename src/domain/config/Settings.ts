/** The settings: the configuration as typed values, in the shape that the tables give. */
import type { Fields, Table, Values } from "./Entry.ts"
import type { coreTables } from "./directives/core.ts"

type GlobalOf<T> = T extends readonly [Table<infer G, Fields>, ...infer Rest] ? Values<G> & GlobalOf<Rest> : unknown
type VhostOf<T> = T extends readonly [Table<Fields, infer V>, ...infer Rest] ? Values<V> & VhostOf<Rest> : unknown

/** What stands outside of vhosts. */
export type GlobalSettings = GlobalOf<typeof coreTables>

/** One enabled vhost, everything filled in. */
export type VhostSettings = VhostOf<typeof coreTables> & {
  /** As in the file: `__defaultVhost__` for a request that was resolved to it. */
  readonly name: string
}

/** The whole configuration at one moment. Nothing in it changes. */
export interface ConfigSnapshot {
  readonly global: GlobalSettings
  /** Enabled vhosts by name, in the order of the file. */
  readonly vhosts: ReadonlyMap<string, VhostSettings>
  /** Vhosts that are there and switched off. */
  readonly disabledVhosts: ReadonlySet<string>
}

export const defaultVhostName = "__defaultVhost__"

/** The vhost that serves a request: of that name, else the default one. A disabled vhost serves nothing. */
export const resolveVhost = (snapshot: ConfigSnapshot, name: string): VhostSettings | undefined => {
  const exact = snapshot.vhosts.get(name)
  if (exact !== undefined) return exact
  return snapshot.disabledVhosts.has(name) ? undefined : snapshot.vhosts.get(defaultVhostName)
}

/** The settings of one table, for a subsystem that is not among the core tables. */
export const globalOf = <G extends Fields, V extends Fields>(_table: Table<G, V>, global: GlobalSettings): Values<G> =>
  global as unknown as Values<G>

/** The same inside a vhost. */
export const vhostOf = <G extends Fields, V extends Fields>(_table: Table<G, V>, vhost: VhostSettings): Values<V> =>
  vhost as unknown as Values<V>

/** Does the process leave its terminal? In Docker it stays, unless told otherwise. */
export const runsInBackground = (global: GlobalSettings): boolean =>
  global.daemon && !(global.inDocker && global.disableDaemonForDocker)
