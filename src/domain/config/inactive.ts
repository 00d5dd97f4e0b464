/** Directives that are set and have no effect in this version. */
import { type ConfigSchema, findEntry, innerFields, pathOf, type Placed } from "./ConfigSchema.ts"
import { type Directives, placeText } from "./Directive.ts"
import type { Fields } from "./Entry.ts"
import { type Environment, overrideOf } from "./environment.ts"

export interface InactiveDirective {
  readonly path: string
  /** `file:line:column` of the first, or the environment variable. */
  readonly place: string
  readonly reason: string
}

/** Each once, by the outermost block that is inactive; the file first. */
export const inactiveDirectives = (
  schema: ConfigSchema,
  tree: Directives,
  environment: Environment
): ReadonlyArray<InactiveDirective> => {
  const entries = new Map<string, Placed>()
  for (const placed of schema.entries) if (!entries.has(placed.path)) entries.set(placed.path, placed)
  const found = new Map<string, InactiveDirective>()
  const add = (path: string, place: string, reason: string): void => {
    if (!found.has(path)) found.set(path, { path, place, reason })
  }
  const walk = (fields: Fields, directives: Directives, around: string): void => {
    for (const { block, name, place } of directives) {
      const entry = findEntry(fields, name)
      const path = pathOf(around, name)
      const placed = entries.get(path)
      if (entry === undefined || placed === undefined) continue
      if (placed.active) walk(innerFields(entry), block ?? [], path)
      else add(path, placeText(place), placed.reason)
    }
  }
  for (const directive of tree) {
    if (directive.name === "vhost") walk(schema.vhost, directive.block ?? [], "vhost")
    else walk(schema.global, [directive], "")
  }
  for (const { active, entry, environment: read, path } of entries.values()) {
    const override = read && !active && entry._tag === "Field" ? overrideOf(entry, path, environment) : undefined
    if (override === undefined) continue
    const outermost = outermostInactive(entries, path)
    add(outermost.path, override.variable, outermost.reason)
  }
  return [...found.values()]
}

const outermostInactive = (entries: ReadonlyMap<string, Placed>, path: string): Placed => {
  const names = path.split(".")
  for (let length = 1; length < names.length; length++) {
    const around = entries.get(names.slice(0, length).join("."))
    if (around !== undefined && !around.active) return around
  }
  return entries.get(path) as Placed
}
