/** Small clips, the same on every run, made once by FFmpeg, as FLV files with H.264, AAC and MP3. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FlvReader, type Packet, type Tag } from "./flvReader.ts"
import { Program, words } from "./program.ts"

export interface Clip {
  readonly path: string
  readonly packets: ReadonlyArray<Packet>
  readonly tags: ReadonlyArray<Tag>
}

const directory = mkdtempSync(join(tmpdir(), "sluice-media-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const picture = (seconds: number, rate = 25) =>
  words(`-f lavfi -i testsrc2=size=160x120:rate=${rate}:duration=${seconds}`)
const sound = (seconds: number, rate = 44100) =>
  words(`-f lavfi -i sine=frequency=440:sample_rate=${rate}:duration=${seconds}`)
/** A keyframe each second, two B-frames between references. */
const h264 = words("-c:v libx264 -preset veryfast -threads 1 -bf 2 -g 25 -sc_threshold 0 -pix_fmt yuv420p")
const aac = words("-c:a aac -b:a 64k -ac 2")

const recipes = {
  /** 4 s, 100 video and about 174 audio frames. */
  h264Aac: [...picture(4), ...sound(4), ...h264, ...aac],
  /** Without B-frames, so that sound begins before pictures. */
  soundFirst: [...picture(4), ...sound(4), ...h264, ...words("-bf 0"), ...aac],
  videoOnly: [...picture(3), ...h264],
  audioOnly: [...sound(3), ...aac],
  h264Mp3: [...picture(3), ...sound(3), ...h264, ...words("-c:a libmp3lame -b:a 64k")],
  /** 60 s at 1 frame a second, each a keyframe, with little audio: to be looped for hours. */
  slow: [
    ...picture(60, 1),
    ...sound(60, 8000),
    ...words("-c:v libx264 -preset veryfast -threads 1 -bf 0 -g 1 -pix_fmt yuv420p -c:a aac -b:a 16k -ac 1")
  ]
} satisfies Record<string, ReadonlyArray<string>>

/** For Enhanced RTMP: MP4 where frames are reordered, because it stores the decoding times; Opus as Matroska has it. */
const modernRecipes = {
  "hevcAac.mp4": [
    ...picture(3),
    ...sound(3),
    ...words("-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25"),
    ...aac
  ],
  "av1Opus.mkv": [...picture(3), ...sound(3, 48000), ...words("-c:v libsvtav1 -preset 12 -g 25 -c:a libopus -b:a 64k")]
} satisfies Record<string, ReadonlyArray<string>>
export type ClipName = keyof typeof recipes

const clips = new Map<ClipName, Promise<Clip>>()

const make = async (name: string, recipe: ReadonlyArray<string>): Promise<string> => {
  const path = join(directory, name)
  await using ffmpeg = new Program(["ffmpeg", "-v", "error", "-y", ...recipe, "-bitexact", path], { seconds: 60 })
  await ffmpeg.succeeded()
  return path
}

export const clip = (name: ClipName): Promise<Clip> => {
  const made = clips.get(name) ?? make(`${name}.flv`, recipes[name]).then((path) => ({ path, ...readFlv(path) }))
  clips.set(name, made)
  return made
}

/** The path of the file. */
export const modernClip = (name: keyof typeof modernRecipes): Promise<string> => make(name, modernRecipes[name])

export const readFlv = (path: string): Pick<FlvReader, "packets" | "tags"> => {
  const reader = new FlvReader()
  reader.push(readFileSync(path))
  return reader
}

/** One line a packet, times relative to the first packet of all: equal at both ends of a relay that loses nothing. */
export const trace = (packets: ReadonlyArray<Packet>, kind: Packet["kind"], base = firstTime(packets)): Array<string> =>
  packets
    .filter((packet) => packet.kind === kind)
    .map(({ dts, pts, size, crc }) => `${dts - base} ${pts - base} ${size} ${crc.toString(16)}`)

export const firstTime = (packets: ReadonlyArray<Packet>): number =>
  packets.reduce((least, { dts }) => Math.min(least, dts), Infinity)
