/** Choices of one seed. */
import { randomOf } from "../domain/config/random.ts"

export interface Chance {
  /** A whole number from 0 to `below` - 1. */
  readonly below: (below: number) => number
  /** True once in so many times. */
  readonly oneIn: (times: number) => boolean
  readonly between: (least: number, most: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
}

export const chanceOf = (seed: number): Chance => {
  const below = randomOf(seed)
  return {
    below,
    oneIn: (times) => below(times) === 0,
    between: (least, most) => least + below(most - least + 1),
    pick: (items) => items[below(items.length)]
  }
}
