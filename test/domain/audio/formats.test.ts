import { describe, expect, test } from "bun:test"
import { adtsFormat } from "../../../src/domain/audio/AdtsFormat.ts"
import { FastCache, startBehind } from "../../../src/domain/audio/FastCache.ts"
import { mp3Format } from "../../../src/domain/audio/Mp3Format.ts"
import { carriesAac, carriesMp3 } from "../../../src/domain/audio/soundCodec.ts"
import { AudioId } from "../../../src/domain/codec/CodecId.ts"
import { Encoded, type Format, type Join } from "../../../src/domain/media/Format.ts"
import { Kind, MediaFrame, type MediaFrameFields } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

/** The body stands in the middle of a larger buffer, as it does after a read. */
const frame = (kind: Kind, body: string, published: number, fields: Partial<MediaFrameFields>): MediaFrame => {
  const bytes = Uint8Array.from(Buffer.from(`ffff${body}ffff`, "hex"))
  return new MediaFrame({ kind, published, bytes, start: 2, end: bytes.length - 2, ...fields })
}

/** AudioSpecificConfig 12 10: AAC-LC, 44100 Hz, two channels. */
const aacHeader = (config = "1210") =>
  frame(Kind.Audio, `af00${config}`, 0, { codec: AudioId.Aac, dataStart: 4, header: true })
const aac = (data: string, published = 0) =>
  frame(Kind.Audio, `af01${data}`, published, { codec: AudioId.Aac, dataStart: 4 })
const mp3 = (data: string, published = 0) =>
  frame(Kind.Audio, `2f${data}`, published, { codec: AudioId.Mp3, dataStart: 3 })
const picture = (published = 0, keyframe = true) =>
  frame(Kind.Video, "1701000000", published, { codec: 7, dataStart: 7, keyframe })

const encode = (format: Format, headers: ReadonlyArray<MediaFrame>, ...frames: ReadonlyArray<MediaFrame>) => {
  const encoder = format.encoder(headers)
  const out = new SlabWriter()
  const outcomes = frames.map((frame) => encoder.encode(frame, out))
  const slab = out.reserve(0)
  return { outcomes, bytes: hex(slab.bytes.subarray(0, slab.used)) }
}

const join: Join = {
  headers: [],
  timestamp: 0,
  published: 0,
  earliestAudio: 0,
  earliestVideo: 0,
  hasAudio: true,
  hasVideo: false
}

describe("ADTS (ISO/IEC 14496-3 §1.A.2.2)", () => {
  // Sync word, MPEG-4, no CRC; LC, 44100 Hz, two channels; length 7 + 4; variable rate, one block.
  const header = "fff15080017ffc"

  test("stands in front of each frame, in the MPEG-4 variant", () => {
    expect(encode(adtsFormat(""), [aacHeader()], aac("21001122"), aac("21334455"))).toEqual({
      outcomes: [Encoded.Shared, Encoded.Shared],
      bytes: `${header}21001122${header}21334455`
    })
  })

  test("follows the configuration, and is not written without one", () => {
    // 11 90: AAC-LC, 48000 Hz, two channels.
    const { bytes, outcomes } = encode(
      adtsFormat(""),
      [],
      aac("aa"),
      aacHeader("1190"),
      aac("bb"),
      aacHeader(),
      aac("cc")
    )
    expect(outcomes).toEqual([Encoded.Absent, Encoded.Absent, Encoded.Shared, Encoded.Absent, Encoded.Shared])
    expect(bytes).toBe("fff14c80011ffcbbfff15080011ffccc")
  })

  test("is for AAC of the first track alone, that is not empty and not too long", () => {
    const other = frame(Kind.Audio, "af01aa", 0, { codec: AudioId.Aac, dataStart: 4, track: 1 })
    const long = aac("21".repeat(0x2000 - 7))
    const { outcomes } = encode(adtsFormat(""), [aacHeader()], mp3("fffb9000"), picture(), other, aac(""), long)
    expect(outcomes).toEqual(outcomes.map(() => Encoded.Absent))
    expect(encode(adtsFormat(""), [aacHeader()], aac("21".repeat(0x1fff - 7))).outcomes).toEqual([Encoded.Shared])
  })
})

describe("MP3", () => {
  test("is what came, without the byte of FLV", () => {
    const { bytes, outcomes } = encode(mp3Format(""), [], mp3("fffb900011"), picture(), aac("21"), mp3("fffb900022"))
    expect(outcomes).toEqual([Encoded.Shared, Encoded.Absent, Encoded.Absent, Encoded.Shared])
    expect(bytes).toBe("fffb900011fffb900022")
  })

  test("begins with an empty ID3 tag, once", () => {
    const viewer = mp3Format("").viewer()
    expect(hex(viewer.enter(join))).toBe("4944330300000000000a00000000000000000000")
    expect(hex(viewer.enter(join))).toBe("")
  })
})

const logOf = (...frames: ReadonlyArray<MediaFrame>) => {
  const log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1e7 })
  for (const frame of frames) log.append(frame, frame.published)
  return log
}

test("a stream's sound is known by its header, else by its frames", () => {
  const rows: ReadonlyArray<readonly [SourceLog, boolean | undefined, boolean | undefined]> = [
    [logOf(), undefined, undefined],
    [logOf(picture()), undefined, undefined],
    [logOf(aacHeader()), true, false],
    [logOf(picture(), aacHeader(), aac("21")), true, false],
    [logOf(aac("21")), false, false],
    [logOf(picture(), mp3("fffb9000")), false, true],
    // 7f ff: a configuration that ADTS has no words for.
    [logOf(aacHeader("7fff")), false, false],
    [logOf(frame(Kind.Audio, "b2aa", 0, { codec: AudioId.Speex, dataStart: 3 })), false, false]
  ]
  for (const [log, isAac, isMp3] of rows) expect([carriesAac(log), carriesMp3(log)]).toEqual([isAac, isMp3])
})

describe("fast_cache", () => {
  /** A frame each 100 ms for so many seconds, and a keyframe each second. */
  const play = (log: SourceLog, from: number, to: number) => {
    for (let time = from; time < to; time += 100) {
      if (time % 1000 === 0) log.append(picture(time), time)
      log.append(mp3("fffb9000", time), time)
    }
  }

  test("keeps the last seconds, and no more", () => {
    const log = logOf()
    log.addReader(new FastCache(log, 3000))
    play(log, 0, 10_000)
    log.trim()
    expect(log.at(log.first).timestamp).toBe(6900)
    play(log, 10_000, 20_000)
    log.trim()
    expect(log.at(log.first).timestamp).toBe(16_900)
  })

  test("begins so long ago as is kept", () => {
    const log = logOf()
    log.addReader(new FastCache(log, 3000))
    play(log, 0, 10_000)
    const at = (millis: number) => {
      const entry = startBehind(millis)(log)
      return entry === undefined || entry.index === log.end ? "live" : log.at(entry.index).timestamp
    }
    expect([at(0), at(500), at(2000), at(3000)]).toEqual(["live", 9400, 7900, 6900])
    expect(at(60_000)).toBe(log.at(log.first).timestamp)
  })

  test("has nothing of the publisher before", () => {
    const log = logOf()
    log.addReader(new FastCache(log, 3000))
    play(log, 0, 2000)
    log.reset()
    expect(startBehind(3000)(log)?.index).toBe(log.end)
    const end = log.end
    play(log, 2000, 2500)
    expect(startBehind(3000)(log)?.index).toBe(end)
  })
})
