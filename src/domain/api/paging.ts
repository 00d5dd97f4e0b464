/** `?start=N&count=N` of the lists: at least ten, in the order of their ids, which is no order. */

export interface Page {
  readonly start: number
  readonly count: number
}

/** Fewer are never shown (SRS). */
export const minCount = 10

/** C's `atoi`. */
const whole = (text: string | undefined): number => Math.trunc(Number(/^\s*([+-]?\d{1,15})/.exec(text ?? "")?.[1] ?? 0))

export const pageOf = (query: ReadonlyMap<string, string>): Page => ({
  start: Math.max(0, whole(query.get("start"))),
  count: Math.max(minCount, whole(query.get("count")))
})

export const pick = <A>(entries: Iterable<A>, idOf: (entry: A) => string, { count, start }: Page): ReadonlyArray<A> => {
  const sorted = [...entries].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
  return sorted.slice(start, start + count)
}
