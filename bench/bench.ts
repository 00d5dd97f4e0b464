/** `bun run bench`: this server and its peers under the same loads, one table. */
import { writeFileSync } from "node:fs"

import * as Result from "effect/Result"

import { parse, type Plan, usage } from "./arguments.ts"
import type { Figures } from "./figures.ts"
import { type Load, measure, measureStart, type Timing } from "./measure.ts"
import { nginx } from "./peers/nginx.ts"
import { nginxFiles } from "./peers/nginxFiles.ts"
import { nodeMediaServer } from "./peers/nodeMediaServer.ts"
import { measurePictures } from "./pictures.ts"
import type { Peer, ServerName, Tuning } from "./peers/peer.ts"
import { sluice } from "./peers/sluice.ts"
import { type LoadRow, type PictureRow, type Row, rows, type StartRow, type TurnsRow } from "./rows.ts"
import { compare, format, judge, type Line, type Verdict } from "./table.ts"

const servers: Readonly<Record<ServerName, Peer>> = {
  sluice,
  nginx,
  nms: nodeMediaServer,
  "nginx-files": nginxFiles
}

const fullTiming: Timing = { ramp: 500, settleSeconds: 3, seconds: 13 }
const quickTiming: Timing = { ramp: 1000, settleSeconds: 1, seconds: 4 }

type Measured = Figures | string

const plainTuning: Tuning = { minLatency: false, mergedRead: false, tracing: true, hls: "off" }

const failureText = (error: unknown): string =>
  `failed: ${error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, " · ") : error}`

/** One run of the bench. A load is put on a peer once, whichever rows compare with it. */
class Bench {
  readonly lines: Array<Line> = []
  readonly #timing: Timing
  readonly #quick: boolean
  readonly #peers: ReadonlySet<ServerName>
  readonly #known = new Map<string, Measured>()

  constructor(plan: Plan) {
    this.#quick = plan.quick
    const timing = plan.quick ? quickTiming : fullTiming
    this.#timing = { ...timing, seconds: plan.seconds ?? timing.seconds }
    const missing = [...plan.peers].filter((name) => {
      const reason = servers[name].prepare()
      if (reason !== undefined) console.error(`${servers[name].title}: ${reason}`)
      return reason !== undefined
    })
    this.#peers = plan.peers.difference(new Set(missing))
  }

  async row(row: Row): Promise<void> {
    if (row.kind === "load") await this.#loadRow(row)
    if (row.kind === "turns") await this.#turnsRow(row)
    if (row.kind === "start") await this.#startRow(row)
    if (row.kind === "picture") await this.#pictureRow(row)
  }

  async #measure(server: ServerName, load: Load, tuning: Tuning): Promise<Measured> {
    console.error(`${servers[server].title}: ${JSON.stringify({ ...load, ...tuning })}`)
    try {
      return await measure(servers[server], load, tuning, this.#timing)
    } catch (error) {
      return failureText(error)
    }
  }

  async #measureOnce(server: ServerName, load: Load, tuning: Tuning): Promise<Measured> {
    // Peers know none of the tuning.
    const key = JSON.stringify([server, load, server === "sluice" ? tuning : undefined])
    const known = this.#known.get(key) ?? (await this.#measure(server, load, tuning))
    this.#known.set(key, known)
    return known
  }

  async #loadRow(row: LoadRow): Promise<void> {
    const others = new Map<string, Measured>()
    for (const peer of row.peers) {
      if (!this.#peers.has(peer)) continue
      const figures = await this.#measureOnce(peer, row.load, row.tuning)
      others.set(peer, figures)
      this.#line(row, servers[peer].title, figures)
    }
    const needed = rows.find(({ name }) => name === row.needs)
    if (needed?.kind === "load") {
      others.set(needed.name, await this.#measureOnce("sluice", needed.load, needed.tuning))
    }
    this.#judged(row, await this.#measureOnce("sluice", row.load, row.tuning), others)
  }

  #line(row: Row, server: string, measured: Measured | undefined, verdicts: ReadonlyArray<Verdict> = []): void {
    const outcome = typeof measured === "string" ? { figures: undefined, failure: measured } : { figures: measured }
    this.lines.push({ row: row.title, server, ...outcome, verdicts })
  }

  #judged(row: LoadRow | TurnsRow, own: Measured, others: ReadonlyMap<string, Measured>): void {
    const other = (name: string) => {
      const figures = others.get(name)
      return typeof figures === "string" ? undefined : figures
    }
    const verdicts = typeof own === "string" ? [] : row.targets.map((target) => judge(target, own, other))
    this.#line(row, sluice.title, own, verdicts)
  }

  async #turnsRow(row: TurnsRow): Promise<void> {
    const own: Array<Measured> = []
    const against: Array<Measured> = []
    for (let turn = 0; turn < (this.#quick ? 1 : row.turns); turn++) {
      against.push(await this.#measure("sluice", row.load, row.against))
      own.push(await this.#measure("sluice", row.load, row.tuning))
    }
    const without = median(against, row.compared)
    this.#line(row, `sluice, ${row.againstTitle}`, without)
    this.#judged(row, median(own, row.compared), new Map([["against", without]]))
  }

  async #startRow(row: StartRow): Promise<void> {
    console.error(`sluice: ${row.starts} starts`)
    const millis: Array<number> = []
    try {
      while (millis.length < row.starts) millis.push(await measureStart(sluice, plainTuning))
    } catch (error) {
      this.#line(row, sluice.title, failureText(error))
      return
    }
    const middle = millis.toSorted((a, b) => a - b)[millis.length >> 1]
    const verdict = compare({ what: "start to listening", unit: " ms", atMost: row.atMostMillis }, middle)
    this.#line(row, sluice.title, undefined, [verdict])
  }

  async #pictureRow(row: PictureRow): Promise<void> {
    console.error(`sluice: ${row.starts} pages`)
    try {
      const millis = await measurePictures(row.load, row.tuning, this.#timing, row.starts)
      const limit = { what: `first picture, slowest of ${row.starts}`, unit: " ms", atMost: row.atMostMillis }
      this.#line(row, sluice.title, undefined, [compare(limit, Math.max(...millis))])
    } catch (error) {
      this.#line(row, sluice.title, failureText(error))
    }
  }
}

/** The run in the middle; the first failure if there is one. */
const median = (runs: ReadonlyArray<Measured>, by: (figures: Figures) => number): Measured => {
  const failure = runs.find((run) => typeof run === "string")
  if (failure !== undefined) return failure
  const figures = runs.filter((run) => typeof run !== "string")
  return figures.toSorted((a, b) => by(a) - by(b))[figures.length >> 1]!
}

const bench = async (plan: Plan): Promise<number> => {
  const run = new Bench(plan)
  for (const row of plan.rows) await run.row(row)
  console.log(format(run.lines))
  if (plan.json !== undefined) writeFileSync(plan.json, `${JSON.stringify(run.lines, undefined, 2)}\n`)
  const verdicts = run.lines.flatMap((line) => line.verdicts.map(({ outcome }) => outcome))
  const failed = run.lines.some(({ failure, server }) => server === sluice.title && failure !== undefined)
  return failed || verdicts.includes("missed") ? 1 : 0
}

const parsed = parse(process.argv.slice(2))
if (Result.isFailure(parsed)) {
  console.error(`bench: ${parsed.failure.message}\n\n${usage}`)
  process.exitCode = 2
} else if (parsed.success === "help") console.log(usage)
else process.exitCode = await bench(parsed.success)
