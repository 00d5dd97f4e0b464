/** The short id by which log, API and callbacks know one session: SRS's `cid`. */

export const sessionIdLength = 8

// Digits stand five times, so that an id is mostly digits, as SRS's are.
const alphabet = "0123456789".repeat(5) + "abcdefghijklmnopqrstuvwxyz"

/** Eight characters of `[0-9a-z]`; `random` returns numbers in [0, 1). */
export const sessionId = (random: () => number): string => {
  let id = ""
  for (let index = 0; index < sessionIdLength; index++) id += alphabet[Math.floor(random() * alphabet.length)]
  return id
}
