/** `bun scripts/limits.ts` writes docs/limits.md: every cap on what a peer can make this server take, as the code has it. */
import { Glob } from "bun"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dir, "..")

/** Where bytes and texts of peers are read, and by which words the pages' sections are called. */
const sections: ReadonlyArray<readonly [title: string, folders: ReadonlyArray<string>]> = [
  ["Connections", ["src/services", "src/layers/transport", "src/domain/proxy", "src/layers/proxy"]],
  ["RTMP", ["src/domain/rtmp", "src/layers/rtmp"]],
  ["AMF", ["src/domain/amf"]],
  ["FLV", ["src/domain/flv"]],
  ["HTTP and WebSocket", ["src/domain/http", "src/layers/http", "src/layers/httpLive"]],
  ["Media kept for viewers", ["src/domain/media", "src/layers/source"]],
  ["Codec headers", ["src/domain/codec"]],
  ["MPEG-TS in", ["src/domain/ts"]],
  ["Configuration", ["src/domain/config"]],
  ["Forwarding", ["src/domain/forward", "src/layers/forward"]],
  ["Callbacks", ["src/domain/hooks", "src/layers/hooks"]],
  ["Recordings", ["src/domain/record", "src/layers/record"]],
  ["Access", ["src/domain/access", "src/layers/access", "src/layers/sessions"]],
  ["Files and segments", ["src/domain/static", "src/domain/mp4", "src/layers/segments"]],
  ["Files on demand", ["src/domain/vod", "src/layers/static"]],
  ["HLS", ["src/domain/hls", "src/layers/hls"]],
  ["DASH", ["src/domain/dash", "src/layers/dash"]],
  ["Files as HLS", ["src/domain/vod", "src/layers/static"]],
  ["Calls of other servers", ["src/layers/httpCalls"]],
  [
    "Log, statistics and process",
    [
      "src/domain/log",
      "src/domain/stats",
      "src/domain/process",
      "src/layers/telemetry",
      "src/layers/statistics",
      "src/layers/page",
      "src/layers/process"
    ]
  ]
]

const isCap = (name: string): boolean =>
  /^(?:max|longest|largest)[A-Z]/.test(name) ||
  /(?:TimeoutMillis|stallMillis|keepAliveMillis|idleStreamMillis)$/.test(name)

interface Cap {
  readonly name: string
  readonly value: string
  readonly text: string
  readonly file: string
}

/** A product of literals, or undefined. */
const numberOf = (expression: string): number | undefined => {
  const value = expression.split("*").reduce((product, part) => product * Number(part.trim().replaceAll("_", "")), 1)
  return Number.isNaN(value) ? undefined : value
}

const units: ReadonlyArray<readonly [size: number, unit: string]> = [
  [1024 * 1024, "MiB"],
  [1024, "KiB"]
]

const shown = (name: string, expression: string): string => {
  const value = numberOf(expression)
  if (value === undefined) return `\`${expression}\``
  if (name.endsWith("Millis")) return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`
  if (!/Bytes|Length$/.test(name)) return String(value)
  const unit = units.find(([size]) => value >= size && value % size === 0)
  return unit === undefined || name.endsWith("Length") ? String(value) : `${value / unit[0]} ${unit[1]}`
}

/** The comment above a constant, which may stand above several. */
const commentAbove = (lines: ReadonlyArray<string>, index: number): string => {
  let end = index - 1
  while (end >= 0 && /^(?:export )?const /.test(lines[end])) end--
  if (end < 0 || !lines[end].trimEnd().endsWith("*/")) return ""
  let start = end
  while (start > 0 && !lines[start].startsWith("/**")) start--
  return lines
    .slice(start, end + 1)
    .map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*)?\s?/, "").replace(/\s*\*\/\s*$/, ""))
    .join(" ")
    .trim()
    .replaceAll("|", "\\|")
}

const capsOf = (folder: string): ReadonlyArray<Cap> =>
  [...new Glob(`${folder}/**/*.ts`).scanSync(root)].sort().flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n")
    return lines.flatMap((line, index): ReadonlyArray<Cap> => {
      const [, name = "", expression = ""] = /^(?:export )?const (\w+)(?:: number)? = (.+)$/.exec(line) ?? []
      if (!isCap(name) || /=>|\(|\{/.test(expression)) return []
      const text = commentAbove(lines, index)
      return text === "" ? [] : [{ name, value: shown(name, expression), text, file: file.slice("src/".length) }]
    })
  })

/** Constants that look like caps and are on no line of the page: their folder is in no section, or nothing is said of them. */
export const unlistedCaps = (page: string): ReadonlyArray<string> =>
  [...new Glob("src/**/*.ts").scanSync(root)].flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^(?:export )?const (\w+)(?:: number)? = [^{(]+$/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => isCap(name) && !page.split("\n").some((line) => isLineOf(line, name, file)))
      .map((name) => `${name} in ${file}`)
  )

const isLineOf = (line: string, name: string, file: string): boolean =>
  line.startsWith(`| \`${name}\` |`) && line.endsWith(` ${file.slice("src/".length)} |`)

/** The whole page. */
export const limitsPage = (): string => {
  const parts = sections.map(([title, folders]) => {
    const rows = folders
      .flatMap(capsOf)
      .map(({ file, name, text, value }) => `| \`${name}\` | ${value} | ${text} | ${file} |`)
    return `## ${title}\n\n| name | value | what it bounds | in src/ |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`
  })
  return `# Limits

Every length, count and time that a peer can choose is checked against one of these before anything is allocated or
waited for. What exceeds one ends that peer's connection, with a line in the log, and no other. \`max_connections\` and
the limits that the configuration sets are in [configuration.md](configuration.md). Written by \`bun scripts/limits.ts\`
from the constants in the code; a test compares.

${parts.join("\n")}`
}

if (import.meta.main) writeFileSync(join(root, "docs/limits.md"), limitsPage())
