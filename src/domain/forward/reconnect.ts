/** When a destination that went away is tried again. */

/** Before the first try, doubled for each further one, and the most. */
export const firstWaitMillis = 1000
export const maxWaitMillis = 30_000
/** A connection that has lasted this long makes the next wait the first one again. */
export const settledMillis = 30_000

/** Half of the wait is sure, half is left to chance, so that many streams do not come back at once. `chance` is in [0, 1). */
export const reconnectMillis = (failures: number, chance: number): number => {
  const wait = Math.min(maxWaitMillis, firstWaitMillis * 2 ** Math.min(failures, 20))
  return Math.round(wait * (0.5 + chance / 2))
}
