import { expect, test } from "bun:test"
import { BitReader, withoutEmulationPrevention } from "../../../src/domain/codec/BitReader.ts"
import { bytes, packed } from "../flv/bodies.ts"

test("reads bits, most significant first", () => {
  const bits = new BitReader(bytes("a5 ffffffff 01"))
  expect([bits.bits(4), bits.flag(), bits.bits(3), bits.bits(32), bits.bits(8)]).toEqual([10, false, 5, 0xffffffff, 1])
  expect([bits.remaining, bits.overrun]).toEqual([0, false])
})

test("reads the Exp-Golomb codes of H.264 §9.1", () => {
  const codes = packed("1 010 011 00100 00101 00110 00111 0001000")
  const unsigned = new BitReader(codes)
  expect(Array.from({ length: 8 }, () => unsigned.unsigned())).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  const signed = new BitReader(codes)
  expect(Array.from({ length: 8 }, () => signed.signed())).toEqual([-0, 1, -1, 2, -2, 3, -3, 4])
})

test("reads the longest code", () => {
  expect(new BitReader(bytes("00000001 ffffffff")).unsigned()).toBe(2 ** 32 - 2)
})

test("what is not there reads as 0 and is remembered", () => {
  const bits = new BitReader(bytes("ff"))
  expect([bits.bits(12), bits.overrun, bits.remaining]).toEqual([0xff0, true, 0])
  for (const hex of ["", "00", "0000000000000000"]) {
    const zeros = new BitReader(bytes(hex))
    expect([zeros.unsigned(), zeros.overrun]).toEqual([0, true])
  }
  const skipped = new BitReader(bytes("ff"))
  skipped.skip(9)
  expect([skipped.bit(), skipped.overrun, skipped.remaining]).toEqual([0, true, 0])
})

test("reads a range", () => {
  const bits = new BitReader(bytes("00ff00"), 1, 2)
  expect([bits.bits(8), bits.remaining]).toEqual([255, 0])
})

test("removes emulation prevention bytes", () => {
  const cases = [
    ["000003 00", "000000"],
    ["000003 000003 01", "0000000001"],
    ["000003", "0000"],
    ["00000003", "000000"],
    ["000103", "000103"],
    ["0003", "0003"],
    ["", ""]
  ]
  for (const [escaped, plain] of cases) expect(withoutEmulationPrevention(bytes(escaped))).toEqual(bytes(plain))
})
