import { describe, expect, test } from "bun:test"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { audioFrame, videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { id3Tag, textFrame } from "../../../src/domain/ts/id3.ts"
import { writePat, writePmt } from "../../../src/domain/ts/Psi.ts"
import { TsMux, type TsMuxOptions } from "../../../src/domain/ts/TsMux.ts"
import { bytesFrom, framesOf, muxed, ticksOf } from "./media.ts"
import { continuityErrors, pesTimes, specPackets, units } from "./specPackets.ts"

const bare = (text: string) => text.replaceAll(" ", "")
const hex = (text: string) => Uint8Array.from(Buffer.from(bare(text), "hex"))
const stuffed = (text: string) => hex(text).toHex().padEnd(376, "f")

const avcHeader = videoFrame(
  { codec: FourCc.Avc, header: true, data: hex("01 42c01e ffe1 0004 6742c01e 01 0002 68ce") },
  0
)
const aacHeader = audioFrame({ codec: FourCc.Aac, header: true, data: hex("1210") }, 0)
const picture = (data: string, published: number, fields: { keyframe?: boolean; compositionOffset?: number } = {}) =>
  videoFrame({ codec: FourCc.Avc, data: hex(data), ...fields }, published)
const sound = (data: string, published: number) => audioFrame({ codec: FourCc.Aac, data: hex(data) }, published)

const write = (frames: ReadonlyArray<MediaFrame>, options: TsMuxOptions = {}) => specPackets(muxed(frames, options))

describe("tables", () => {
  test("are those that nginx-rtmp has as constants", () => {
    const bytes = new Uint8Array(376)
    writePat(bytes, 0, 0)
    const none = new Uint8Array(0)
    writePmt(bytes, 188, 0, {
      streams: [
        { pid: 0x100, type: 0x1b, descriptors: none },
        { pid: 0x101, type: 0x0f, descriptors: none }
      ],
      pcrPid: 0x100,
      version: 0
    })
    expect(bytes.subarray(0, 188).toHex()).toBe(stuffed("47400010 00 00b00d0001c100000001f0012e701905"))
    expect(bytes.subarray(188).toHex()).toBe(
      stuffed("47500110 00 02b0170001c10000e100f0001be100f0000fe101f0002f44b99b")
    )
  })

  test("name HEVC by a registration, Opus by registration and channel count", () => {
    const pmt = units(write(framesOf("hevc-opus")), 0x1001)[0].toString("hex")
    expect(pmt).toContain(bare("06e101f00a 05044f707573 7f028002"))
    expect(pmt).toContain(bare("24e100f006 050448455643"))
  })

  test("stand before every keyframe, and come every half second at least", () => {
    const frames = framesOf("h264-aac")
    const packets = write(frames)
    const keyframes = frames.filter((frame) => frame.keyframe).length
    for (const [i, packet] of packets.entries()) {
      if (!packet.randomAccess) continue
      expect(packets.slice(i - 2, i).map(({ pid }) => pid)).toEqual([0, 0x1001])
    }
    expect(packets.filter(({ randomAccess }) => randomAccess).length).toBe(keyframes)
    const slow = [0, 1, 2, 3].map((second) => picture("00000002 4101", second * 1000))
    expect(units(write([avcHeader, ...slow]), 0x1001).length).toBe(4)
  })

  test("change their version with the streams, and only then", () => {
    const versions = units(
      write([
        avcHeader,
        picture("00000002 6501", 0, { keyframe: true }),
        aacHeader,
        sound("2100", 10),
        sound("2100", 900)
      ]),
      0x1001
    ).map((section) => (section[6] >> 1) & 31)
    expect(versions).toEqual([0, 1, 1])
  })

  test("are written on demand, and not again before the keyframe that follows", () => {
    const mux = new TsMux()
    const out = new SlabWriter()
    mux.write(avcHeader, out)
    mux.writePsi(out)
    mux.write(picture("00000002 6501", 0, { keyframe: true }), out)
    expect(specPackets(bytesFrom(out, 0)).map(({ pid }) => pid)).toEqual([0, 0x1001, 0x100])
  })
})

describe("pictures", () => {
  const payload = (frame: MediaFrame) => units(write([avcHeader, frame]), 0x100)[0]

  test("begin with a delimiter; keyframes have the parameter sets behind it", () => {
    const key = payload(picture("00000002 6588 00000001 06", 0, { keyframe: true }))
    expect(key.toString("hex", 14)).toBe(bare("0000000109f0 000000016742c01e 0000000168ce 000000016588 0000000106"))
    expect(payload(picture("00000002 4188", 0)).toString("hex", 14)).toBe(bare("0000000109f0 000000014188"))
  })

  test("keep a delimiter and parameter sets of their own", () => {
    const own = payload(picture("00000002 0910 00000002 6742 00000001 68 00000002 6588", 0, { keyframe: true }))
    expect(own.toString("hex", 14)).toBe(bare("000000010910 000000016742 0000000168 000000016588"))
    const between = payload(picture("00000002 0910 00000002 6588", 0, { keyframe: true }))
    expect(between.toString("hex", 14)).toBe(bare("000000010910 000000016742c01e 0000000168ce 000000016588"))
  })

  test("end at a length that reaches beyond the frame; empty NAL units are left out", () => {
    expect(payload(picture("00000000 00000002 4188 00000009 41", 0)).toString("hex", 14)).toBe(
      bare("0000000109f0 000000014188")
    )
    expect(write([avcHeader, picture("00000009 41", 0)])).toEqual([])
  })

  test("may come with start codes, as hardware sends them", () => {
    for (const data of ["00000001 0910 000001 6588 00000001 06 00", "00000001 0910 00000001 6588 000001 06"]) {
      const key = payload(picture(data, 0, { keyframe: true }))
      const sets = "000000016742c01e 0000000168ce"
      expect(key.toString("hex", 14)).toBe(bare(`000000010910 ${sets} 000000016588 0000000106`))
    }
  })

  test("have 16-bit lengths where the configuration says so", () => {
    const short = videoFrame(
      { codec: FourCc.Avc, header: true, data: hex("01 42c01e fde1 0004 6742c01e 01 0002 68ce") },
      0
    )
    const frame = picture("0002 4188 0001 06", 0)
    expect(units(write([short, frame]), 0x100)[0].toString("hex", 14)).toBe(
      bare("0000000109f0 000000014188 0000000106")
    )
  })

  test("tell their length up to 64 KB", () => {
    for (const [size, told] of [
      [10, true],
      [65_500, true],
      [66_000, false]
    ] as const) {
      const data = Buffer.concat([hex("00000000"), Buffer.alloc(size, 0x41)])
      data.writeUInt32BE(size)
      const pes = payload(videoFrame({ codec: FourCc.Avc, data: new Uint8Array(data) }, 0))
      expect(pes.readUInt16BE(4)).toBe(told ? pes.length - 6 : 0)
      expect(pes.length).toBe(14 + 6 + 4 + size)
    }
  })

  test("need a configuration, and the default track", () => {
    expect(write([picture("00000002 6588", 0, { keyframe: true })])).toEqual([])
    expect(write([videoFrame({ codec: FourCc.Av1, data: hex("0a0b"), keyframe: true }, 0)])).toEqual([])
  })

  test("are never presented before they are decoded", () => {
    const pes = payload(picture("00000002 4188", 100, { compositionOffset: -40 }))
    expect(pesTimes(pes)).toEqual([9000, 9000])
  })
})

describe("sound", () => {
  test("has ADTS headers as SRS writes them", () => {
    const [pes] = units(write([aacHeader, sound("2100aabb", 1000)]), 0x101)
    expect(pes.toString("hex")).toBe(bare("000001c00013 808005 21 0005bf21 fff95080 017ffc 2100aabb"))
    expect(pesTimes(pes)).toEqual([90_000, 90_000])
  })

  test("of several frames shares a packet up to the time asked for, and never waits past a keyframe", () => {
    const frames = [avcHeader, aacHeader, sound("2101", 0), sound("2102", 23), sound("2103", 46), sound("2104", 130)]
    const [first, second] = units(write(frames, { audioPesMillis: 100 }), 0x101)
    expect(first.toString("hex")).toContain("2101fff9508")
    expect(second.toString("hex").endsWith("2104")).toBe(true)
    const packets = write([...frames.slice(0, 4), picture("00000002 6588", 30, { keyframe: true })], {
      audioPesMillis: 100
    })
    const begins = (stream: number) => packets.findIndex(({ pid, unitStart }) => pid === stream && unitStart)
    expect(begins(0x101)).toBeLessThan(begins(0x100))
  })

  test("of Opus has control headers, with lengths in bytes of 255", () => {
    const opus = (length: number) => audioFrame({ codec: FourCc.Opus, data: new Uint8Array(length).fill(0xfc) }, 0)
    const control = (length: number) => units(write([opus(length)]), 0x101)[0].toString("hex", 14, 19)
    expect(control(3)).toBe(bare("7fe0 03 fcfc"))
    expect(control(255)).toBe(bare("7fe0 ff00 fc"))
    expect(control(600)).toBe(bare("7fe0 ffff5a"))
  })

  test("too long for its header is left out", () => {
    const long = audioFrame({ codec: FourCc.Aac, data: new Uint8Array(8185) }, 0)
    expect(write([aacHeader, long])).toEqual([])
    const longest = audioFrame({ codec: FourCc.Aac, data: new Uint8Array(8184) }, 0)
    expect(units(write([aacHeader, longest]), 0x101)[0].toString("hex", 14, 21)).toBe("fff95083fffffc")
  })
})

describe("the clock", () => {
  const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((time, i) => time - times[i])

  for (const name of ["h264-aac", "h264-mp3", "hevc-opus"]) {
    test(`of ${name} never steps back, is never 100 ms silent, and runs before the DTS`, () => {
      const packets = write(framesOf(name, 10_000))
      const clock = packets.flatMap(({ pcr }) => (pcr === undefined ? [] : [pcr]))
      for (const gap of gaps(clock)) expect(gap > 0 && gap <= 9000).toBe(true)
      let now = 0
      for (const { payload, pcr, unitStart } of packets) {
        now = pcr ?? now
        if (!unitStart || payload[0] !== 0 || payload[2] !== 1) continue
        expect(pesTimes(Buffer.from(payload))[1]).toBeGreaterThanOrEqual(now)
      }
      expect(continuityErrors(packets)).toBe(0)
    })
  }

  test("is kept by sound where pictures are slow, in packets of the pictures' PID", () => {
    const pictures = [0, 1, 2].map((second) => picture("00000002 6588", second * 1000, { keyframe: true }))
    const sounds = Array.from({ length: 100 }, (_, i) => sound("2100", i * 23))
    const frames = [...pictures, ...sounds].sort((a, b) => a.timestamp - b.timestamp)
    const packets = write([avcHeader, aacHeader, ...frames])
    const clock = packets.filter(({ pcr }) => pcr !== undefined)
    expect(new Set(clock.map(({ pid }) => pid))).toEqual(new Set([0x100]))
    const times = clock.map(({ pcr }) => (pcr ?? 0) + ((pcr ?? 0 > 2 ** 32) ? 9000 : 0)).map((time) => time % 2 ** 33)
    for (const gap of gaps(times)) expect(gap > 0 && gap <= 9000).toBe(true)
    expect(continuityErrors(packets)).toBe(0)
  })

  test("is on sound where there is nothing else", () => {
    const packets = write([aacHeader, sound("2100", 500), sound("2100", 523)])
    expect(packets.filter(({ pcr }) => pcr !== undefined).map(({ pcr, pid }) => [pid, pcr])).toEqual([
      [0x101, 400 * 90],
      [0x101, 423 * 90]
    ])
  })

  test("wraps at 2^33, 27 hours long", () => {
    const step = 10_000
    const frames = Array.from({ length: (27 * 3_600_000) / step }, (_, i) => [
      picture("00000002 6588", i * step, { keyframe: true, compositionOffset: 80 }),
      sound("2100", i * step + 5)
    ]).flat()
    const packets = write([avcHeader, aacHeader, ...frames])
    expect(continuityErrors(packets)).toBe(0)
    const times = (pid: number, kind: Kind) => {
      const found = units(packets, pid).map(pesTimes)
      const sent = ticksOf(frames, kind).map(([dts, pts]) => [pts % 2 ** 33, dts % 2 ** 33])
      expect(found as ReadonlyArray<unknown>).toEqual(sent)
    }
    times(0x100, Kind.Video)
    times(0x101, Kind.Audio)
    const clock = packets.flatMap(({ pcr, pid, unitStart }) =>
      pid === 0x100 && unitStart && pcr !== undefined ? [pcr] : []
    )
    expect(clock).toEqual(ticksOf(frames, Kind.Video).map(([dts]) => (dts - 9000 + 2 ** 33) % 2 ** 33))
  })
})

test("counters run on whatever the frames' sizes", () => {
  const frames: Array<MediaFrame> = [avcHeader, aacHeader]
  for (let size = 1; size < 700; size++) {
    const data = new Uint8Array(4 + size).fill(0x41)
    data.set([0, 0, size >> 8, size & 255])
    frames.push(
      videoFrame({ codec: FourCc.Avc, data, keyframe: size % 50 === 0, compositionOffset: size % 3 }, size * 40)
    )
    frames.push(audioFrame({ codec: FourCc.Aac, data: new Uint8Array(size).fill(0x21) }, size * 40))
  }
  const packets = write(frames)
  expect(continuityErrors(packets)).toBe(0)
  const lengths = units(packets, 0x101).map((pes) => pes.length - 14 - 7)
  expect(lengths).toEqual(Array.from({ length: 699 }, (_, i) => i + 1))
})

test("each frame's packets are in one slab", () => {
  const mux = new TsMux()
  const out = new SlabWriter()
  for (const frame of framesOf("h264-aac")) {
    const start = out.end
    const written = mux.write(frame, out)
    expect(written).toBe(isCoded(frame))
    if (written) expect(out.slabAt(start)).toBe(out.slabAt(out.end - 1))
  }
})

test("timed ID3 is a PES packet of its own, announced by its descriptors", () => {
  const mux = new TsMux({ metadata: true })
  const out = new SlabWriter()
  mux.writePsi(out)
  const tag = id3Tag([textFrame("a", "b")])
  expect(mux.writeId3(1000, tag, out)).toBe(true)
  const packets = specPackets(bytesFrom(out, 0))
  const pmt = units(packets, 0x1001)[0].toString("hex")
  expect(pmt).toContain("250fffff49443320ff49443320001f0001")
  expect(pmt).toContain(bare("15e103f00f 260dffff49443320ff49443320000f"))
  const [pes] = units(packets, 0x103)
  expect(pes.toString("hex", 0, 9)).toBe("000001bd" + (tag.length + 8).toString(16).padStart(4, "0") + "848005")
  expect(pes.toString("hex", 14)).toBe(bare("4944330400000000000f 54585858000000050000 03 6100 6200"))
  expect(new TsMux().writeId3(0, tag, out)).toBe(false)
})
