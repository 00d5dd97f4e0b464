import { flag, group, integer, seconds, table } from "../entries.ts"

const percent = (name: string, value: number, doc: string) =>
  integer(name, { default: value, min: 0, max: 100, reload: "start", doc })

const pulse = (name: string, value: number, doc: string) =>
  integer(name, { default: value, min: 0, reload: "start", doc })

export const protection = table({
  title: "Overload protection",
  doc: "What is given up when the processor is too busy.",
  active: false,
  global: {
    threads: group(
      "threads",
      { open: true, doc: "Threads of the server.", reason: "this server has no pool of threads" },
      {
        intervalMillis: seconds("interval", { default: 5, reload: "start", doc: "Period of the pool's supervision." })
      }
    ),
    circuitBreaker: group(
      "circuit_breaker",
      { open: true, doc: "Protection of the processor." },
      {
        enabled: flag("enabled", { default: true, reload: "start", doc: "Watch the load." }),
        highThresholdPercent: percent("high_threshold", 90, "High water."),
        highPulse: pulse("high_pulse", 2, "Seconds that high water is held; 0 disables it."),
        criticalThresholdPercent: percent("critical_threshold", 95, "Critical water."),
        criticalPulse: pulse("critical_pulse", 1, "Seconds that critical water is held; 0 disables it."),
        dyingThresholdPercent: percent("dying_threshold", 99, "Dying water."),
        dyingPulse: pulse("dying_pulse", 5, "Consecutive seconds above it that make dying water; 0 disables it.")
      }
    )
  }
})
