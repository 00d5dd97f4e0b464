/** How late the event loop is: what a benchmark asks for with SLUICE_LOOP_DELAY, a file for the 99th percentile. */
import * as fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const sampleMillis = 10
/** Delays above this count as this. */
const maxDelayMillis = 10_000

/** The least delay that at most one in a hundred samples exceeds. `counts` has samples by whole milliseconds. */
export const percentile99 = (counts: Uint32Array): number => {
  let left = Math.floor(counts.reduce((sum, count) => sum + count, 0) / 100)
  let millis = counts.length - 1
  while (millis > 0 && left >= counts[millis]) left -= counts[millis--]
  return millis
}

/** Samples until the scope closes, then writes `{"p99": milliseconds}`. */
export const reportLoopDelay = Effect.fnUntraced(function* (file: string): Effect.fn.Return<void, never, Scope.Scope> {
  const counts = new Uint32Array(maxDelayMillis + 1)
  const sample = Effect.gen(function* () {
    while (true) {
      const before = yield* Clock.currentTimeMillis
      yield* Effect.sleep(sampleMillis)
      const delay = (yield* Clock.currentTimeMillis) - before - sampleMillis
      counts[Math.min(maxDelayMillis, Math.max(0, delay))]++
    }
  })
  yield* Effect.addFinalizer(() =>
    Effect.ignore(Effect.try(() => fs.writeFileSync(file, JSON.stringify({ p99: percentile99(counts) }))))
  )
  yield* Effect.forkScoped(sample)
})
