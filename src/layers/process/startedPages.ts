/**
 * Gives back what only the start has needed of the runtime's file: 35 MB of its pages are resident then, and a server
 * that serves needs 20 to 30 of 43. The others stay in the page cache, and come back from there when they are touched.
 */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { readOnlyMappings } from "../../domain/process/mappings.ts"
import { background } from "../telemetry/background.ts"
import { openCLibrary } from "../native/cLibrary.ts"

/** The start is over so long after the listeners are open. */
export const startedMillis = 500

/** sys/mman.h */
const MADV_DONTNEED = 4

const giveBack = (): void => {
  const calls = openCLibrary({ madvise: { args: ["usize", "usize", "i32"], returns: "i32" } })
  if (calls === undefined) return
  for (const { length, start } of readOnlyMappings(readFileSync("/proc/self/smaps", "latin1"), process.execPath)) {
    calls.madvise(start, length, MADV_DONTNEED)
  }
}

/** `give` may fail where `/proc` cannot be read: then they stay. */
export const giveBackPages = (give = giveBack) =>
  background("pages of the start", { fatal: false })(
    Effect.andThen(Effect.sleep(startedMillis), Effect.ignore(Effect.try(give)))
  )
