/**
 * A disk whose changes begin together: each call of `node:fs` wakes a thread of the runtime's pool and then the event
 * loop, and of those that begin together many are served by one wake-up. With 500 streams that is 5 % of the CPU.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { Run } from "./Calls.ts"
import type { Disk } from "./Disk.ts"

/** Between two bursts: so long a change waits at most, but for the first after a pause, which does not. */
export const burstMillis = 20

/**
 * Reads begin at once: viewers wait for them. How many changes wait is bounded by who asks: an output queues 16 segments
 * and has its next change once the one before has ended, but for a few deletions that nobody waits for. At the end of the
 * scope what waits begins, and what comes after does at once.
 */
export const inBursts = Effect.fnUntraced(function* (disk: Disk) {
  const run: Run = yield* FiberSet.makeRuntime<never, unknown, unknown>()
  const waiting: Array<() => void> = []
  let isPaused = false
  let hasEnded = false

  // Whoever asked for what throws gets no answer, and has one when its time is over.
  const beginAll = Effect.suspend(() =>
    Effect.forEach(waiting.splice(0), (begin) => Effect.ignoreCause(Effect.sync(begin)), { discard: true })
  ).pipe(Effect.uninterruptible)

  const bursts = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(burstMillis)
      if (waiting.length === 0) break
      yield* beginAll
    }
    isPaused = false
  })

  yield* Effect.addFinalizer(() => {
    hasEnded = true
    return beginAll
  })

  const soon = (begin: () => void): void => {
    if (hasEnded) return begin()
    if (isPaused) return void waiting.push(begin)
    isPaused = true
    run(bursts)
    begin()
  }

  const inBursts: Disk = {
    ...disk,
    writeFile: (path, bytes, done) => soon(() => disk.writeFile(path, bytes, done)),
    overwrite: (path, bytes, before, done) => soon(() => disk.overwrite(path, bytes, before, done)),
    link: (from, to, done) => soon(() => disk.link(from, to, done)),
    rename: (from, to, done) => soon(() => disk.rename(from, to, done)),
    unlink: (path, done) => soon(() => disk.unlink(path, done))
  }
  return inBursts
})
