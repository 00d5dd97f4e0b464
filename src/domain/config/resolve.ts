/** What is in force for a directive: the environment, else the file, else the default. */
import { type ConfigSchema, findEntry, groupEnvironment, innerFields } from "./ConfigSchema.ts"
import { type Directive, type Directives, find, inside } from "./Directive.ts"
import type { Field, Fields, Lookup } from "./Entry.ts"
import { type Environment, noEnvironment, overrideOf } from "./environment.ts"
import type { Origin } from "./values.ts"

/** A configuration as it was read. */
export interface Config {
  readonly schema: ConfigSchema
  readonly tree: Directives
  readonly environment: Environment
  /** The process runs in Docker, which changes some defaults. */
  readonly docker: boolean
}

export interface InForce {
  readonly args: ReadonlyArray<string>
  readonly origin: Origin
  /** In the file. */
  readonly directive: Directive | undefined
  /** In the environment. */
  readonly variable: string | undefined
}

const dockerPath = "in_docker"

/** The arguments in force for a field whose block is `siblings`. */
export const inForce = (
  config: Config,
  field: Field<unknown>,
  path: string,
  siblings: Directives,
  environment: Environment,
  lookup: Lookup
): InForce => {
  const override = overrideOf(field, path, environment)
  if (override !== undefined) {
    return { args: override.args, origin: "environment", directive: undefined, variable: override.variable }
  }
  const directive = find(siblings, field.name)
  if (directive !== undefined && directive.args.length > 0) {
    return { args: directive.args, origin: "file", directive, variable: undefined }
  }
  const args = path === dockerPath && config.docker ? ["on"] : defaultOf(field, lookup)
  return { args, origin: "file", directive: undefined, variable: undefined }
}

const defaultOf = (field: Field<unknown>, lookup: Lookup): ReadonlyArray<string> =>
  field.fallbackFrom === undefined ? field.fallback : [field.fallbackFrom(lookup)]

/** A field with what is around it. */
export interface Located {
  readonly field: Field<unknown>
  /** The block that it may stand in. */
  readonly siblings: Directives
  readonly environment: Environment
}

/** Finds a field by its path; paths that begin with `vhost.` are of the vhost with these directives. */
export const locate = (config: Config, vhost: Directives, path: string): Located | undefined => {
  const names = path.split(".")
  const ofVhost = names[0] === "vhost"
  let fields: Fields = ofVhost ? config.schema.vhost : config.schema.global
  let siblings = ofVhost ? vhost : config.tree
  let environment = config.environment
  for (const name of ofVhost ? names.slice(1) : names) {
    const entry = findEntry(fields, name)
    if (entry === undefined) return undefined
    if (entry._tag === "Field") return { field: entry, siblings, environment }
    environment = groupEnvironment(entry, true) ? environment : noEnvironment
    fields = innerFields(entry)
    siblings = inside(siblings, name)
  }
  return undefined
}

/** Gives the text in force by path, empty for a path that no table has. */
export const lookupIn = (config: Config, vhost: Directives): Lookup => {
  const lookup: Lookup = (path) => {
    const located = locate(config, vhost, path)
    if (located === undefined) return ""
    return inForce(config, located.field, path, located.siblings, located.environment, lookup).args.join(" ")
  }
  return lookup
}

/** Written down without an argument, or with an empty one, and not set by the environment. */
export const isExplicitlyEmpty = (config: Config, path: string): boolean => {
  const located = locate(config, [], path)
  if (located === undefined) return false
  const { environment, field, siblings } = located
  return find(siblings, field.name)?.args.length === 0 && overrideOf(field, path, environment) === undefined
}
