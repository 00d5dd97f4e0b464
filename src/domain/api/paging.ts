/** `?start=N&count=N` of the lists: at least ten, in the order of their ids, which is no order. */
import { integerOf } from "../config/values.ts"

export interface Page {
  readonly start: number
  readonly count: number
}

/** Fewer are never shown (SRS). */
export const minCount = 10

export const pageOf = (query: ReadonlyMap<string, string>): Page => ({
  start: Math.max(0, integerOf(query.get("start") ?? "")),
  count: Math.max(minCount, integerOf(query.get("count") ?? ""))
})

export const pick = <A>(entries: Iterable<A>, idOf: (entry: A) => string, { count, start }: Page): ReadonlyArray<A> => {
  const sorted = [...entries].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
  return sorted.slice(start, start + count)
}
