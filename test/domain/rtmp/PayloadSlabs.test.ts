import { describe, expect, test } from "bun:test"
import { PayloadSlabs } from "../../../src/domain/rtmp/PayloadSlabs.ts"

/** Reserves payloads of a stream; says which buffers were used and how much of them. */
const run = (slabs: PayloadSlabs, count: number, length: (index: number) => number, stepMillis: number) => {
  const buffers: Array<Uint8Array> = []
  for (let i = 0; i < count; i++) {
    const bytes = slabs.reserve(length(i), i * stepMillis, 0)
    if (!buffers.includes(bytes)) buffers.push(bytes)
  }
  return buffers
}

describe("PayloadSlabs", () => {
  test("hands out ranges that do not overlap", () => {
    const slabs = new PayloadSlabs()
    const ends = new Map<Uint8Array, number>()
    for (let i = 0; i < 5000; i++) {
      const length = 1 + ((i * 7919) % 3000)
      const bytes = slabs.reserve(length, i * 20, 0)
      expect(slabs.start).toBeGreaterThanOrEqual(ends.get(bytes) ?? 0)
      expect(slabs.start + length).toBeLessThanOrEqual(bytes.length)
      ends.set(bytes, slabs.start + length)
    }
  })

  test("keeps a slow stream's slabs small", () => {
    // 64 kbps of audio, 8 KB a second.
    for (const bytes of run(new PayloadSlabs(), 3000, () => 186, 23)) expect(bytes.length).toBeLessThanOrEqual(8192)
  })

  test("settles at 8 KB for 190 kbps, and at 256 KB for 10 Mbps", () => {
    const slow = run(new PayloadSlabs(), 3000, (i) => (i % 2 === 0 ? 700 : 250), 20)
    expect(slow.at(-1)?.length).toBe(8 * 1024)
    const fast = run(new PayloadSlabs(), 3000, () => 20_000, 16)
    expect(fast.at(-1)?.length).toBe(256 * 1024)
  })

  test("shrinks when the stream becomes slow", () => {
    const slabs = new PayloadSlabs()
    run(slabs, 3000, () => 20_000, 16)
    expect(run(slabs, 40_000, () => 186, 23).at(-1)?.length).toBeLessThanOrEqual(8192)
  })

  test("gives a payload that would waste a quarter of a slab its own buffer", () => {
    const slabs = new PayloadSlabs(4096)
    const shared = slabs.reserve(100, 0, 0)
    expect(slabs.reserve(5000, 0, 0).length).toBe(5000)
    expect(slabs.start).toBe(0)
    expect(slabs.reserve(100, 0, 0)).toBe(shared)
    expect(slabs.start).toBe(100)
  })

  test("makes room only for what has come of a very long payload", () => {
    const slabs = new PayloadSlabs()
    expect(slabs.reserve(0xffffff, 0, 10).length).toBe(64 * 1024)
    expect(slabs.reserve(0xffffff, 0, 100_000).length).toBe(100_000)
    expect(slabs.reserve(70_000, 0, 100_000).length).toBe(70_000)
  })

  test("wastes less than half of what it allocates", () => {
    for (const [length, step] of [
      [186, 23],
      [700, 20],
      [4000, 33],
      [20_000, 16],
      [60_000, 40],
      [1300, 5]
    ] as const) {
      const buffers = run(new PayloadSlabs(), 2000, (i) => length + ((i * 7919) % length), step)
      const allocated = buffers.reduce((sum, bytes) => sum + bytes.length, 0)
      const used = Array.from({ length: 2000 }, (_, i) => length + ((i * 7919) % length)).reduce((a, b) => a + b, 0)
      expect(used / allocated).toBeGreaterThan(0.5)
    }
  })

  test("begins no slab for control messages", () => {
    const slabs = new PayloadSlabs()
    expect(slabs.reserve(4, 0, 4).length).toBe(4)
    slabs.reserve(300, 0, 300)
    const slab = slabs.reserve(100, 0, 100)
    expect([slab.length > 100, slabs.reserve(4, 0, 4) === slab, slabs.start]).toEqual([true, true, 100])
  })
})
