import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { flvOpening } from "../../../src/domain/static/flvOpening.ts"

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/[^0-9a-f]/g, ""), "hex"))
const header = "464c5601 05 00000009 00000000"
/** Type, length, time 0, stream 0; the size of a tag stands behind it. */
const metadata = "12 000003 000000 00 000000 020000 0000000e"
const aacHeader = "08 000004 000000 00 000000 af001210 0000000f"
const aacFrame = "08 000003 000000 00 000000 af01aa 0000000e"
const avcHeader = "09 000007 000000 00 000000 17000000000164 00000012"
const avcFrame = "09 000007 000000 00 000000 170100000001aa 00000012"
const mp3Frame = "08 000002 000000 00 000000 2faa 0000000d"

const opening = (...tags: ReadonlyArray<string>) => flvOpening(bytes(header + tags.join("")))

test("has metadata and the first header of each track, in the file's order", () => {
  expect(opening(metadata, avcHeader, aacHeader, avcFrame, aacFrame, avcHeader)).toEqual(
    bytes(header + metadata + avcHeader + aacHeader)
  )
  expect(opening(aacFrame, avcFrame, metadata, avcHeader)).toEqual(bytes(header + metadata + avcHeader))
})

test("waits for no header of sound that has none", () => {
  expect(opening(mp3Frame, avcHeader, aacHeader, metadata)).toEqual(bytes(header + avcHeader + metadata))
})

test("has what came before a tag that is cut", () => {
  const whole = bytes(header + metadata + avcHeader)
  for (let length = 13; length < whole.length; length++) {
    expect(flvOpening(whole.subarray(0, length))).toEqual(bytes(length < 31 ? header : header + metadata))
  }
})

test("is undefined for what is no FLV", () => {
  expect(flvOpening(bytes(header).subarray(0, 12))).toBeUndefined()
  expect(flvOpening(new Uint8Array(100))).toBeUndefined()
})

test("of FFmpeg's file is what stands before its first frame", () => {
  const file = new Uint8Array(readFileSync("test/fixtures/flv/h264-aac.flv"))
  const found = flvOpening(file)!
  expect(found.length).toBeGreaterThan(100)
  expect(found).toEqual(file.slice(0, found.length))
})

test("random bytes behind the file header do not throw", () => {
  let seed = 7
  for (let round = 0; round < 2000; round++) {
    const data = new Uint8Array(200)
    data.set(bytes(header))
    for (let at = 13; at < data.length; at++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      data[at] = at % 20 === 14 || at % 20 === 15 ? 0 : seed >>> 24
    }
    expect(flvOpening(data)!.length).toBeLessThanOrEqual(data.length)
  }
})
