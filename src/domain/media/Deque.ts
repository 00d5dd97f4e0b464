/** A queue addressed by absolute index: what is dropped in front does not renumber the rest. */
export class Deque<A> {
  #items: Array<A | undefined> = []
  #head = 0
  #first: number

  constructor(first = 0) {
    this.#first = first
  }

  /** Index of the oldest item kept; equals `end` when empty. */
  get first(): number {
    return this.#first
  }

  /** One past the index of the newest item. */
  get end(): number {
    return this.#first + this.#items.length - this.#head
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: A): void {
    this.#items.push(item)
  }

  /** The item at an index between `first` and `end`. */
  at(index: number): A {
    return this.#items[this.#head + index - this.#first] as A
  }

  /** The last item, if there is one. */
  last(): A | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  /** Forgets everything below `index`. Amortised constant time for each item. */
  dropUntil(index: number): void {
    const count = Math.min(index, this.end) - this.#first
    if (count <= 0) return
    this.#items.fill(undefined, this.#head, this.#head + count)
    this.#head += count
    this.#first += count
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}
