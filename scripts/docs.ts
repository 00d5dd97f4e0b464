/**
 * Writes docs/configuration.md, docs/migration.md and conf/full.conf from the tables of directives. Run it after a table
 * has changed; a test fails as long as the files are not what it would write.
 */
import { writeFileSync } from "node:fs"
import { coreTables } from "../src/domain/config/directives/core.ts"
import { entryNames, groupEnvironment, isBlock, makeSchema } from "../src/domain/config/ConfigSchema.ts"
import { wordText } from "../src/domain/config/Directive.ts"
import type { Entry, Field, Fields, Table } from "../src/domain/config/Entry.ts"
import { variablesOf } from "../src/domain/config/environment.ts"
import { defaultVhostName } from "../src/domain/config/Settings.ts"
import { introduction } from "./docsIntroduction.ts"
import { migrationPage } from "./migration.ts"

const reloadText = { yes: "at once", next: "next use", start: "restart", none: "never" } as const

const cell = (text: string): string => text.replaceAll("|", "\\|")

const code = (text: string): string => `\`${text}\``

const defaultText = (field: Field<unknown>): string =>
  field.fallback.length === 0 ? "none" : code(field.fallback.map(wordText).join(" "))

const variablesText = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "none" : names.map(code).join(", ")

const valueCells = (entry: Entry, path: string, environment: boolean): ReadonlyArray<string> => {
  switch (entry._tag) {
    case "Field": {
      const variables = environment ? variablesOf(entry, path) : []
      return [entry.type, defaultText(entry), variablesText(variables), reloadText[entry.reload]]
    }
    case "Repeated":
      return [entry.type, "none", "none", reloadText[entry.reload]]
    case "Group":
      return ["block", "", "", ""]
    case "Groups":
      return [entry.argument === "" ? "blocks" : `blocks, by ${entry.argument}`, "", "", ""]
    case "Options":
      return ["block of options", "", "none", ""]
    case "Retired":
      return ["any", "", "none", ""]
  }
}

const meaning = (entry: Entry, active: boolean, reason: string, tableActive: boolean): string => {
  if (entry._tag === "Retired") return `Accepted, without effect: ${entry.doc}.`
  return active || !tableActive ? entry.doc : `${entry.doc} Not active: ${reason}.`
}

const section = (table: Table): string => {
  const rows = makeSchema([table]).entries.map(({ active, entry, environment, path, reason }) => {
    const cells = [code(path), ...valueCells(entry, path, environment), meaning(entry, active, reason, table.active)]
    return `| ${cells.map(cell).join(" | ")} |`
  })
  return [
    `## ${table.title}`,
    "",
    table.active ? table.doc : `${table.doc} **Not active:** ${table.reason}.`,
    "",
    "| Directive | Type | Default | Environment | Reload | Meaning |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    ""
  ].join("\n")
}

/** docs/configuration.md. */
export const configurationPage = (): string => [introduction, ...coreTables.map(section)].join("\n")

/** One directive with its default; as a comment where it has none that could be written down. */
const fieldLine = (field: Field<unknown>): string => {
  const args = field.name === "listen" && field.fallback.length === 0 ? ["1935"] : field.fallback
  const text = [field.name, ...args].map(wordText).join(" ")
  return field.misfit(args) === undefined ? `${text};` : `# ${text};`
}

const notes = (entry: Entry, path: string, environment: boolean): ReadonlyArray<string> => {
  if (entry._tag !== "Field") return [entry.doc]
  const variables = environment ? variablesOf(entry, path) : []
  return [entry.doc, `${entry.type}${variables.length === 0 ? "" : `; ${variables.join(", ")}`}`]
}

const entryLines = (entry: Entry, around: string, environment: boolean): ReadonlyArray<string> => {
  const path = `${around}${entry.name}`
  const comments = notes(entry, path, environment).map((note) => `# ${note}`)
  if (entry._tag === "Field") return [...comments, fieldLine(entry)]
  if (entry._tag === "Repeated") return [...comments, `# ${entry.name} ${entry.type};`]
  if (entry._tag === "Retired") return [`# ${entry.name}: accepted, without effect: ${entry.doc}.`]
  if (entry._tag === "Options") return [...comments, `${entry.name} {`, "}"]
  const head = entry._tag === "Groups" && entry.argument !== "" ? `${entry.name} example {` : `${entry.name} {`
  const inner = fieldsLines(entry.fields, `${path}.`, groupEnvironment(entry, environment))
  return [...comments, head, ...inner.map((line) => `    ${line}`), "}"]
}

/** Only the first of the entries with one name is written down. */
const fieldsLines = (fields: Fields, around: string, environment: boolean): ReadonlyArray<string> => {
  const names = entryNames(fields)
  return Object.values(fields)
    .filter((entry, index) => names.indexOf(entry.name) === index)
    .toSorted((a, b) => Number(isBlock(a)) - Number(isBlock(b)))
    .flatMap((entry) => entryLines(entry, around, environment))
}

const fullIntroduction = [
  "# Every directive with its default, made from the tables of directives (scripts/docs.ts).",
  "# It shows what there is. Nobody needs a file like this: what is left out has its default."
]

const titled = (table: Table, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0
    ? []
    : ["", `# ${table.title}. ${table.doc}${table.active ? "" : " Not active in this version."}`, ...lines]

/** conf/full.conf. */
export const fullConfiguration = (): string => {
  const global = coreTables.flatMap((table: Table) => titled(table, fieldsLines(table.global, "", true)))
  const vhost = coreTables.flatMap((table: Table) => titled(table, fieldsLines(table.vhost, "vhost.", true)))
  const indented = vhost.map((line) => (line === "" ? "" : `    ${line}`))
  return [...fullIntroduction, ...global, "", `vhost ${defaultVhostName} {`, ...indented, "}", ""].join("\n")
}

/** The files this script writes, by path from the root of the project. */
export const generatedFiles: ReadonlyArray<readonly [path: string, content: () => string]> = [
  ["docs/configuration.md", configurationPage],
  ["conf/full.conf", fullConfiguration],
  ["docs/migration.md", migrationPage]
]

if (import.meta.main) {
  for (const [path, content] of generatedFiles) writeFileSync(new URL(`../${path}`, import.meta.url), content())
}
