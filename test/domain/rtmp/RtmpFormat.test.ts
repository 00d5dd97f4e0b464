import { expect, test } from "bun:test"
import { Encoded, type Format } from "../../../src/domain/media/Format.ts"
import { rtmpFormat, rtmpFormats, type RtmpFormatOptions } from "../../../src/domain/rtmp/RtmpFormat.ts"
import { randomOf } from "../config/random.ts"
import { runCase } from "./sharedBytes.ts"
import { plainPlayer } from "../../support/rtmpOptions.ts"

const cases = Number(process.env["CASES"] ?? 1000)
const firstSeed = Number(process.env["SEED"] ?? 1)

test("every viewer decodes to exactly the log's frames, with times minus its base, metadata at 0", () => {
  let messages = 0
  let jumps = 0
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    try {
      const outcome = runCase(randomOf(seed))
      messages += outcome.messages
      jumps += outcome.jumps
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  // The cases are worth something.
  expect(messages).toBeGreaterThan(cases * 100)
  expect(jumps).toBeGreaterThan(cases * 2)
})

/** The encoder with a fault in its bytes: one message's delta is a millisecond too long. */
const faulty = (options: RtmpFormatOptions): Format => {
  const format = rtmpFormat(options)
  const encoder: Format["encoder"] = () => {
    const inner = format.encoder()
    let shared = 0
    return {
      lane: (frame) => inner.lane(frame),
      encode: (frame, out) => {
        const start = out.end
        const encoded = inner.encode(frame, out)
        if (encoded === Encoded.Shared && ++shared === 40) {
          const slab = out.slabAt(start)
          slab.bytes[start - slab.position + 3]++
        }
        return encoded
      }
    }
  }
  return { ...format, encoder }
}

test("the judgement notices one delta that is off by a millisecond", () => {
  let noticed = 0
  for (let seed = 1; seed <= 40; seed++) {
    try {
      runCase(randomOf(seed), faulty)
    } catch {
      noticed++
    }
  }
  expect(noticed).toBeGreaterThan(20)
})

test("players that ask for the same as the one before share a format, others do not", () => {
  const formats = rtmpFormats()
  const first = formats(plainPlayer)
  expect(formats({ ...plainPlayer })).toBe(first)
  for (const other of [{ streamId: 2 }, { base: "absolute" }, { place: 1 }, { chunkSize: 128 }] as const) {
    expect(formats({ ...plainPlayer, ...other })).not.toBe(first)
  }
})
