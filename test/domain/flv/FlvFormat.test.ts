import { describe, expect, test } from "bun:test"
import { flvFormat, type FlvOptions } from "../../../src/domain/flv/FlvFormat.ts"
import { Encoded, type Join } from "../../../src/domain/media/Format.ts"
import { Kind, MediaFrame, type MediaFrameFields } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"

const defaults: FlvOptions = {
  guess: true,
  hasAudio: true,
  hasVideo: true,
  dropUnannounced: true,
  published: false,
  reduceHeaders: false
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

/** The body stands in the middle of a larger buffer, as it does after a read. */
const frame = (kind: Kind, body: string, timestamp = 0, fields: Partial<MediaFrameFields> = {}): MediaFrame => {
  const bytes = Uint8Array.from(Buffer.from(`ffff${body}ffff`, "hex"))
  return new MediaFrame({ kind, published: timestamp, bytes, start: 2, end: bytes.length - 2, ...fields })
}

const audioHeader = frame(Kind.Audio, "af001210", 0, { header: true })
const videoHeader = frame(Kind.Video, "17000000000164", 0, { header: true })
const metadata = (text: string) => frame(Kind.Data, hex(new TextEncoder().encode(text)), 0, { header: true })

const join = (fields: Partial<Join> = {}): Join => ({
  headers: [],
  timestamp: 0,
  published: 0,
  earliestAudio: 0,
  earliestVideo: 0,
  hasAudio: false,
  hasVideo: false,
  ...fields
})

const encode = (options: Partial<FlvOptions>, ...frames: ReadonlyArray<MediaFrame>) => {
  const encoder = flvFormat({ ...defaults, ...options }).encoder()
  const out = new SlabWriter()
  const outcomes = frames.map((frame) => encoder.encode(frame, out))
  const slab = out.reserve(0)
  return { outcomes, bytes: hex(slab.bytes.subarray(0, slab.used)) }
}

const viewer = (options: Partial<FlvOptions> = {}) => flvFormat({ ...defaults, ...options }).viewer()

describe("a tag (FLV 10.1 §E.4.1)", () => {
  test("has type, length, time, stream 0, body and its own size", () => {
    const audio = frame(Kind.Audio, "af0121", 0x012345)
    const video = frame(Kind.Video, "27010000", 0x7f000001)
    expect(encode({}, audio, video)).toEqual({
      outcomes: [Encoded.Shared, Encoded.Shared],
      bytes: `08${"000003"}${"012345"}00000000af0121${"0000000e"}09${"000004"}${"000001"}7f000000${"27010000"}0000000f`
    })
  })

  test("has the low 32 bits of the time, all of them", () => {
    const at = (timestamp: number) => encode({}, frame(Kind.Audio, "af01", timestamp)).bytes.slice(8, 16)
    expect(at(0x7fffffff)).toBe("ffffff7f")
    expect(at(0x80000000)).toBe("00000080")
    expect(at(2 ** 32 - 1)).toBe("ffffffff")
    expect(at(2 ** 32 + 5)).toBe("00000500")
  })

  test("of a script has time 0", () =>
    expect(encode({}, frame(Kind.Data, "02", 1000)).bytes).toBe(`12${"000001"}00000000000000${"02"}0000000c`))

  test("is absent for all tracks but the first", () => {
    const second = frame(Kind.Video, "27010000", 0, { track: 1 })
    expect(encode({}, second)).toEqual({ outcomes: [Encoded.Absent], bytes: "" })
  })

  test("has the time as published where that is asked for", () => {
    const late = frame(Kind.Audio, "af01", 500)
    late.timestamp = 40
    expect(encode({}, late).bytes.slice(8, 16)).toBe("00002800")
    expect(encode({ published: true }, late).bytes.slice(8, 16)).toBe("0001f400")
  })
})

describe("the file header announces", () => {
  const flags = (options: Partial<FlvOptions>, at: Partial<Join>) => viewer(options).enter(join(at))[4]
  const cases: ReadonlyArray<
    readonly [name: string, flags: number, options: Partial<FlvOptions>, join: Partial<Join>]
  > = [
    ["what the stream is known to carry", 5, {}, { hasAudio: true, hasVideo: true }],
    ["sound alone", 4, {}, { hasAudio: true }],
    ["pictures alone", 1, {}, { hasVideo: true }],
    ["what metadata promises", 5, {}, { hasVideo: true, headers: [metadata("\0\x0caudiocodecid\0")] }],
    ["only what metadata promises", 4, {}, { headers: [metadata("\0\x0caudiocodecid\0")] }],
    ["both when nothing is known", 5, {}, {}],
    ["the settings without guessing", 1, { guess: false, hasAudio: false }, { hasAudio: true, hasVideo: true }],
    ["the settings, though the stream has less", 5, { guess: false }, { hasVideo: true }]
  ]
  for (const [name, expected, options, at] of cases) test(name, () => expect(flags(options, at)).toBe(expected))
})

describe("a viewer", () => {
  const at = join({
    headers: [audioHeader, videoHeader],
    timestamp: 1040,
    earliestAudio: 1000,
    earliestVideo: 1000,
    hasAudio: true,
    hasVideo: true
  })
  const tags =
    `08${"000004"}${"0003e8"}00000000af001210${"0000000f"}` +
    `09${"000007"}${"0003e8"}0000000017000000000164${"00000012"}`

  test("gets the file header once, and the codec headers wherever it enters", () => {
    const one = viewer()
    expect(hex(one.enter(at))).toBe(`464c5601050000000900000000${tags}`)
    expect(hex(one.enter(at))).toBe(tags)
  })

  test("gets header times on the same scale as the frames", () => {
    const published = viewer({ published: true }).enter({ ...at, published: 5040 })
    expect(hex(published.subarray(13 + 4, 13 + 8))).toBe("00138800")
  })

  test("gets no tag of a kind that is switched off, unless told to keep them", () => {
    const off = { guess: false, hasAudio: false }
    const sound = frame(Kind.Audio, "af01")
    expect(hex(viewer(off).enter(at))).not.toContain("af001210")
    expect(encode(off, sound, videoHeader).outcomes).toEqual([Encoded.Absent, Encoded.Shared])
    expect(encode({ ...off, dropUnannounced: false }, sound).outcomes).toEqual([Encoded.Shared])
  })

  test("hears sound that starts after it entered", () => {
    expect(viewer().enter(join({ hasVideo: true }))[4]).toBe(1)
    expect(encode({}, frame(Kind.Audio, "af01")).outcomes).toEqual([Encoded.Shared])
  })

  test("gets a repeated header again, unless headers are reduced", () => {
    const again = frame(Kind.Video, "17000000000164", 40, { header: true })
    const changed = frame(Kind.Video, "17000000000165", 80, { header: true })
    expect(encode({}, again).outcomes).toEqual([Encoded.Shared])
    expect(encode({ reduceHeaders: true }, again).outcomes).toEqual([Encoded.Own])
    const one = viewer({ reduceHeaders: true })
    one.enter(at)
    expect(hex(one.own(again))).toBe("")
    expect(hex(one.own(changed))).toContain("17000000000165")
    expect(hex(one.own(changed))).toBe("")
    expect(hex(one.enter(at))).toContain("17000000000164")
  })
})

test("viewers share a projection if and only if their bytes are the same", () => {
  const key = (options: Partial<FlvOptions>) => flvFormat({ ...defaults, ...options }).key
  expect(key({})).toBe(key({ guess: false }))
  expect(key({})).toBe(key({ guess: false, hasAudio: false, dropUnannounced: false }))
  const keys = [
    {},
    { published: true },
    { reduceHeaders: true },
    { guess: false, hasAudio: false },
    { guess: false, hasVideo: false }
  ]
  expect(new Set(keys.map(key)).size).toBe(keys.length)
  expect(flvFormat(defaults).lanes).toBe(0)
})
