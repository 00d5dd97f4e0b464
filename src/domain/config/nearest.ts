/** The known name that was probably meant. */

/** Names longer than this are nobody's misspelling. */
const longestName = 64

/**
 * Insertions, deletions, replacements and swaps of neighbours that make `b` of `a` (optimal string alignment). Of what
 * is further than `most` only that is told.
 */
export const editDistance = (a: string, b: string, most = Infinity): number => {
  let beforeLast: Array<number> = []
  let lastLeast = 0
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, beforeLast[j - 2] + 1)
      row.push(cost)
      if (cost < least) least = cost
    }
    // No later row goes below both of these.
    if (least > most && lastLeast > most) return most + 1
    lastLeast = least
    beforeLast = last
    last = row
  }
  return last[b.length]
}

/** The first of the nearest names, no further than a third of the word's length or than `limit`. */
export const nearest = (
  word: string,
  names: Iterable<string>,
  limit = Math.max(1, Math.floor(word.length / 3))
): string | undefined => {
  if (word.length > longestName) return undefined
  let best: string | undefined
  let bestDistance = limit + 1
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= bestDistance) continue
    const distance = editDistance(word, name, bestDistance - 1)
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}
