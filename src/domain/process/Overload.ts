/** `circuit_breaker`: how busy the processor is, by SRS's rules (processes.md 10), one sample a second. */

/** From `high` on less is done for the same viewers; `dying` is a processor that was full for seconds. */
export type OverloadLevel = "none" | "high" | "critical" | "dying"

export interface OverloadLimits {
  readonly enabled: boolean
  readonly highThresholdPercent: number
  /** Samples that the level is held for after the last one above it; 0 disables the level. */
  readonly highPulse: number
  readonly criticalThresholdPercent: number
  readonly criticalPulse: number
  readonly dyingThresholdPercent: number
  /** Samples in a row above the threshold that make it; the first one below ends it; 0 disables it. */
  readonly dyingPulse: number
}

export class OverloadMeter {
  #high = 0
  #critical = 0
  #dying = 0

  /** `percent` of one processor since the last sample. */
  push(percent: number, limits: OverloadLimits): OverloadLevel {
    if (!limits.enabled) {
      this.#high = this.#critical = this.#dying = 0
      return "none"
    }
    const { criticalPulse, dyingPulse, highPulse } = limits
    this.#high = percent > limits.highThresholdPercent ? highPulse : Math.max(0, this.#high - 1)
    this.#critical = percent > limits.criticalThresholdPercent ? criticalPulse : Math.max(0, this.#critical - 1)
    this.#dying = percent > limits.dyingThresholdPercent ? Math.min(dyingPulse, this.#dying + 1) : 0
    if (dyingPulse > 0 && this.#dying >= dyingPulse) return "dying"
    if (criticalPulse > 0 && this.#critical > 0) return "critical"
    return highPulse > 0 && this.#high > 0 ? "high" : "none"
  }
}

const levels: ReadonlyArray<OverloadLevel> = ["none", "high", "critical", "dying"]

/** 0 to 3, for metrics. */
export const overloadOrdinal = (level: OverloadLevel): number => levels.indexOf(level)

/** As SRS's log has it: high, critical, dying. */
export const overloadFlags = (level: OverloadLevel): string =>
  levels
    .slice(1)
    .map((_, place) => (overloadOrdinal(level) > place ? 1 : 0))
    .join(",")

/** Viewers get what has accumulated not more often than this: what costs most is a write for each of them. */
export const overloadPeriodMillis: Readonly<Record<OverloadLevel, number>> = {
  none: 0,
  high: 350,
  critical: 1000,
  dying: 1000
}
