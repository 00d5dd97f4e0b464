import { expect, test } from "bun:test"
import { SpecChunkReader } from "./specChunkReader.ts"

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"))

const read = (text: string) => {
  const reader = new SpecChunkReader()
  reader.push(hex(text))
  return reader
}

const shown = (reader: SpecChunkReader) =>
  reader.messages.map(({ body, chunkStreamId, streamId, timestamp, type }) => [
    chunkStreamId,
    type,
    streamId,
    timestamp,
    Buffer.from(body).toString("hex")
  ])

const first = "04 0003e8 000002 08 01000000 aabb"

test("reads the four forms of headers as the book's first example has them", () => {
  const reader = read(`${first} 84 000014 ccdd c4 eeff 44 000005 000001 08 11 c4 22`)
  expect(shown(reader)).toEqual([
    [4, 8, 1, 1000, "aabb"],
    [4, 8, 1, 1020, "ccdd"],
    [4, 8, 1, 1040, "eeff"],
    [4, 8, 1, 1045, "11"],
    [4, 8, 1, 1050, "22"]
  ])
  expect(reader.isWhole).toBe(true)
})

test("a message that begins with fmt 3 after fmt 0 takes that timestamp as its delta", () => {
  expect(shown(read(`${first} c4 ccdd`))[1]).toEqual([4, 8, 1, 2000, "ccdd"])
})

test("takes messages that are interleaved chunk by chunk, byte by byte", () => {
  const long = (fill: string) => fill.repeat(128)
  const bytes = hex(`04 000000 000081 08 01000000 ${long("aa")} 06 000000 000081 09 01000000 ${long("bb")} c4 aa c6 bb`)
  const reader = new SpecChunkReader()
  for (const byte of bytes) reader.push(Uint8Array.of(byte))
  expect(reader.messages.map(({ body, type }) => [type, body.length])).toEqual([
    [8, 129],
    [9, 129]
  ])
})

test("a new chunk size is in force from the next chunk on", () => {
  expect(shown(read(`02 000000 000004 01 00000000 00000001 05 000000 000002 14 00000000 aa c5 bb`))[1]).toEqual([
    5,
    20,
    0,
    0,
    "aabb"
  ])
})

test("an extended timestamp is repeated in each chunk", () => {
  const chunk = "02 000000 000004 01 00000000 00000001"
  expect(shown(read(`${chunk} 04 ffffff 000002 08 01000000 80000000 aa c4 80000000 bb`))[1]).toEqual([
    4,
    8,
    1,
    2 ** 31,
    "aabb"
  ])
})

test.each([
  ["fmt 1 first on its chunk stream", "44 000005 000001 08 11"],
  ["fmt 2 first on its chunk stream", "84 000005 11"],
  ["fmt 3 first on its chunk stream", "c4 11"],
  ["a chunk size with its first bit set", "02 000000 000004 01 00000000 80000001"],
  ["a chunk size of 0", "02 000000 000004 01 00000000 00000000"],
  ["control on a chunk stream other than 2", "03 000000 000004 01 00000000 00000080"],
  ["a header inside a message", `04 000000 000081 08 01000000 ${"aa".repeat(128)} 44 000000 000001 08 aa`],
  ["an extended timestamp without need", "04 ffffff 000001 08 01000000 00000001 aa"],
  [
    "an extended timestamp that is not repeated",
    "02 000000 000004 01 00000000 00000001 04 ffffff 000002 08 01000000 80000000 aa c4 bb cc dd ee ff"
  ]
])("refuses %s", (_, text) => {
  expect(() => read(text)).toThrow()
})
