import { expect, test } from "bun:test"
import { maxFreeSlabBytes, SlabMemory } from "../../../src/domain/media/SlabMemory.ts"

test("a slab is as long as asked for, and at most a quarter longer", () => {
  const memory = new SlabMemory()
  for (let length = 4096; length < 5_000_000; length = Math.ceil(length * 1.003)) {
    const slab = memory.take(length)
    expect(slab.length).toBeGreaterThanOrEqual(length)
    expect(slab.length).toBeLessThanOrEqual(length * 1.25)
  }
})

test("what was given back is given again, for as much and for a little less", () => {
  const memory = new SlabMemory()
  const { buffer } = memory.take(50_000)
  memory.give(new Uint8Array(buffer, 0, 10))
  expect(memory.take(20_000).buffer).not.toBe(buffer)
  const again = memory.take(40_000)
  expect(again.buffer).toBe(buffer)
  expect(again.length).toBe(buffer.byteLength)
  expect(memory.take(40_000).buffer).not.toBe(buffer)
})

test("other memory is not taken, and nothing twice", () => {
  const memory = new SlabMemory()
  memory.give(new Uint8Array(4096))
  expect(memory.freeBytes).toBe(0)
  const slab = memory.take(4096)
  memory.give(slab)
  memory.give(slab)
  expect(memory.freeBytes).toBe(4096)
  expect(memory.take(4096).buffer).toBe(slab.buffer)
  expect(memory.take(4096).buffer).not.toBe(slab.buffer)
})

test("no more than maxFreeSlabBytes wait, and those of sizes that nobody wants make room", () => {
  const memory = new SlabMemory()
  const slabs = Array.from({ length: maxFreeSlabBytes / 65_536 }, () => memory.take(65_536))
  const small = memory.take(4096)
  for (const slab of slabs) memory.give(slab)
  expect(memory.freeBytes).toBe(maxFreeSlabBytes)
  memory.give(small)
  expect(memory.freeBytes).toBe(4096)
  expect(memory.take(4096).buffer).toBe(small.buffer)
})
