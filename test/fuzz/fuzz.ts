/**
 * Feeds a parser what was found to break it before, then as many new inputs as wanted. It must not throw, not take long,
 * not ask for more memory than a fixed amount and a multiple of what it was given, and keep nothing. An input that breaks it is kept in `test/fixtures/crashers`, to be replayed ever after.
 */
import { expect, test } from "bun:test"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { heapSize } from "bun:jsc"
import { fuzzCount } from "../domain/config/random.ts"
import { allocatedBy } from "./allocations.ts"
import { inputs } from "./mutate.ts"

export interface Target {
  /** Of the parser: its crashers' folder. */
  readonly name: string
  /** Real inputs, short ones: each run works on one. */
  readonly seeds: ReadonlyArray<Uint8Array>
  /** Made anew for each input if it keeps state. Throws what must not be. */
  readonly run: (input: Uint8Array) => void
  /** Inputs in a run; 100 000 unless one of them is as good as many. */
  readonly count?: number
  /** Bytes of buffers that a parser may ask for whatever it is given; `maxAllocatedBytes` by default. */
  readonly allocates?: number
}

const crashers = path.resolve(import.meta.dirname, "../fixtures/crashers")
const seed = Number(process.env["FUZZ_SEED"] ?? 20_261_121)
/** One input, an expensive one on a slow and busy machine included. */
const maxMillis = 1000
/** Bytes of buffers that a parser may ask for: a fixed number, and so many for each byte that it was given. */
const maxAllocatedBytes = 16 * 1024
const maxAllocatedPerByte = 8
/** What all inputs may leave in the heap, and take of the machine's memory on the way. */
const maxLeftBytes = 32 * 1024 * 1024
const maxGrowthBytes = 256 * 1024 * 1024

const known = (name: string): ReadonlyArray<string> => {
  const folder = path.join(crashers, name)
  return fs.existsSync(folder) ? fs.readdirSync(folder).map((file) => path.join(folder, file)) : []
}

const keep = (name: string, input: Uint8Array): string => {
  const folder = path.join(crashers, name)
  const file = path.join(folder, `${createHash("sha1").update(input).digest("hex").slice(0, 12)}.bin`)
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(file, input)
  return path.relative(process.cwd(), file)
}

const attempt = (target: Target, input: Uint8Array, origin: string): void => {
  const started = performance.now()
  const mostAllocated = (target.allocates ?? maxAllocatedBytes) + maxAllocatedPerByte * input.length
  let problem: unknown
  try {
    const allocated = allocatedBy(() => target.run(input))
    if (allocated > mostAllocated) problem = new Error(`asked for ${allocated} bytes, at most ${mostAllocated}`)
  } catch (error) {
    problem = error
  }
  const millis = performance.now() - started
  if (millis > maxMillis) problem ??= new Error(`took ${millis.toFixed(0)} ms`)
  if (problem === undefined) return
  throw new Error(`${target.name}: ${String(problem)}, ${origin}, kept as ${keep(target.name, input)}`, {
    cause: problem
  })
}

/** Declares the test of one parser. */
export const fuzz = (target: Target): void => {
  const count = Math.ceil(((target.count ?? 100_000) / 100_000) * fuzzCount)
  test(`${target.name}: ${count} inputs of seed ${seed}, and all known crashers`, () => {
    expect(target.seeds.length).toBeGreaterThan(0)
    for (const file of known(target.name)) attempt(target, fs.readFileSync(file), file)
    Bun.gc(true)
    const before = process.memoryUsage.rss()
    const heapBefore = heapSize()
    const source = inputs(target.seeds, seed)
    for (let i = 0; i < count; i++) {
      attempt(target, source.next().value as Uint8Array, `input ${i} of seed ${seed}`)
      if (i % 5000 === 0) expect(process.memoryUsage.rss() - before).toBeLessThan(maxGrowthBytes)
    }
    Bun.gc(true)
    expect(heapSize() - heapBefore).toBeLessThan(maxLeftBytes)
  }, 60_000)
}
