/** The import table and the bans of the house style, as a pure function over source files. */
import { posix } from "node:path"
import { blankComments, imports, type Import } from "./sourceText.ts"

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
}

/** One file that may do what its folder may not, and why. */
export interface Allowance {
  readonly path: string
  readonly what: Ban
  readonly reason: string
}

export const maxLines = 400

const domainEffectModules = new Set(["effect/Data", "effect/Result", "effect/Option", "effect/Schema"])
const domainBuiltins = new Set(["node:crypto"])
/** The layer folders that the others may import. */
const sharedLayers = new Set(["src/layers/telemetry", "src/layers/native"])

/** Waiting, time, output and failure go through Effect. */
const bans = {
  "Date.now": /\bDate\.now\b|\bnew Date\(\)/,
  "performance.now": /\bperformance\.now\b/,
  "Math.random": /\bMath\.random\b/,
  console: /\bconsole\./,
  timer: /\bset(?:Timeout|Interval|Immediate)\b/,
  async: /(?<![#.])\b(?:async\b(?!\s*:)|await\b)/,
  try: /\btry\s*\{/
} as const
export type Ban = keyof typeof bans

/** Code that does not wait cannot wait; but a decoder may wrap a throwing builtin. */
const domainBans = Object.keys(bans).filter((ban) => ban !== "try") as ReadonlyArray<Ban>
const allBans = Object.keys(bans) as ReadonlyArray<Ban>

/** Each breach as `path:line: what is wrong`. */
export const breaches = (
  files: ReadonlyArray<SourceFile>,
  allowances: ReadonlyArray<Allowance> = []
): ReadonlyArray<string> => [
  ...files.flatMap((file) => [
    ...lengthBreach(file),
    ...imports(file.text).flatMap((found) =>
      importBreaches(file.path, found).map((problem) => `${file.path}:${found.line}: ${problem}`)
    ),
    ...banBreaches(file, allowances)
  ]),
  ...unusedAllowances(files, allowances)
]

/** The folder that a file's rights depend on: `src/domain`, `src/services`, `src/layers/<subsystem>` or `src`. */
export const roomOf = (path: string): string =>
  path.match(/^src\/(?:domain|services)(?=\/)|^src\/layers\/[^/]+(?=\/)/)?.[0] ?? posix.dirname(path)

const importBreaches = (path: string, { clause, specifier, reexport }: Import): ReadonlyArray<string> => {
  const room = roomOf(path)
  const problems: Array<string> = []
  if (reexport) problems.push(`re-exports ${specifier}`)
  if (specifier.startsWith(".")) {
    if (!specifier.endsWith(".ts")) problems.push(`relative import without .ts: ${specifier}`)
    const target = posix.normalize(posix.join(posix.dirname(path), specifier))
    if (!mayImportFile(room, roomOf(target))) problems.push(`${room} imports ${target}`)
    return problems
  }
  if (specifier === "effect" || /^@effect\/[^/]+$/.test(specifier)) {
    problems.push(`imports the barrel ${specifier}: use ${specifier}/<Module>`)
  } else if (specifier.startsWith("effect/") && !/^(?:type )?\* as \w+$/.test(clause)) {
    problems.push(`imports ${specifier} otherwise than as a namespace`)
  }
  if (!mayImportPackage(room, specifier)) problems.push(`${room} imports ${specifier}`)
  return problems
}

const mayImportFile = (room: string, target: string): boolean => {
  if (room === "src/domain") return target === "src/domain"
  if (room === "src/services") return target === "src/domain" || target === "src/services"
  if (room.startsWith("src/layers/")) {
    return target === "src/domain" || target === "src/services" || target === room || sharedLayers.has(target)
  }
  return room === "src" && (target === "src" || target.startsWith("src/"))
}

const mayImportPackage = (room: string, specifier: string): boolean => {
  if (room === "src/domain") return domainEffectModules.has(specifier) || domainBuiltins.has(specifier)
  if (room === "src/services") return specifier.startsWith("effect/")
  return true
}

const lengthBreach = ({ path, text }: SourceFile): ReadonlyArray<string> => {
  const lines = text.replace(/\n$/, "").split("\n").length
  return lines > maxLines ? [`${path}:${lines}: ${lines} lines, ${maxLines} are allowed`] : []
}

const bansOf = (path: string): ReadonlyArray<Ban> => {
  const room = roomOf(path)
  if (room === "src/domain") return domainBans
  return room === "src" ? [] : allBans
}

const banBreaches = ({ path, text }: SourceFile, allowances: ReadonlyArray<Allowance>): ReadonlyArray<string> => {
  const lines = blankComments(text).split("\n")
  const mutable =
    roomOf(path) === "src/domain" ? lineBreaches(path, lines, /^(?:export )?let\b/, "mutable state of the module") : []
  return bansOf(path)
    .filter((ban) => !allowances.some((allowance) => allowance.path === path && allowance.what === ban))
    .flatMap((ban) => lineBreaches(path, lines, bans[ban], `${ban} is not allowed here`))
    .concat(mutable)
}

const lineBreaches = (path: string, lines: ReadonlyArray<string>, pattern: RegExp, problem: string): Array<string> =>
  lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${problem}`] : []))

/** An allowance that nothing needs any more has to go. */
const unusedAllowances = (
  files: ReadonlyArray<SourceFile>,
  allowances: ReadonlyArray<Allowance>
): ReadonlyArray<string> =>
  allowances
    .filter(({ path, what }) => {
      const file = files.find((candidate) => candidate.path === path)
      return file === undefined || !bans[what].test(blankComments(file.text))
    })
    .map(({ path, what }) => `${path}:1: the allowance for ${what} is not used`)
