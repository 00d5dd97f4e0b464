import { expect, test } from "bun:test"
import { FlvReader } from "../../../src/domain/flv/FlvReader.ts"
import { flvHeader, flvTag, maxTagBodyLength, tagLength, writeTagHeader } from "../../../src/domain/flv/FlvTag.ts"
import { concat } from "../../../src/domain/bytes/bytes.ts"
import { bytes, hexOf, randomOf } from "./bodies.ts"

const file = bytes(
  "464c5601 05 00000009 00000000" +
    "12 000003 000000 00 000000 020000 0000000e" +
    "09 000005 ffffff 01 000000 1700000000 00000010" +
    "08 000000 000001 80 000000 0000000b" +
    "09 000001 000002 00 000000 57 0000000c"
)

const tags = [
  [18, 0, "020000"],
  [9, 0x01ffffff, "1700000000"],
  [8, 0x80000001, ""],
  [9, 2, "57"]
]

/** Pushes `file` in pieces whose lengths `next` tells. */
const readIn = (whole: Uint8Array, next: () => number, reader = new FlvReader()) => {
  const found: Array<unknown> = []
  let failure
  for (let at = 0; at < whole.length && failure === undefined;) {
    const piece = whole.slice(at, at + next())
    failure = reader.push(piece, (type, timestamp, body, start, end) =>
      found.push([type, timestamp, hexOf(body.subarray(start, end))])
    )
    at += piece.length
  }
  return { found, failure }
}

test("reads a file whole, byte by byte, and split at random", () => {
  const random = randomOf(1)
  expect(readIn(file, () => file.length)).toEqual({ found: tags, failure: undefined })
  expect(readIn(file, () => 1)).toEqual({ found: tags, failure: undefined })
  for (let i = 0; i < 500; i++) {
    expect(readIn(file, () => 1 + random(20))).toEqual({ found: tags, failure: undefined })
  }
})

test("tells what the file header announces", () => {
  const reader = new FlvReader()
  expect(reader.hasAudio).toBe(false)
  reader.push(flvHeader(true, false), () => {})
  expect([reader.hasAudio, reader.hasVideo]).toEqual([true, false])
})

test("a tag that lies whole in a piece is not copied", () => {
  new FlvReader().push(file, (_type, _timestamp, body) => expect(body).toBe(file))
})

test("skips fields of a later file header", () => {
  const later = concat([bytes("464c5602 05 0000000b aaaa 00000000"), file.subarray(13)])
  expect(readIn(later, () => 3).found).toEqual(tags)
})

for (const [name, hex] of [
  ["another format", "1a45dfa3 01 00000009 00000000"],
  ["a data offset inside the header", "464c5601 05 00000008 00000000"],
  ["a data offset beyond reason", "464c5601 05 00000401 00000000"],
  ["an encrypted tag", "464c5601 05 00000009 00000000 29 000001 000000 00 000000 00 0000000c"]
]) {
  test(`refuses ${name}, and stays refused`, () => {
    const reader = new FlvReader()
    expect(readIn(bytes(hex), () => 1, reader).failure?.message).toStartWith("FLV at byte ")
    expect(reader.push(file, () => expect.unreachable())).toBeDefined()
  })
}

test("refuses a body over its limit before it has come", () => {
  const big = bytes("464c5601 05 00000009 00000000 09 000011 000000 00 000000")
  expect(readIn(big, () => 4, new FlvReader(16)).failure?.reason).toBe("tag body of 17 bytes")
  expect(readIn(big, () => 4, new FlvReader(17)).failure).toBeUndefined()
})

test("writes what the specification has", () => {
  const body = bytes("1700000000")
  expect(hexOf(flvHeader(true, true))).toBe("464c5601050000000900000000")
  expect(hexOf(flvHeader(false, true))).toBe("464c5601010000000900000000")
  expect(hexOf(flvTag(9, 0x01ffffff, body))).toBe("09000005ffffff01000000170000000000000010")
  expect(tagLength(body.length)).toBe(20)
})

test("writes the header in place", () => {
  const target = new Uint8Array(13).fill(0xee)
  writeTagHeader(target, 1, 8, maxTagBodyLength, 0xfedcba98)
  expect(hexOf(target)).toBe("ee08ffffffdcba98fe000000ee")
})
