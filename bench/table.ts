/** The bench's table, in Markdown that also reads well on a terminal. Pure. */
import { cores, type Figures, megabytes } from "./figures.ts"
import type { Limit, Target } from "./rows.ts"

export interface Line {
  readonly row: string
  readonly server: string
  readonly figures: Figures | undefined
  /** Why there are no figures. */
  readonly failure?: string
  readonly verdicts: ReadonlyArray<Verdict>
}

export interface Verdict {
  readonly text: string
  readonly outcome: "reached" | "missed" | "void" | "unknown"
}

const number = (value: number): string => {
  if (Number.isInteger(value)) return String(value)
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** A figure against its limit. */
export const compare = ({ atLeast, atMost, unit, what }: Limit, measured: number | undefined): Verdict => {
  const limit = atMost === undefined ? `≥ ${atLeast}${unit}` : `≤ ${atMost}${unit}`
  if (measured === undefined || !Number.isFinite(measured)) {
    return { text: `${what} (${limit}): no figure`, outcome: "unknown" }
  }
  const holds = (atMost === undefined || measured <= atMost) && (atLeast === undefined || measured >= atLeast)
  return { text: `${what} ${number(measured)} (${limit})`, outcome: holds ? "reached" : "missed" }
}

/** What the generator was too slow for is neither reached nor missed. */
export const judge = (target: Target, own: Figures, others: (name: string) => Figures | undefined): Verdict => {
  const verdict = compare(target, target.value(own, others))
  return own.voidReasons.length > 0 ? { ...verdict, outcome: "void" } : verdict
}

const heads = [
  "load",
  "server",
  "CPU s",
  "of a core",
  "resident MB, peak",
  "end",
  "Mbit/s",
  "least rate",
  "worst gap ms",
  "start ms p50",
  "max",
  "added latency ms p50",
  "p99",
  "loop p99 ms",
  "lost",
  "errors",
  "to reach"
]

const marks = { reached: "✓", missed: "✗ MISSED:", void: "void:", unknown: "?" }

const verdictText = ({ verdicts }: Line): string =>
  verdicts.map(({ outcome, text }) => `${marks[outcome]} ${text}`).join("; ")

const optional = (value: number | undefined): string => (value === undefined ? "" : number(value))

const cells = (line: Line): ReadonlyArray<string> => {
  const { figures: f, row, server } = line
  if (f === undefined) return [row, server, ...heads.slice(3).map(() => ""), line.failure ?? verdictText(line)]
  const voided = f.voidReasons.length > 0 ? `VOID (${f.voidReasons.join(", ")}) ` : ""
  return [
    row,
    server,
    number(f.cpuSeconds),
    cores(f).toFixed(2),
    number(megabytes(f.residentPeak)),
    number(megabytes(f.resident)),
    number(f.mbps),
    optional(f.viewers?.leastRate),
    optional(f.viewers?.worstGapMillis),
    optional(f.viewers?.startMillis.p50),
    optional(f.viewers?.startMillis.max),
    optional(f.viewers?.addedLatencyMillis.p50),
    optional(f.viewers?.addedLatencyMillis.p99),
    optional(f.loopDelayP99Millis),
    `${f.lost} of ${f.asked}`,
    String(f.errors),
    voided + verdictText(line)
  ]
}

export const format = (lines: ReadonlyArray<Line>): string => {
  const body = lines.map(cells)
  const widths = heads.map((head, column) => Math.max(3, head.length, ...body.map((row) => row[column]!.length)))
  // The last column is long and ends the line: it needs no padding.
  const pad = (row: ReadonlyArray<string>) =>
    `| ${row.map((cell, column) => (column === heads.length - 1 ? cell : cell.padEnd(widths[column]!))).join(" | ")} |`
  const rule = `| ${heads.map((_, column) => "-".repeat(column === heads.length - 1 ? 3 : widths[column]!)).join(" | ")} |`
  return [pad(heads), rule, ...body.map(pad)].join("\n")
}
