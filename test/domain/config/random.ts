/** Random numbers that are the same for the same seed (mulberry32). */
export const randomOf = (seed: number) => {
  let state = seed
  /** A whole number from 0 to `below` - 1. */
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Inputs for each fuzz test; the nightly run sets more. */
export const fuzzCount = Number(process.env["FUZZ_COUNT"] ?? 100_000)
