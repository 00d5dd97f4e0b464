import { expect, test } from "bun:test"
import { largestSlab, smallestSlab, SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { randomOf } from "../config/random.ts"

const write = (writer: SlabWriter, length: number, value: number) => {
  const slab = writer.reserve(length)
  slab.bytes.fill(value, slab.used, slab.used + length)
  writer.commit(slab, length)
}

test("no byte changes after it was handed out, whatever is written and forgotten later", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomOf(seed)
    const writer = new SlabWriter()
    const given: Array<{ readonly view: Uint8Array; readonly value: number }> = []
    for (let step = 0; step < 300; step++) {
      const position = writer.end
      const length = 1 + (random(40) === 0 ? random(largestSlab * 2) : random(3000))
      write(writer, length, step & 255)
      const slab = writer.slabAt(position)
      const start = position - slab.position
      given.push({ view: slab.bytes.subarray(start, start + length), value: step & 255 })
      if (random(5) === 0) writer.dropUntil(random(writer.end))
    }
    for (const { value, view } of given) expect([seed, view.every((byte) => byte === value)]).toEqual([seed, true])
  }
})

test("each byte is found in its slab, at every edge", () => {
  const writer = new SlabWriter()
  const values: Array<number> = []
  for (let i = 0; i < 60; i++) {
    const length = i % 7 === 0 ? smallestSlab : 900
    write(writer, length, i)
    for (let at = 0; at < length; at++) values.push(i)
  }
  for (let position = 0; position < writer.end; position++) {
    const slab = writer.slabAt(position)
    if (slab.bytes[position - slab.position] !== values[position]) throw new Error(`byte ${position}`)
  }
})

test("slabs grow with what is written, up to the largest, and one message may be larger", () => {
  const writer = new SlabWriter()
  const sizes = new Set<number>()
  for (let i = 0; i < 3000; i++) {
    write(writer, 1000, 1)
    sizes.add(writer.slabAt(writer.end - 1).bytes.length)
  }
  expect([...sizes]).toEqual([4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144])
  write(writer, 1_000_000, 1)
  expect(writer.slabAt(writer.end - 1).bytes.length).toBe(1_000_000)
})
