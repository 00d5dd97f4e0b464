/**
 * The pages of the runtime's file that are resident: 43 MB when a server has started, of which it needs 20 to 30 to
 * serve. What is given back stays in the page cache, and comes from there again when it is touched.
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

const open = () => ({ calls: openCLibrary({ madvise: { args: ["usize", "usize", "i32"], returns: "i32" } }) })

/** At the first use, once: what an opened library takes is never given back. */
let opened: ReturnType<typeof open> | undefined

/** Takes 5 ms. Throws where `/proc` cannot be read. */
const give = (): void => {
  const { calls } = (opened ??= open())
  if (calls === undefined) return
  for (const { length, start } of readOnlyMappings(readFileSync("/proc/self/smaps", "latin1"), process.execPath)) {
    calls.madvise(start, length, MADV_DONTNEED)
  }
}

/** Where that fails, they stay. */
export const giveBackPages = Effect.ignore(Effect.try(give))

/** What only the start has needed. */
export const giveBackAfterStart = (giveBack = giveBackPages) =>
  background("pages of the start", { fatal: false })(Effect.andThen(Effect.sleep(startedMillis), giveBack))
