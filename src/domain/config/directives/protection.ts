import { flag, group, integer, seconds, table } from "../entries.ts"

const percent = (name: string, value: number, doc: string) =>
  integer(name, { default: value, min: 0, max: 100, reload: "yes", doc })

const pulse = (name: string, value: number, doc: string) =>
  integer(name, { default: value, min: 0, reload: "yes", doc })

export const protection = table({
  title: "Overload protection",
  doc: "What is given up when the processor is too busy.",
  active: true,
  global: {
    threads: group(
      "threads",
      { open: true, active: false, doc: "Threads of the server.", reason: "this server has no pool of threads" },
      {
        intervalMillis: seconds("interval", { default: 5, reload: "start", doc: "Period of the pool's supervision." })
      }
    ),
    circuitBreaker: group(
      "circuit_breaker",
      {
        open: true,
        doc: "What happens at each level: docs/service.md. Percent are those of one processor, sampled each second."
      },
      {
        enabled: flag("enabled", { default: true, reload: "yes", doc: "Watch the load." }),
        highThresholdPercent: percent(
          "high_threshold",
          90,
          "Above it viewers get what has accumulated each 350 ms at most."
        ),
        highPulse: pulse("high_pulse", 2, "Seconds that high water is held; 0 disables it."),
        criticalThresholdPercent: percent("critical_threshold", 95, "Above it they get it each second at most."),
        criticalPulse: pulse("critical_pulse", 1, "Seconds that critical water is held; 0 disables it."),
        dyingThresholdPercent: percent("dying_threshold", 99, "Above it, for some seconds, new viewers are refused."),
        dyingPulse: pulse("dying_pulse", 5, "Consecutive seconds above it that make dying water; 0 disables it.")
      }
    )
  }
})
