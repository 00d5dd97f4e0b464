/** No bytes make the demux throw, hang or keep more than its limits. Seeds are fixed. */
import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { crc32 } from "../../../src/domain/ts/crc32.ts"
import { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { maxPesLength } from "../../../src/domain/ts/PesBuffer.ts"
import { TsFrames } from "../../../src/domain/ts/TsFrames.ts"
import { fragmented, specBoxes } from "../mp4/written.ts"
import { fixtures, framesOf, muxed } from "./media.ts"
import { continuityErrors, specPackets } from "./specPackets.ts"
import { randomOf } from "../flv/bodies.ts"

const runs = 100_000

const clips = ["ffmpeg-h264-aac", "ffmpeg-hevc-opus", "ffmpeg-h264-mp3"].map(
  (name) => new Uint8Array(readFileSync(`${fixtures}/ts/${name}.mpegts`))
)

const isSound = ({ bytes, dataStart, end, start }: MediaFrame): boolean =>
  start >= 0 && start < dataStart && dataStart <= end && end <= bytes.length

type Random = (below: number) => number

/** Some packets of a clip, the tables first, with a few bytes changed anywhere. */
const mutated = (random: Random): Uint8Array => {
  const clip = clips[random(clips.length)]
  const tables = 3 * 188
  const from = tables + random((clip.length - tables) / 188 - 8) * 188
  const bytes = new Uint8Array(
    Buffer.concat([clip.subarray(0, tables), clip.subarray(from, from + 188 * (1 + random(8)))])
  )
  for (let change = random(8); change > 0; change--) {
    const packet = random(bytes.length / 188) * 188
    // Headers more often than the rest.
    bytes[packet + (random(3) === 0 ? random(188) : random(40))] = random(256)
  }
  // A table whose CRC is right again is read.
  if (random(2) === 0) {
    for (const at of [188, 376]) {
      const section = at + 5
      const end = section + 3 + (((bytes[section + 1] & 0x0f) << 8) | bytes[section + 2]) - 4
      if (end > at + 184 || end < section + 8) continue
      const crc = crc32(bytes, section, end)
      for (let i = 0; i < 4; i++) bytes[end + i] = crc >>> (24 - 8 * i)
    }
  }
  return bytes
}

test("changed streams, in random pieces", () => {
  const random = randomOf(0x7501)
  let frames = 0
  let faults = 0
  for (let run = 0; run < runs; run++) {
    const bytes = mutated(random)
    const demux = new TsFrames()
    const emit = (frame: MediaFrame) => {
      frames++
      if (!isSound(frame)) throw new Error(Buffer.from(bytes).toString("hex"))
    }
    const cut = random(bytes.length)
    demux.push(bytes.subarray(0, cut), emit)
    demux.push(bytes.subarray(cut), emit)
    demux.end(emit)
    const { badPackets, badPes, badSections, continuityErrors, skippedBytes } = demux.faults
    if (badPackets + badPes + badSections + continuityErrors + skippedBytes > 0) faults++
  }
  expect(frames).toBeGreaterThan(runs / 2)
  expect(faults).toBeGreaterThan(runs / 4)
})

/** A frame with a few bytes changed, its end cut off, or times anywhere. */
const changed = (frame: MediaFrame, random: Random): MediaFrame => {
  const bytes = frame.body.slice()
  const dataStart = frame.dataStart - frame.start
  for (let change = random(4); change > 0 && bytes.length > dataStart; change--) {
    bytes[dataStart + random(Math.min(40, bytes.length - dataStart))] = random(256)
  }
  const end = random(4) === 0 ? dataStart + random(bytes.length - dataStart + 1) : bytes.length
  const { codec, header, keyframe, kind } = frame
  const compositionOffset = random(10) === 0 ? random(1 << 24) - (1 << 23) : frame.compositionOffset
  const published = random(50) === 0 ? random(2 ** 32) : frame.published
  return new MediaFrame({
    kind,
    codec,
    header,
    keyframe,
    bytes,
    start: 0,
    end,
    dataStart,
    published,
    compositionOffset
  })
}

test("whatever frames come, transport streams keep the rules and fragments are whole boxes", () => {
  const random = randomOf(0x7503)
  const sources = ["h264-aac", "h264-mp3", "hevc-opus"].map((name) => framesOf(name))
  let packets = 0
  for (let run = 0; run < 400; run++) {
    const frames = sources[random(sources.length)].map((frame) => (random(4) === 0 ? changed(frame, random) : frame))
    const read = specPackets(muxed(frames, { audioPesMillis: random(2) * 100 }))
    expect(continuityErrors(read)).toBe(0)
    packets += read.length
    specBoxes(fragmented(frames))
  }
  expect(packets).toBeGreaterThan(10_000)
})

test("random bytes", () => {
  const random = randomOf(0x7502)
  const demux = new TsFrames()
  for (let run = 0; run < 2000; run++) {
    const bytes = Uint8Array.from({ length: random(400) }, () => (random(4) === 0 ? 0x47 : random(256)))
    demux.push(bytes, () => {})
  }
  expect(demux.faults.skippedBytes).toBeGreaterThan(0)
})

test("a PES packet that never ends is dropped at its limit", () => {
  const [clip] = clips
  const demux = new TsFrames()
  demux.push(clip.subarray(0, 4 * 188), () => {})
  const endless = new Uint8Array(188).fill(0x80)
  endless.set([0x47, 0x01, 0x00, 0x10])
  for (let i = 0; i <= maxPesLength / 184; i++) {
    endless[3] = 0x10 | (i & 15)
    demux.push(endless, () => {})
  }
  expect(demux.faults.badPes).toBe(1)
})
