/** Environment variables that override the file. */
import type { Field } from "./Entry.ts"
import type { ConfigSchema } from "./ConfigSchema.ts"
import { nearest } from "./nearest.ts"

/** Variables of the process; an empty one counts as none. */
export type Environment = Readonly<Record<string, string | undefined>>

export const noEnvironment: Environment = {}

/** The file to read; beats `-c`. */
export const configFileVariable = "SRS_CONFIG_FILE"
/** Being set at all, no file is read. */
export const environmentOnlyVariable = "SRS_ENV_ONLY"

/** Variables with a meaning of their own, that belong to no directive. */
const otherVariables = [
  configFileVariable,
  environmentOnlyVariable,
  "SRS_DEVICE_IP",
  "SRS_PLATFORM",
  "SRS_REGION",
  "SRS_SOURCE"
]

/** `SRS_`, and the path in upper case: `vhost.hls.hls_path` is `SRS_VHOST_HLS_HLS_PATH`. */
const variableOf = (path: string): string => `SRS_${path.replaceAll(".", "_").toUpperCase()}`

/** The variables of a field, the first of them first. */
export const variablesOf = (field: Field<unknown>, path: string): ReadonlyArray<string> =>
  field.env ?? [variableOf(path)]

export interface Override {
  readonly variable: string
  readonly args: ReadonlyArray<string>
}

/** What the environment says of a field, if it says anything. */
export const overrideOf = (field: Field<unknown>, path: string, environment: Environment): Override | undefined => {
  for (const variable of variablesOf(field, path)) {
    const text = environment[variable]
    if (text === undefined || text === "") continue
    const args = field.list ? text.split(" ").filter((word) => word !== "") : [text]
    if (args.length > 0) return { variable, args }
  }
  return undefined
}

/** What `-e` implies where the environment does not say otherwise. */
export const environmentOnly = (environment: Environment): Environment => ({
  ...environment,
  SRS_DAEMON: environment["SRS_DAEMON"] || "off",
  SRS_LOG_TANK: environment["SRS_LOG_TANK"] || environment["SRS_SRS_LOG_TANK"] || "console"
})

/** Every variable that means something. */
export const knownVariables = (schema: ConfigSchema): ReadonlySet<string> =>
  new Set([
    ...otherVariables,
    ...schema.entries.flatMap(({ entry, environment, path }) =>
      environment && entry._tag === "Field" ? variablesOf(entry, path) : []
    )
  ])

/**
 * Variables that look like a misspelled one, with what was probably meant. Others that begin with `SRS_` are somebody
 * else's: Kubernetes makes such for a service of the name `srs`.
 */
export const misspelledVariables = (
  schema: ConfigSchema,
  environment: Environment
): ReadonlyArray<{ readonly variable: string; readonly meant: string }> => {
  const known = knownVariables(schema)
  return Object.keys(environment).flatMap((variable) => {
    if (!variable.startsWith("SRS_") || known.has(variable) || !environment[variable]) return []
    const meant = nearest(variable, known, 2)
    return meant === undefined ? [] : [{ variable, meant }]
  })
}
