/** From the text of a configuration to its settings: parse, rewrite old syntax, check, derive. */
import * as Result from "effect/Result"
import { checkAgainstTables } from "./check.ts"
import { ConfigConflict, type ConfigError, IncludeFailed } from "./ConfigError.ts"
import type { ConfigSchema } from "./ConfigSchema.ts"
import { derive } from "./derive.ts"
import type { Directive, Directives } from "./Directive.ts"
import { environmentOnly, type Environment } from "./environment.ts"
import { parse, type Read } from "./Grammar.ts"
import { type InactiveDirective, inactiveDirectives } from "./inactive.ts"
import { checkRefusals, type MachineFacts } from "./refusals.ts"
import { rewrite } from "./rewrite.ts"
import { type ConfigSnapshot, defaultVhostName } from "./Settings.ts"

export interface LoadOptions {
  readonly schema: ConfigSchema
  readonly environment: Environment
  readonly facts: MachineFacts
  /** Port 0, a port that the system chooses, is fit to listen on: for tests and for servers inside other programs. */
  readonly systemPorts?: boolean
}

export interface LoadedConfig {
  readonly snapshot: ConfigSnapshot
  readonly warnings: ReadonlyArray<ConfigError>
  readonly inactive: ReadonlyArray<InactiveDirective>
}

/** All that is wrong, the first thing first. Never empty. */
export type ConfigErrors = readonly [ConfigError, ...Array<ConfigError>]

/** Loads a file by its path. */
export const loadFile = (path: string, read: Read, options: LoadOptions): Result.Result<LoadedConfig, ConfigErrors> => {
  const text = read(path)
  if (Result.isSuccess(text)) return loadText(text.success, path, read, options)
  const found = `cannot read the configuration: ${text.failure}`
  const place = { file: path, line: 0, column: 0, directive: "" }
  return Result.fail([new IncludeFailed({ ...place, found, expected: "", nearest: undefined })])
}

/** Loads the text of a file; `file` names it in errors, `read` gives what it includes. */
export const loadText = (
  text: string,
  file: string,
  read: Read,
  options: LoadOptions
): Result.Result<LoadedConfig, ConfigErrors> => {
  const parsed = parse(text, file, read)
  if (Result.isFailure(parsed)) return Result.fail([parsed.failure])
  if (parsed.success.length === 0) {
    const place = { file, line: 0, column: 0, directive: "" }
    return Result.fail([new ConfigConflict({ ...place, found: "conf is empty", expected: "", nearest: undefined })])
  }
  return loadTree(rewrite(parsed.success), options, false)
}

const environmentPlace = { file: "environment", line: 0, column: 0 }

const emptyDefaultVhost: Directive = {
  name: "vhost",
  place: environmentPlace,
  args: [defaultVhostName],
  argPlaces: [environmentPlace],
  block: []
}

/** No file: the environment alone, and an empty default vhost. */
export const loadEnvironment = (options: LoadOptions): Result.Result<LoadedConfig, ConfigErrors> =>
  loadTree([emptyDefaultVhost], { ...options, environment: environmentOnly(options.environment) }, true)

const loadTree = (
  tree: Directives,
  { environment, facts, schema, systemPorts = false }: LoadOptions,
  environmentOnly: boolean
): Result.Result<LoadedConfig, ConfigErrors> => {
  const config = { schema, tree, environment, docker: facts.docker }
  const { errors, warnings } = checkAgainstTables(schema, tree, environment)
  const [first, ...others] = [...errors, ...checkRefusals(config, { facts, environmentOnly, systemPorts })]
  if (first !== undefined) return Result.fail([first, ...others])
  return Result.succeed({
    snapshot: derive(config),
    warnings,
    inactive: inactiveDirectives(schema, tree, environment)
  })
}
