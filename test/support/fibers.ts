/** How many fibers run: what ended must be gone. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

export interface FiberCounter {
  /** Fibers begun within the effect, and not ended yet. */
  running: number
}

export const countFibers = () => {
  const counter: FiberCounter = { running: 0 }
  const service = Effect.provideService(Metric.FiberRuntimeMetrics, {
    recordFiberStart: () => void counter.running++,
    recordFiberEnd: () => void counter.running--
  })
  return { counter, service }
}
