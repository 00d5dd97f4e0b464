/** What differs between two configurations, by the paths of the directives. */
import { type ConfigSchema, pathOf } from "./ConfigSchema.ts"
import type { Entry, Fields } from "./Entry.ts"
import type { ConfigSnapshot } from "./Settings.ts"

/** What a reload changed: one for the top level, and one for each vhost it concerns. */
export interface SettingsChange {
  readonly change: "added" | "changed" | "removed"
  /** `undefined` for the top level. */
  readonly vhost: string | undefined
  /** Paths of the directives whose value is another now, such as `vhost.play.queue_length`; empty unless `changed`. */
  readonly directives: ReadonlyArray<string>
  /** Those of them that have an effect at the next start of the process only. */
  readonly atStart: ReadonlyArray<string>
}

type Values = Readonly<Record<string, unknown>>

/** Values of settings are numbers, texts, switches, and lists and objects of such. */
const isEqual = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isEqual((a as Values)[key], (b as Values)[key]))
}

const hasEffectAtStart = (entry: Entry): boolean =>
  (entry._tag === "Field" || entry._tag === "Repeated") && entry.reload === "start"

interface Found {
  readonly directives: Array<string>
  readonly atStart: Array<string>
}

const compare = (fields: Fields, path: string, before: Values, after: Values, found: Found): Found => {
  for (const [property, entry] of Object.entries(fields)) {
    if (isEqual(before[property], after[property])) continue
    const here = pathOf(path, entry.name)
    if (entry._tag === "Group") {
      compare(entry.fields, here, before[property] as Values, after[property] as Values, found)
    } else if (!found.directives.includes(here)) {
      found.directives.push(here)
      if (hasEffectAtStart(entry)) found.atStart.push(here)
    }
  }
  return found
}

const difference = (
  fields: Fields,
  vhost: string | undefined,
  before: unknown,
  after: unknown
): ReadonlyArray<SettingsChange> => {
  const path = vhost === undefined ? "" : "vhost"
  const found = compare(fields, path, before as Values, after as Values, { directives: [], atStart: [] })
  return found.directives.length === 0 ? [] : [{ change: "changed", vhost, ...found }]
}

const whole = (change: "added" | "removed", vhost: string): SettingsChange => ({
  change,
  vhost,
  directives: [],
  atStart: []
})

/** The top level first, then the vhosts: those that have gone, then those of `after` in their order. */
export const changesBetween = (
  schema: ConfigSchema,
  before: ConfigSnapshot,
  after: ConfigSnapshot
): ReadonlyArray<SettingsChange> => [
  ...difference(schema.global, undefined, before.global, after.global),
  ...[...before.vhosts.keys()].filter((name) => !after.vhosts.has(name)).map((name) => whole("removed", name)),
  ...[...after.vhosts].flatMap(([name, vhost]) => {
    const known = before.vhosts.get(name)
    return known === undefined ? [whole("added", name)] : difference(schema.vhost, name, known, vhost)
  })
]
