import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { encodeEntry, maxRecordBytes, type RecordEntry, RecordingReader } from "../../../src/domain/record/Recording.ts"
import { randomOf } from "../config/random.ts"

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"))
const magic = Buffer.from("sluicer1").toString("hex")

/** Typed by hand from the description of the format. */
const whole = bytes(
  `${magic}
  00000001 00000000 00000003 030405
  00000002 0000000a 00000001 ff
  00000001 00010000 00000000`.replaceAll(/\s/g, "")
)

const entries: ReadonlyArray<RecordEntry> = [
  { connection: 1, timeMillis: 0, bytes: bytes("030405") },
  { connection: 2, timeMillis: 10, bytes: bytes("ff") },
  { connection: 1, timeMillis: 65_536, bytes: bytes("") }
]

const plain = (read: ReadonlyArray<RecordEntry>) =>
  read.map((entry) => ({ ...entry, bytes: Uint8Array.from(entry.bytes) }))
const readAll = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<RecordEntry> => {
  const reader = new RecordingReader()
  return plain(pieces.flatMap((piece) => Result.getOrThrow(reader.push(piece))))
}

test("a recording is read whole, byte by byte, and cut anywhere", () => {
  expect(readAll([whole])).toEqual(entries)
  expect(readAll(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(entries)
  for (let at = 0; at <= whole.length; at++)
    expect(readAll([whole.subarray(0, at), whole.subarray(at)])).toEqual(entries)
})

test("entries are written as they are read", () => {
  const written = Buffer.concat([Buffer.from("sluicer1"), ...entries.map((entry) => encodeEntry(entry))])
  expect(written.toString("hex")).toBe(Buffer.from(whole).toString("hex"))
})

test("a recording that was cut off ends with its last whole record", () => {
  for (let length = 0; length < whole.length; length++) {
    const read = readAll([whole.subarray(0, length)])
    expect(read).toEqual(entries.slice(0, read.length))
  }
})

test("a long read becomes several records", () => {
  const long = new Uint8Array(2 * maxRecordBytes + 1).fill(7)
  const file = Buffer.concat([Buffer.from("sluicer1"), encodeEntry({ connection: 3, timeMillis: 4, bytes: long })])
  expect(readAll([file]).map((entry) => entry.bytes.length)).toEqual([maxRecordBytes, maxRecordBytes, 1])
})

test("other files and records above the limit are refused", () => {
  const reason = (input: Uint8Array) => {
    const result = new RecordingReader().push(input)
    return Result.isFailure(result) ? result.failure.message : ""
  }
  expect(reason(Buffer.from("FLV\x01"))).toBe("no recording: it begins otherwise")
  expect(reason(bytes(`${magic} 00000001 00000000 00100001`))).toBe("no recording: a record of 1048577 bytes")
})

test("100 000 damaged recordings do not throw and give no more than they have", () => {
  const random = randomOf(42)
  for (let run = 0; run < 100_000; run++) {
    const input = Uint8Array.from(whole)
    for (let i = random(3); i >= 0; i--) input[random(input.length)] = random(256)
    const read = new RecordingReader().push(input.subarray(0, random(input.length + 1)))
    const length = Result.isSuccess(read) ? read.success.reduce((sum, entry) => sum + entry.bytes.length, 0) : 0
    if (length > input.length) throw new Error(`seed 42 run ${run}: ${length} bytes`)
  }
})
