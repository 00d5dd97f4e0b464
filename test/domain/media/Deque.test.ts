import { expect, test } from "bun:test"
import { Deque } from "../../../src/domain/media/Deque.ts"
import { randomOf } from "../config/random.ts"

test("keeps what an array keeps, under indexes that never change", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomOf(seed)
    let first = random(1000)
    const deque = new Deque<number>(first)
    let items: Array<number> = []
    for (let step = 0; step < 500; step++) {
      if (random(3) > 0) {
        items.push(step)
        deque.push(step)
      } else {
        const count = Math.min(random(6), items.length)
        deque.dropUntil(first + count)
        items = items.slice(count)
        first += count
      }
      expect([deque.first, deque.end, deque.size]).toEqual([first, first + items.length, items.length])
      expect(deque.last()).toBe(items.at(-1) as number)
      const at = random(items.length + 1)
      if (at < items.length) expect(deque.at(first + at)).toBe(items[at])
    }
  }
})

test("dropping below what is kept, or beyond it, is harmless", () => {
  const deque = new Deque<string>(5)
  deque.push("a")
  deque.dropUntil(3)
  expect(deque.first).toBe(5)
  deque.dropUntil(100)
  expect([deque.first, deque.end, deque.last()]).toEqual([6, 6, undefined])
})
