/** Makes the settings of a configuration, by its tables. */
import { groupEnvironment, pathOf } from "./ConfigSchema.ts"
import { type Directives, find, findAll } from "./Directive.ts"
import type { Entry, Fields, Lookup } from "./Entry.ts"
import { type Environment, noEnvironment } from "./environment.ts"
import { type Config, inForce, lookupIn } from "./resolve.ts"
import type { ConfigSnapshot, GlobalSettings, VhostSettings } from "./Settings.ts"

/** Where values are read: a block, its path, and what overrides it. */
interface Around {
  readonly config: Config
  readonly path: string
  readonly siblings: Directives
  readonly environment: Environment
  readonly lookup: Lookup
}

const valueOf = (entry: Entry, around: Around): unknown => {
  const { config, environment, lookup, siblings } = around
  const path = pathOf(around.path, entry.name)
  switch (entry._tag) {
    case "Field": {
      const { args, origin } = inForce(config, entry, path, siblings, environment, lookup)
      return entry.read(args, origin)
    }
    case "Repeated":
      return findAll(siblings, entry.name).map(({ args }) => args)
    case "Options":
      return (find(siblings, entry.name)?.block ?? []).map(({ args, name }) => ({ name, args }))
    case "Group":
      return valuesOf(entry.fields, {
        ...around,
        path,
        siblings: find(siblings, entry.name)?.block ?? [],
        environment: groupEnvironment(entry, true) ? environment : noEnvironment
      })
    case "Groups":
      return findAll(siblings, entry.name).map(({ args, block }) => ({
        ...valuesOf(entry.fields, { ...around, path, siblings: block ?? [], environment: noEnvironment }),
        argument: args[0] ?? ""
      }))
    case "Retired":
      return undefined
  }
}

const valuesOf = (fields: Fields, around: Around): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([property, entry]) =>
      entry._tag === "Retired" ? [] : [[property, valueOf(entry, around)]]
    )
  )

/** Of several vhosts with one name the first counts. */
export const derive = (config: Config): ConfigSnapshot => {
  const { environment, schema, tree } = config
  const vhosts = new Map<string, VhostSettings>()
  const disabledVhosts = new Set<string>()
  for (const { args, block } of findAll(tree, "vhost")) {
    const name = args[0] ?? ""
    if (vhosts.has(name) || disabledVhosts.has(name)) continue
    const siblings = block ?? []
    const lookup = lookupIn(config, siblings)
    const values = valuesOf(schema.vhost, { config, path: "vhost", siblings, environment, lookup })
    // The types of the settings are made of the same tables.
    const settings = { ...values, name } as unknown as VhostSettings
    if (settings.enabled) vhosts.set(name, settings)
    else disabledVhosts.add(name)
  }
  const lookup = lookupIn(config, [])
  const global = valuesOf(schema.global, { config, path: "", siblings: tree, environment, lookup })
  return { global: global as unknown as GlobalSettings, vhosts, disabledVhosts }
}
