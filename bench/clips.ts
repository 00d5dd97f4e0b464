/** The clips that are published: made once by FFmpeg, kept in `objs/bench`. */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, renameSync } from "node:fs"
import { join } from "node:path"

import { cacheDirectory } from "./load/compile.ts"

export type ClipName = "1000k" | "190k"

interface Encoding {
  readonly size: string
  readonly videoKilobits: number
  readonly audioKilobits: number
}

const clipSeconds = 20
const framesPerSecond = 25
const gopSeconds = 2

const encodings: Readonly<Record<ClipName, Encoding>> = {
  "1000k": { size: "1280x720", videoKilobits: 890, audioKilobits: 96 },
  "190k": { size: "320x180", videoKilobits: 145, audioKilobits: 32 }
}

export interface Clip {
  readonly file: string
  /** Of the messages' bodies: what every protocol carries at least. */
  readonly bytesPerSecond: number
}

/** H.264 and AAC at a constant rate, without B frames, a keyframe every two seconds. */
const ffmpegArguments = ({ audioKilobits, size, videoKilobits }: Encoding, file: string): ReadonlyArray<string> => [
  ..."-v error -y -f lavfi -i".split(" "),
  `testsrc2=s=${size}:r=${framesPerSecond}`,
  ..."-f lavfi -i sine=440:r=44100 -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p".split(" "),
  ...`-g ${framesPerSecond * gopSeconds} -sc_threshold 0 -t ${clipSeconds}`.split(" "),
  ...`-b:v ${videoKilobits}k -minrate ${videoKilobits}k -maxrate ${videoKilobits}k -bufsize ${videoKilobits / 2}k`.split(
    " "
  ),
  ...`-x264-params nal-hrd=cbr -c:a aac -b:a ${audioKilobits}k -ac 2 -f flv`.split(" "),
  file
]

const fileHeaderLength = 9 + 4
const tagHeadLength = 11
const previousTagSizeLength = 4

/** The sum of an FLV file's tag bodies (FLV 10.1 annex E.4.1: the size is in bytes 1 to 3 of the tag). */
export const bodyBytes = (flv: Buffer): number => {
  let sum = 0
  for (let at = fileHeaderLength; at + tagHeadLength <= flv.length;) {
    const length = flv.readUIntBE(at + 1, 3)
    sum += length
    at += tagHeadLength + length + previousTagSizeLength
  }
  return sum
}

export const clip = (name: ClipName): Clip => {
  const file = join(cacheDirectory(), `clip-${name}.flv`)
  if (!existsSync(file)) {
    const unfinished = `${file}.${process.pid}`
    const { error, status, stderr } = spawnSync("ffmpeg", ffmpegArguments(encodings[name], unfinished), {
      encoding: "utf8"
    })
    if (error !== undefined) throw new Error("FFmpeg is needed to make the clips (Debian: apt install ffmpeg)")
    if (status !== 0) throw new Error(`ffmpeg failed:\n${stderr}`)
    renameSync(unfinished, file)
  }
  return { file, bytesPerSecond: bodyBytes(readFileSync(file)) / clipSeconds }
}
