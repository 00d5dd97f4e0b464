import { expect, test } from "bun:test"
import { AmfObject, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { readCapabilities, serverCapabilities, takes } from "../../../src/domain/flv/Capabilities.ts"

test("a peer that announces nothing takes nothing enhanced", () => {
  expect(readCapabilities(new Map([["app", "live"]]))).toEqual({
    fourCcs: new Set(),
    reconnect: false,
    multitrack: false,
    modEx: false,
    nanoOffset: false
  })
})

test("FFmpeg's rtmp_enhanced_codecs is a strict array of fourCCs", () => {
  const peer = readCapabilities(new Map([["fourCcList", ["hvc1", "av01", "vp09"]]]))
  expect(takes(peer, FourCc.Hevc)).toBe(true)
  expect(takes(peer, FourCc.Vvc)).toBe(false)
})

test("* takes everything", () => {
  expect(takes(readCapabilities(new Map([["fourCcList", ["*"]]])), 0x78797a77)).toBe(true)
  const map = readCapabilities(new Map([["videoFourCcInfoMap", new AmfObject([["*", 4]])]]))
  expect(takes(map, FourCc.Av1)).toBe(true)
})

test("the flags of a fourCC say whether it is taken", () => {
  const peer = readCapabilities(
    new Map([
      ["videoFourCcInfoMap", ecmaArray({ hvc1: 1, av01: 2, vp09: 6 })],
      ["audioFourCcInfoMap", ecmaArray({ Opus: 5, fLaC: "1" })]
    ])
  )
  expect([...peer.fourCcs].sort()).toEqual(["Opus", "hvc1", "vp09"])
})

test("capsEx is a set of flags", () => {
  const flags = (capsEx: unknown) => {
    const peer = readCapabilities(new Map([["capsEx", capsEx]]))
    return [peer.reconnect, peer.multitrack, peer.modEx, peer.nanoOffset]
  }
  expect(flags(1)).toEqual([true, false, false, false])
  expect(flags(14)).toEqual([false, true, true, true])
  expect(flags("15")).toEqual([false, false, false, false])
  expect(flags(Number.NaN)).toEqual([false, false, false, false])
})

test("wrong types and endless lists are survived", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => String(1000 + (i % 9000)))
  expect(readCapabilities(new Map([["fourCcList", many]])).fourCcs.size).toBe(64)
  for (const value of [null, undefined, 7, "hvc1", [1, null, ["hvc1"], "toolong"], new Map([["a", "b"]])]) {
    expect(
      readCapabilities(
        new Map([
          ["fourCcList", value],
          ["videoFourCcInfoMap", value]
        ])
      ).fourCcs.size
    ).toBe(0)
  }
  expect(readCapabilities(new Map([["fourCcList", ecmaArray({ 0: "hvc1" })]])).fourCcs.has("hvc1")).toBe(true)
})

test("the server announces what it does, in a form that it understands itself", () => {
  expect([...serverCapabilities.keys()]).toEqual(["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"])
  expect(readCapabilities(serverCapabilities)).toEqual({
    fourCcs: new Set(["*"]),
    reconnect: false,
    multitrack: true,
    modEx: true,
    nanoOffset: true
  })
})
