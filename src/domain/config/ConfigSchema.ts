/** All tables together: what may stand in a file. */
import type { Entry, Fields, Group, Table } from "./Entry.ts"

export interface ConfigSchema {
  readonly global: Fields
  readonly vhost: Fields
  /** Every entry of every table, blocks before what is inside of them. */
  readonly entries: ReadonlyArray<Placed>
}

/** Subsystems that are not part of the core contribute their tables here, at composition. */
export const makeSchema = (tables: ReadonlyArray<Table>): ConfigSchema => ({
  global: Object.assign({}, ...tables.map(({ global }) => global)),
  vhost: Object.assign({}, ...tables.map(({ vhost }) => vhost)),
  entries: placedEntries(tables)
})

/** Directives of the name `vhost` and of what the tables list. */
export const topLevelNames = (schema: ConfigSchema): ReadonlyArray<string> => [
  ...entryNames(schema.global),
  "vhost",
  "include"
]

export const entryNames = (fields: Fields): ReadonlyArray<string> => Object.values(fields).map(({ name }) => name)

export const findEntry = (fields: Fields, name: string): Entry | undefined =>
  Object.values(fields).find((entry) => entry.name === name)

/** Entries inside of an entry; none for what is no block. */
export const innerFields = (entry: Entry): Fields =>
  entry._tag === "Group" || entry._tag === "Groups" ? entry.fields : {}

export const isBlock = (entry: Entry): boolean =>
  entry._tag === "Group" ||
  entry._tag === "Groups" ||
  entry._tag === "Options" ||
  (entry._tag === "Retired" && entry.block)

/** Path of an entry inside of another, such as `vhost.play` and `gop_cache`. */
export const pathOf = (around: string, name: string): string => (around === "" ? name : `${around}.${name}`)

/** One entry with its path, such as `vhost.play.gop_cache`, and with what it inherits. */
export interface Placed {
  readonly path: string
  readonly entry: Entry
  /** Are there environment variables for it, and for what is inside of it? */
  readonly environment: boolean
  readonly active: boolean
  readonly reason: string
}

/** Is the environment read for what is inside of this block? */
export const groupEnvironment = (entry: Entry, around: boolean): boolean =>
  around && entry._tag === "Group" && (entry as Group<Fields>).env

const placedEntries = (tables: ReadonlyArray<Table>): ReadonlyArray<Placed> => {
  const placed: Array<Placed> = []
  const walk = (fields: Fields, around: Omit<Placed, "entry">): void => {
    for (const entry of Object.values(fields)) {
      const here: Placed = {
        ...around,
        path: pathOf(around.path, entry.name),
        entry,
        active: entry.active ?? around.active,
        reason: entry.reason ?? around.reason
      }
      placed.push(here)
      walk(innerFields(entry), { ...here, environment: groupEnvironment(entry, around.environment) })
    }
  }
  for (const table of tables) {
    const { active, reason } = table
    walk(table.global, { path: "", environment: true, active, reason })
    walk(table.vhost, { path: "vhost", environment: true, active, reason })
  }
  return placed
}
