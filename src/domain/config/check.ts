/** Checks names and arguments against the tables. */
import type { ConfigError } from "./ConfigError.ts"
import { InvalidArgument, UnknownDirective } from "./ConfigError.ts"
import { type ConfigSchema, entryNames, findEntry, isBlock, pathOf, topLevelNames } from "./ConfigSchema.ts"
import type { Directive, Directives } from "./Directive.ts"
import type { Entry, Field, Fields } from "./Entry.ts"
import { type Environment, misspelledVariables, overrideOf } from "./environment.ts"
import { nearest } from "./nearest.ts"

export interface Findings {
  /** Why the configuration is refused. */
  readonly errors: Array<ConfigError>
  /** What its author should know all the same. */
  readonly warnings: Array<ConfigError>
}

/** What to say of a name that is unknown here: the like of it here, else the path of it or of its like elsewhere. */
const suggestion = (schema: ConfigSchema, name: string, here: ReadonlyArray<string>): string | undefined => {
  const like = nearest(name, here)
  if (like !== undefined) return like
  const elsewhere = nearest(name, new Set(schema.entries.map(({ entry }) => entry.name)))
  return schema.entries.find(({ entry }) => entry.name === elsewhere)?.path
}

class Checker {
  readonly findings: Findings = { errors: [], warnings: [] }
  private readonly schema: ConfigSchema

  constructor(schema: ConfigSchema) {
    this.schema = schema
  }

  topLevel(tree: Directives): void {
    const names = topLevelNames(this.schema)
    for (const directive of tree) {
      if (directive.name === "vhost") this.vhost(directive)
      else {
        const entry = findEntry(this.schema.global, directive.name)
        if (entry === undefined) this.unknown(directive, "", `illegal directive ${directive.name}`, names, false)
        else this.entry(entry, directive, directive.name, "")
      }
    }
  }

  private vhost(directive: Directive): void {
    const of = ` of ${directive.args[0] ?? ""}`
    this.block(this.schema.vhost, directive.block ?? [], "vhost", of, false)
  }

  private block(fields: Fields, directives: Directives, path: string, of: string, open: boolean): void {
    for (const directive of directives) {
      const here = pathOf(path, directive.name)
      const entry = findEntry(fields, directive.name)
      if (entry === undefined) this.unknown(directive, path, `illegal ${here}${of}`, entryNames(fields), open)
      else this.entry(entry, directive, here, of)
    }
  }

  private entry(entry: Entry, directive: Directive, path: string, of: string): void {
    if (entry._tag === "Field") this.argument(entry, directive, path)
    const { block } = directive
    if (entry._tag !== "Retired" && isBlock(entry) !== (block !== undefined)) {
      const expected = isBlock(entry) ? "a block" : "no block"
      const found = `${path} ${block === undefined ? "without a block" : "with a block"}`
      const { warnings } = this.findings
      warnings.push(new InvalidArgument({ ...directive.place, directive: path, found, expected, nearest: undefined }))
    }
    if (entry._tag === "Group" || entry._tag === "Groups") {
      this.block(entry.fields, block ?? [], path, of, entry.open)
    }
  }

  private argument(field: Field<unknown>, directive: Directive, path: string): void {
    if (directive.args.length === 0) return
    const expected = field.misfit(directive.args)
    if (expected === undefined) return
    const place = directive.argPlaces[0]
    this.misfit(field, new InvalidArgument({ ...place, ...misfitText(path, directive.args, expected) }))
  }

  misfit(field: Field<unknown>, error: InvalidArgument): void {
    const { errors, warnings } = this.findings
    if (field.strict) errors.push(error)
    else warnings.push(error)
  }

  private unknown(
    directive: Directive,
    path: string,
    found: string,
    names: ReadonlyArray<string>,
    open: boolean
  ): void {
    const error = new UnknownDirective({
      ...directive.place,
      directive: pathOf(path, directive.name),
      found,
      expected: `a directive of ${path === "" ? "the top level" : path}`,
      nearest: suggestion(this.schema, directive.name, names)
    })
    const { errors, warnings } = this.findings
    if (open) warnings.push(error)
    else errors.push(error)
  }

  environment(environment: Environment): void {
    for (const { entry, environment: read, path } of this.schema.entries) {
      if (!read || entry._tag !== "Field") continue
      const override = overrideOf(entry, path, environment)
      const expected = override === undefined ? undefined : entry.misfit(override.args)
      if (override === undefined || expected === undefined) continue
      const place = { file: override.variable, line: 0, column: 0 }
      this.misfit(entry, new InvalidArgument({ ...place, ...misfitText(path, override.args, expected) }))
    }
    for (const { meant, variable } of misspelledVariables(this.schema, environment)) {
      const place = { file: variable, line: 0, column: 0, directive: "" }
      const found = "no directive has this environment variable"
      this.findings.warnings.push(new UnknownDirective({ ...place, found, expected: "", nearest: meant }))
    }
  }
}

const misfitText = (path: string, args: ReadonlyArray<string>, expected: string) => ({
  directive: path,
  found: `${path} ${args.join(" ")}`,
  expected,
  nearest: undefined
})

/** Unknown names and arguments that do not fit, in the file and in the environment, in their order. */
export const checkAgainstTables = (schema: ConfigSchema, tree: Directives, environment: Environment): Findings => {
  const checker = new Checker(schema)
  checker.topLevel(tree)
  checker.environment(environment)
  return checker.findings
}
