/**
 * How fast MPEG-TS and fragmented MP4 are written: a real 1 Mbps clip, again and again, against FFmpeg `-c copy` of the
 * same bytes to the same format in the same run. Both read FLV and count the CPU time of their process, user and system;
 * FFmpeg's start is taken off, by a run on one clip.
 *
 *     bun bench/micro/mux.ts
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { FlvReader } from "../../src/domain/flv/FlvReader.ts"
import { TagBodyReader } from "../../src/domain/flv/TagBody.ts"
import { Kind, type MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../src/domain/media/SlabWriter.ts"
import { fmp4Formats } from "../../src/domain/mp4/Fmp4Format.ts"
import { TsMux } from "../../src/domain/ts/TsMux.ts"
import { clip } from "../clips.ts"

const clipMillis = 20_000
const clips = 100
const runs = 5

const flv = new Uint8Array(readFileSync(clip("1000k").file))
/** File header and previous tag size. */
const flvBodyStart = 13

/** The clip's tags with their times moved: what follows the first clip in a longer file. */
const later = (millis: number): Uint8Array => {
  const tags = flv.slice(flvBodyStart)
  for (let at = 0; at + 11 <= tags.length;) {
    const time = ((tags[at + 7] << 24) | (tags[at + 4] << 16) | (tags[at + 5] << 8) | tags[at + 6]) + millis
    tags[at + 4] = time >>> 16
    tags[at + 5] = time >>> 8
    tags[at + 6] = time
    tags[at + 7] = time >>> 24
    at += 11 + ((tags[at + 1] << 16) | (tags[at + 2] << 8) | tags[at + 3]) + 4
  }
  return tags
}

/** An FLV file of so many clips. */
const repeated = (count: number): Uint8Array =>
  new Uint8Array(
    Buffer.concat([flv.subarray(0, flvBodyStart), ...Array.from({ length: count }, (_, i) => later(i * clipMillis))])
  )

type Write = (frame: MediaFrame, out: SlabWriter) => void

interface Format {
  readonly name: string
  readonly writer: () => Write
  readonly ffmpeg: string
}

const formats: ReadonlyArray<Format> = [
  {
    name: "MPEG-TS",
    writer: () => {
      const mux = new TsMux()
      return (frame, out) => void mux.write(frame, out)
    },
    ffmpeg: "-f mpegts"
  },
  {
    name: "MPEG-TS, sound by 240 ms",
    writer: () => {
      const mux = new TsMux({ audioPesMillis: 240 })
      return (frame, out) => void mux.write(frame, out)
    },
    ffmpeg: "-f mpegts"
  },
  {
    name: "fMP4, by frame",
    writer: () => {
      const encoder = fmp4Formats()({ published: false, hasAudio: true, hasVideo: true }).encoder()
      return (frame, out) => void encoder.encode(frame, out)
    },
    ffmpeg: "-f mp4 -movflags frag_every_frame+empty_moov+default_base_moof"
  }
]

interface Result {
  readonly frames: number
  readonly bytes: number
  readonly cpuSeconds: number
}

const cpuSeconds = (before: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1e6
}

/** From the bytes of an FLV file, in reads of 64 KB, to the bytes of the format. */
const ours = (file: Uint8Array, write: Write): Result => {
  const out = new SlabWriter()
  const bodies = new TagBodyReader()
  const reader = new FlvReader()
  let frames = 0
  const before = process.cpuUsage()
  const onFrame = (frame: MediaFrame) => {
    frames++
    write(frame, out)
    out.dropUntil(out.end)
  }
  for (let at = 0; at < file.length; at += 65_536) {
    reader.push(file.subarray(at, at + 65_536), (type, timestamp, bytes, start, end) => {
      if (type === Kind.Audio || type === Kind.Video) bodies.read(type, timestamp, bytes, start, end, onFrame)
    })
  }
  return { frames, bytes: out.end, cpuSeconds: cpuSeconds(before) }
}

const ffmpeg = (file: string, options: string): number => {
  const command = `-v error -y -i ${file} -c copy ${options} /dev/null`.split(" ")
  const { resourceUsage, stderr, success } = Bun.spawnSync(["ffmpeg", ...command], { stdout: "ignore", stderr: "pipe" })
  if (!success) throw new Error(stderr.toString())
  return Number(resourceUsage.cpuTime.total) / 1e6
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

const directory = mkdtempSync(join(tmpdir(), "sluice-mux-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
const [short, long] = [join(directory, "short.flv"), join(directory, "long.flv")]
const file = repeated(clips)
writeFileSync(short, repeated(1))
writeFileSync(long, file)

const { stdout } = spawnSync("ffmpeg", ["-version"], { encoding: "utf8" })
console.log(`${clips} times a clip of 1 Mbps, ${(file.length / 1e6).toFixed(0)} MB of FLV; ${stdout.split("\n")[0]}`)
for (const { ffmpeg: options, name, writer } of formats) {
  const all = Array.from({ length: runs }, () => ours(file, writer()))
  const theirs = Array.from({ length: runs }, () => ffmpeg(long, options) - ffmpeg(short, options))
  const seconds = median(all.map((result) => result.cpuSeconds))
  const other = median(theirs)
  const [{ bytes, frames }] = all
  console.log(
    name.padEnd(26),
    `${((frames / seconds) * 1e-6).toFixed(2)} M frames/s`.padStart(16),
    `${((bytes / seconds) * 1e-6).toFixed(0)} MB/s`.padStart(11),
    `${(seconds * 1000).toFixed(0)} ms CPU`.padStart(12),
    `FFmpeg ${(other * 1000).toFixed(0)} ms`.padStart(16),
    `${(other / seconds).toFixed(2)} × as fast`.padStart(18)
  )
}
