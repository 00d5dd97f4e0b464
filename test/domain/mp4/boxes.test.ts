/** Boxes by the letter of ISO/IEC 14496-12, typed by hand. */
import { describe, expect, test } from "bun:test"
import { AudioId, FourCc } from "../../../src/domain/codec/CodecId.ts"
import { audioFrame, videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { isCoded, isConfiguration } from "../../../src/domain/mp4/coded.ts"
import { TrackRun, writeFragment } from "../../../src/domain/mp4/Fragment.ts"
import { Mp4Writer } from "../../../src/domain/mp4/Mp4Writer.ts"
import { SampleClock } from "../../../src/domain/mp4/SampleClock.ts"
import { SampleTable } from "../../../src/domain/mp4/SampleTable.ts"
import { emsg, id3Scheme, prft, ReferenceTime, sidx, styp } from "../../../src/domain/mp4/segmentBoxes.ts"
import { lengthPrefixed } from "../../../src/domain/ts/startCodes.ts"
import { bytesFrom, framesOf } from "../ts/media.ts"
import { files, fragmented, inside, specBoxes, tracksOf } from "./written.ts"

const bare = (text: string) => text.replaceAll(/\s/g, "")
const hex = (text: string) => Uint8Array.from(Buffer.from(bare(text), "hex"))
const ascii = (text: string) => Buffer.from(text).toString("hex")

const video = (data: string, published: number, keyframe = false, compositionOffset = 0) =>
  videoFrame({ codec: FourCc.Avc, data: hex(data), keyframe, compositionOffset }, published)

describe("a fragment", () => {
  test("of two tracks has a moof with a traf for each, and their samples in order", () => {
    const pictures = new TrackRun(1)
    pictures.add(video("aabb", 0), 0x1_0000_0002, 3600, -900, true)
    pictures.add(video("cc", 40), 0x1_0000_0e12, 3601, 7200, false)
    const sounds = new TrackRun(2)
    sounds.add(audioFrame({ codec: FourCc.Aac, data: hex("ddee") }, 0), 7, 1024, 0, true)
    const out = new SlabWriter()
    writeFragment(out, 9, [pictures, new TrackRun(3), sounds])
    expect(Buffer.from(bytesFrom(out, 0)).toString("hex")).toBe(
      bare(`
        000000c8 ${ascii("moof")}
          00000010 ${ascii("mfhd")} 00000000 00000009
          00000060 ${ascii("traf")}
            00000010 ${ascii("tfhd")} 00020000 00000001
            00000014 ${ascii("tfdt")} 01000000 0000000100000002
            00000034 ${ascii("trun")} 01000f01 00000002 000000d0
              00000e10 00000002 02000000 fffffc7c
              00000e11 00000001 01010000 00001c20
          00000050 ${ascii("traf")}
            00000010 ${ascii("tfhd")} 00020000 00000002
            00000014 ${ascii("tfdt")} 01000000 0000000000000007
            00000024 ${ascii("trun")} 01000f01 00000001 000000d3
              00000400 00000002 02000000 00000000
        0000000d ${ascii("mdat")} aabb cc ddee
      `)
    )
  })
})

describe("boxes before a fragment", () => {
  const told = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

  test("styp", () =>
    expect(told(styp(true))).toBe(bare(`00000020 ${ascii("stypmsdh")} 00000000 ${ascii("msdhmsixcmfscmff")}`)))

  test("sidx", () => {
    const references = [{ bytes: 1000, duration: 90_000, startsWithSync: true }]
    const index = { trackId: 1, timescale: 90_000, earliestPresentation: 2 ** 33, firstOffset: 0, references }
    expect(told(sidx(index))).toBe(
      bare(`00000034 ${ascii("sidx")} 01000000 00000001 00015f90 0000000200000000 0000000000000000 0000 0001
        000003e8 00015f90 90000000`)
    )
  })

  test("prft has NTP time", () => {
    expect(told(prft(1, 1500, 90_000, ReferenceTime.Arbitrary))).toBe(
      bare(`00000020 ${ascii("prft")} 01000008 00000001 83aa7e81 80000000 0000000000015f90`)
    )
  })

  test("emsg", () => {
    const message = { scheme: id3Scheme, value: "", timescale: 1000, presentationTime: 5, duration: 0xffffffff, id: 3 }
    expect(told(emsg({ ...message, data: hex("494433") }))).toBe(
      bare(`00000041 ${ascii("emsg")} 01000000 000003e8 0000000000000005 ffffffff 00000003
        ${ascii("https://aomedia.org/emsg/ID3")} 00 00 494433`)
    )
  })
})

describe("sample entries", () => {
  const entry = (name: string, kind: Kind) => {
    const track = tracksOf(framesOf(name)).all.find((other) => other.kind === kind)
    return Buffer.from(track?.sampleEntry ?? new Uint8Array(0)).toString("hex")
  }

  test("mp4a with esds of AAC and MP3", () => {
    expect(entry("h264-aac", Kind.Audio)).toContain(
      bare(`${ascii("mp4a")} 000000000000 0001 0000000000000000 0002 0010 00000000 bb800000`)
    )
    expect(entry("h264-aac", Kind.Audio)).toContain(bare(`${ascii("esds")} 00000000 03808080`))
    expect(entry("h264-aac", Kind.Audio)).toContain(bare("40 15 000000 00000000 00000000 058080800"))
    expect(entry("h264-mp3", Kind.Audio)).toContain(bare("04 8080800d 6b 15 000000 00000000 00000000 06 80808001 02"))
  })

  test("dOps is big-endian, version 0", () =>
    expect(entry("hevc-opus", Kind.Audio)).toContain(bare(`00000013 ${ascii("dOps")} 00 02 0138 0000bb80 0000 00`)))

  test("dfLa has STREAMINFO as its last block", () =>
    expect(entry("av1-flac", Kind.Audio)).toContain(bare(`${ascii("dfLa")} 00000000 80000022 0480`)))

  test("hvc1 has its arrays complete, av01 and vp09 their records", () => {
    expect(entry("hevc-opus", Kind.Video)).toMatch(new RegExp(`${ascii("hvcC")}01.{42}03a0`))
    expect(entry("av1-flac", Kind.Video)).toContain(`${ascii("av1C")}81`)
    expect(entry("vp9-ac3", Kind.Video)).toContain(bare(`${ascii("vpcC")} 01000000 00`))
    expect(entry("vp9-ac3", Kind.Video)).toContain(bare("0140 00b4 00480000"))
  })
})

test("what is no coded frame is no sample", () => {
  const frame = (kind: Kind, codec: number, header: boolean, body: string) => {
    const bytes = hex(body)
    return { kind, codec, header, bytes, start: 0, end: bytes.length, dataStart: bytes.length - 1 } as MediaFrame
  }
  for (const [kind, codec, body, expected] of [
    [Kind.Video, 7, "2701000000aa", true],
    [Kind.Video, 7, "17020000aa", false],
    [Kind.Video, 2, "2200", true],
    [Kind.Video, 7, "5701000000", false],
    [Kind.Video, FourCc.Hevc, "a16876633100000000", true],
    [Kind.Video, FourCc.Hevc, "a368766331aa", true],
    [Kind.Video, FourCc.Hevc, "9268766331aa", false],
    [Kind.Video, FourCc.Hevc, "9468766331aa", false],
    [Kind.Audio, AudioId.Aac, "af01aa", true],
    [Kind.Audio, AudioId.Aac, "af02aa", false],
    [Kind.Audio, FourCc.Opus, "914f707573aa", true],
    [Kind.Audio, FourCc.Opus, "924f707573aa", false]
  ] as const) {
    expect([body, isCoded(frame(kind, codec, false, body))]).toEqual([body, expected])
  }
  expect(isConfiguration(frame(Kind.Audio, FourCc.Opus, true, "904f707573aa"))).toBe(true)
  expect(isConfiguration(frame(Kind.Audio, FourCc.Opus, true, "944f707573aa"))).toBe(false)
})

test("sound is counted in samples while that stays near its milliseconds", () => {
  const clock = new SampleClock(44_100)
  const times = Array.from({ length: 1000 }, (_, i) => clock.at(Math.round((i * 1024_000) / 44_100), 1024))
  expect(times).toEqual(Array.from({ length: 1000 }, (_, i) => i * 1024))
  expect(clock.at(30_000, 1024)).toBe(30_000 * 44.1)
  expect(clock.at(30_020, 1024)).toBe(30_000 * 44.1 + 1024)
})

describe("a file", () => {
  test("is ftyp, free, mdat, moov; fast-started ftyp, moov, free, mdat", () => {
    const { fast, late } = files(framesOf("h264-aac"))
    expect(specBoxes(late).map(({ type }) => type)).toEqual(["ftyp", "free", "mdat", "moov"])
    expect(specBoxes(fast).map(({ type }) => type)).toEqual(["ftyp", "moov", "free", "mdat"])
  })

  test("over 4 GB has a size of 64 bits in the room kept for it, and long chunk offsets", () => {
    const writer = new Mp4Writer(tracksOf(framesOf("h264-aac")).all)
    const long = { ...frameLike(2 ** 32), kind: Kind.Video } as MediaFrame
    writer.add(long, 0)
    writer.add(framesOf("h264-aac").filter(isCoded)[1], 40)
    writer.add({ ...frameLike(10), kind: Kind.Audio } as MediaFrame, 40)
    const { moov, patch, patchAt } = writer.finish()
    expect(patchAt).toBe(28)
    expect(Buffer.from(patch).toString("hex", 0, 8)).toBe(bare(`00000001 ${ascii("mdat")}`))
    expect(Buffer.from(patch).readBigUInt64BE(8)).toBe(BigInt(writer.dataLength + 16))
    expect(Buffer.from(moov).includes("co64")).toBe(true)
    expect(writer.fastStart().length).toBe(28 + moov.length + 16)
  })

  const frameLike = (length: number) => ({
    track: 0,
    header: false,
    dataStart: 0,
    end: length,
    compositionOffset: 0,
    keyframe: true
  })

  test("keeps an hour of reordered pictures in 1.2 MB of tables", () => {
    const table = new SampleTable(90_000)
    const count = 25 * 3600
    for (let i = 0; i < count; i++)
      table.add(i * 5000, 5000 + (i % 7), i * 3600, 0, (i % 3) * 3600, i % 50 === 0, i % 50 === 0)
    const bytes = table.content(48, 0).tables.reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeLessThan(1_200_000)
    expect(table.content(48, 0).duration).toBe(count * 3600)
  })

  test("of a track that begins later has an empty edit before it", () => {
    const frames = framesOf("h264-aac").filter(isCoded)
    const sounds = frames.filter((frame) => frame.kind === Kind.Audio && frame.timestamp >= 500)
    const writer = new Mp4Writer(tracksOf(framesOf("h264-aac")).all)
    for (const frame of [...frames.filter((other) => other.kind === Kind.Video), ...sounds])
      writer.add(frame, frame.timestamp)
    const moov = specBoxes(inside(writer.finish().moov, "moov"))
    const [first, second] = moov.filter(({ type }) => type === "trak").map(({ body }) => inside(body, "edts", "elst"))
    // Pictures are presented from 80 ms on, which is where the file begins.
    expect(first.toString("hex", 4)).toBe(bare("00000001 00000000000003e8 0000000000001c20 00010000"))
    expect(second.readUInt32BE(4)).toBe(2)
    expect(Number(second.readBigUInt64BE(8))).toBe(sounds[0].timestamp - 80)
    expect(second.readBigInt64BE(16)).toBe(-1n)
  })
})

test("pictures with start codes become samples with lengths", () => {
  const [header] = framesOf("h264-aac").filter((frame) => frame.kind === Kind.Video)
  const pictures = [0, 600].map((time) => video("00000001 0910 000001 6588", time, true))
  const mdat = specBoxes(fragmented([header, ...pictures])).filter(({ type }) => type === "mdat")
  expect(mdat.map(({ body }) => body.toString("hex"))).toEqual(pictures.map(() => bare("00000002 0910 00000002 6588")))
  expect(lengthPrefixed(pictures[1]).timestamp).toBe(600)
})

test("decoding times are absolute beyond 2^32 ticks", () => {
  const hours = 20 * 3_600_000
  const stream = fragmented(framesOf("h264-aac", hours))
  const moof = specBoxes(stream).find(({ type }) => type === "moof")
  expect(Number(inside(moof?.body ?? stream, "traf", "tfdt").readBigUInt64BE(4))).toBe(hours * 90)
})
