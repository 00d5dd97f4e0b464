import { describe, expect, test } from "bun:test"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { publishPath, type PublishPathOptions } from "../../../src/domain/media/publishPath.ts"
import { randomOf } from "../config/random.ts"

const none: PublishPathOptions = { silentAudio: false, mixCorrect: false, onAbsoluteTimes: undefined }

/** `V 40`, `A 40`, `v 0` and `a 0` for headers. */
const frame = (text: string): MediaFrame => {
  const [letter = "", time] = text.split(" ")
  const kind = letter.toUpperCase() === "A" ? Kind.Audio : Kind.Video
  const header = letter !== letter.toUpperCase()
  return new MediaFrame({ kind, published: Number(time), bytes: Buffer.from(letter), start: 0, end: 1, header })
}

const textOf = ({ header, kind, published }: MediaFrame): string => {
  const letter = kind === Kind.Audio ? "A" : kind === Kind.Video ? "V" : "M"
  return `${header ? letter.toLowerCase() : letter} ${published}`
}

const pass = (options: Partial<PublishPathOptions>, ...texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out: Array<string> = []
  const path = publishPath({ ...none, ...options }, (frame) => out.push(textOf(frame)))
  for (const text of texts) path.push(frame(text))
  out.push("|")
  path.end()
  return out
}

test("without options the path is the log's own append", () => {
  const append = () => undefined
  expect(publishPath(none, append).push).toBe(append)
})

describe("silent_audio", () => {
  const silentAudio = true

  test("begins 150 ms after the first picture, every 21, 21 and 22 ms before the picture that follows", () => {
    expect(pass({ silentAudio }, "v 0", "V 1000", "V 1100", "V 1150", "V 1200")).toEqual([
      "v 0",
      "V 1000",
      "V 1100",
      "a 1150",
      "A 1150",
      "V 1150",
      "A 1171",
      "A 1192",
      "V 1200",
      "|"
    ])
  })

  test("is a real AAC header and frame for those who decode", () => {
    const frames: Array<MediaFrame> = []
    const path = publishPath({ ...none, silentAudio }, (frame) => frames.push(frame))
    for (const text of ["V 0", "V 200"]) path.push(frame(text))
    const sound = frames.filter(({ kind }) => kind === Kind.Audio)
    // AudioSpecificConfig (ISO 14496-3 §1.6.2.1): object type 2, frequency index 3, channels 2.
    expect(Buffer.from(sound[0]!.data).toString("hex")).toBe("1190")
    const again: Array<MediaFrame> = []
    for (const { body, published } of sound) {
      new TagBodyReader().read(Kind.Audio, published, body, 0, body.length, (frame) => again.push(frame))
    }
    expect(again.map(({ codec, header }) => `${codec} ${header}`)).toEqual(["10 true", "10 false"])
  })

  test("leaves a stream with sound of its own alone, whenever that comes within the wait", () => {
    const texts = ["V 0", "V 100", "a 0", "A 120", "V 200", "V 300"]
    expect(pass({ silentAudio }, ...texts)).toEqual([...texts, "|"])
  })

  test("a header with a time of its own does not start the silence", () => {
    expect(pass({ silentAudio }, "v 0", "V 100000", "A 100000", "V 100040")).not.toContain("a 100000")
  })

  test("sound that comes too late is dropped", () => {
    expect(pass({ silentAudio }, "V 0", "V 150", "A 150", "V 160")).toEqual([
      "V 0",
      "a 150",
      "A 150",
      "V 150",
      "V 160",
      "|"
    ])
  })
})

describe("mix_correct", () => {
  const mixCorrect = true

  test("alternates by time what came in blocks", () => {
    expect(pass({ mixCorrect }, "V 0", "V 40", "V 80", "A 0", "A 23", "A 46", "A 69", "V 120")).toEqual([
      "A 0",
      "V 0",
      "A 23",
      "V 40",
      "A 46",
      "A 69",
      "|",
      "V 80",
      "V 120"
    ])
  })

  test("lets a stream of one kind go on after ten frames, and gives the rest at the end", () => {
    const texts = Array.from({ length: 12 }, (_, i) => `V ${i * 40}`)
    expect(pass({ mixCorrect }, ...texts)).toEqual([...texts.slice(0, 3), "|", ...texts.slice(3)])
  })

  test("compares over the wrap of 32 bits", () => {
    expect(pass({ mixCorrect }, "V 4294967290", "V 34", "A 10", "A 40")).toEqual([
      "V 4294967290",
      "A 10",
      "V 34",
      "|",
      "A 40"
    ])
  })

  test("keeps the order of arrival within a kind, whatever the times, and loses nothing", () => {
    const random = randomOf(7)
    for (let round = 0; round < 200; round++) {
      const texts = Array.from({ length: 60 }, () => `${random(2) === 0 ? "A" : "V"} ${random(500)}`)
      const out = pass({ mixCorrect }, ...texts).filter((text) => text !== "|")
      for (const letter of ["A", "V"]) {
        expect(out.filter((text) => text.startsWith(letter))).toEqual(texts.filter((text) => text.startsWith(letter)))
      }
    }
  })
})

describe("atc_auto", () => {
  /** AMF0: string, then an ECMA array with one member (AMF0 §2.4, §2.10). */
  const metadata = (member: string, value: Uint8Array): MediaFrame => {
    const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
    const name = Buffer.concat([Buffer.of(2), text("onMetaData")])
    const bytes = Buffer.concat([name, Buffer.of(8, 0, 0, 0, 1), text(member), value, Buffer.of(0, 0, 9)])
    return new MediaFrame({ kind: Kind.Data, published: 0, bytes, start: 0, end: bytes.length, header: true })
  }
  const string = (value: string) => Buffer.concat([Buffer.of(2, 0, value.length), Buffer.from(value)])

  const told = (frame: MediaFrame): number => {
    let count = 0
    const passed: Array<MediaFrame> = []
    publishPath({ ...none, onAbsoluteTimes: () => count++ }, (frame) => passed.push(frame)).push(frame)
    expect(passed).toEqual([frame])
    return count
  }

  test("hears of bravo_atc", () => {
    expect(told(metadata("bravo_atc", string("true")))).toBe(1)
    expect(told(metadata("bravo_atc", string("false")))).toBe(0)
    expect(told(metadata("width", string("true")))).toBe(0)
  })

  test("is not disturbed by metadata that is none", () => {
    const bytes = Uint8Array.of(2, 0xff, 0xff)
    expect(told(new MediaFrame({ kind: Kind.Data, published: 0, bytes, start: 0, end: 3, header: true }))).toBe(0)
  })
})
