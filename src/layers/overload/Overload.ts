/**
 * Samples how busy the thread is that does everything: the processor it has used of each second. Other threads of the
 * runtime, which compile and collect, hold nobody up.
 */
import * as fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { protection } from "../../domain/config/directives/protection.ts"
import { type OverloadLevel, overloadFlags, OverloadMeter } from "../../domain/process/Overload.ts"
import { parseSelfStat, ticksPerSecond } from "../../domain/stats/procfs.ts"
import { Overload } from "../../services/Overload.ts"
import { Settings } from "../../services/Settings.ts"
import { background } from "../telemetry/background.ts"

export const sampleMillis = 1000

/** Clock ticks of the main thread so far; `undefined` where the system does not tell. */
const mainThreadTicks: Effect.Effect<number | undefined> = Effect.orElseSucceed(
  Effect.try(() => parseSelfStat(fs.readFileSync(`/proc/self/task/${process.pid}/stat`, "latin1"))?.ticks),
  () => undefined
)

const told = (level: OverloadLevel, isNew: boolean, percent: number, turnedAway: number) => {
  const line = isNew && level !== "none" ? Effect.logWarning : Effect.logInfo
  return line("circuit breaker").pipe(
    Effect.annotateLogs({
      "overload.cpu": `${percent.toFixed(2)}%`,
      "overload.break": overloadFlags(level),
      "overload.level": level,
      "overload.turned_away": turnedAway
    })
  )
}

/** Percent of a processor between two looks; 0 for the first. */
const percentSince = (before: Look | undefined, { at, ticks }: Look): number => {
  if (before === undefined || at <= before.at) return 0
  return (100 * 1000 * (ticks - before.ticks)) / ((at - before.at) * ticksPerSecond)
}

interface Look {
  readonly ticks: number
  readonly at: number
}

export const layerOf = (readTicks: Effect.Effect<number | undefined>): Layer.Layer<never, never, Settings> =>
  Layer.effect(
    Overload,
    Effect.gen(function* () {
      const settings = yield* Settings
      const meter = new OverloadMeter()
      let level: OverloadLevel = "none"
      let [percent, turnedAway] = [0, 0]
      let before: Look | undefined

      const sample = Effect.gen(function* () {
        const ticks = yield* readTicks
        if (ticks === undefined) return
        const look = { ticks, at: yield* Clock.currentTimeMillis }
        percent = percentSince(before, look)
        before = look
        const last = level
        level = meter.push(percent, settings.of(protection).circuitBreaker)
        const isNew = level !== last
        // A line for each second of it, as in SRS, and one when it is over.
        if (isNew || level !== "none") yield* told(level, isNew, percent, turnedAway)
      })
      const loop = Effect.forever(Effect.andThen(sample, Effect.sleep(sampleMillis)))
      yield* background("circuit breaker", { fatal: false })(loop)
      return {
        level: () => level,
        isWatched: true,
        cpuPercent: () => percent,
        turnedAway: () => void turnedAway++,
        turnedAwayCount: () => turnedAway
      }
    })
  )

/** Of this process: for a server that has it to itself. */
export const layer = layerOf(mainThreadTicks)
