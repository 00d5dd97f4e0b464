/** Bytes that are nearly right: real ones with the faults that parsers fall over. */
import { randomOf } from "../domain/config/random.ts"

export type Random = (below: number) => number

/** Values at the edges of the fields that protocols have. */
const edges = [
  0x00, 0x01, 0x02, 0x03, 0x7f, 0x80, 0xfe, 0xff, 0x0a, 0x0d, 0x20, 0x25, 0x2e, 0x2f, 0x3a, 0x3b, 0x7b, 0x7d
]

type Mutation = (bytes: Buffer, random: Random, others: ReadonlyArray<Uint8Array>) => Buffer

const range = (bytes: Uint8Array, random: Random, most: number): readonly [start: number, end: number] => {
  const start = random(bytes.length)
  return [start, Math.min(bytes.length, start + 1 + random(most))]
}

const set =
  (value: (byte: number, random: Random) => number): Mutation =>
  (bytes, random) => {
    const copy = Buffer.from(bytes)
    for (let i = 1 + random(4); i > 0; i--) {
      const at = random(copy.length)
      copy[at] = value(copy[at], random)
    }
    return copy
  }

const mutations: ReadonlyArray<Mutation> = [
  set((_byte, random) => random(256)),
  set((byte, random) => byte ^ (1 << random(8))),
  set((_byte, random) => edges[random(edges.length)]),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => bytes.subarray(random(bytes.length)),
  // A length that promises far too much, or nothing.
  (bytes, random) => {
    const [start, end] = range(bytes, random, 4)
    return Buffer.from(bytes).fill(random(2) * 255, start, end)
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random, 32)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random, 64)
    const part = bytes.subarray(start, end)
    return Buffer.concat([
      bytes.subarray(0, end),
      ...Array.from({ length: 1 + random(8) }, () => part),
      bytes.subarray(end)
    ])
  },
  (bytes, random) => {
    const at = random(bytes.length + 1)
    const inserted = Buffer.from(Array.from({ length: 1 + random(8) }, () => random(256)))
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)])
  },
  (bytes, random, others) => {
    const other = others[random(others.length)]
    return Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))])
  }
]

const noise = (random: Random, most: number): Uint8Array => {
  const bytes = new Uint8Array(random(most))
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(4) === 0 ? edges[random(edges.length)] : random(256)
  return bytes
}

/** Inputs without end: mostly real ones with one to three faults, some cut short, some noise. */
export function* inputs(seeds: ReadonlyArray<Uint8Array>, seed: number): Generator<Uint8Array> {
  const random = randomOf(seed)
  while (true) {
    const kind = random(20)
    const real = seeds[random(seeds.length)]
    if (kind === 0) yield noise(random, 300)
    else if (kind === 1) yield real.subarray(0, random(real.length + 1))
    else {
      let bytes: Buffer = Buffer.from(real)
      for (let i = 1 + random(3); i > 0 && bytes.length > 0; i--) {
        bytes = mutations[random(mutations.length)](bytes, random, seeds)
      }
      yield bytes
    }
  }
}
