/** Frames of the FLV fixtures, whole transport streams of them, and what FFmpeg says about bytes. */
import { readFileSync } from "node:fs"
import { FlvReader } from "../../../src/domain/flv/FlvReader.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"
import { isCoded } from "../../../src/domain/mp4/coded.ts"
import { TsMux, type TsMuxOptions } from "../../../src/domain/ts/TsMux.ts"

export const fixtures = `${import.meta.dirname}/../../fixtures`

/** Sound and pictures of test/fixtures/flv/NAME.flv, each time `delay` milliseconds later. */
export const framesOf = (name: string, delay = 0): ReadonlyArray<MediaFrame> => {
  const frames: Array<MediaFrame> = []
  const bodies = new TagBodyReader()
  new FlvReader().push(new Uint8Array(readFileSync(`${fixtures}/flv/${name}.flv`)), (type, time, bytes, start, end) => {
    if (type !== Kind.Audio && type !== Kind.Video) return
    bodies.read(type, time + delay, bytes, start, end, (frame) => frames.push(frame))
  })
  return frames
}

/** Everything from `start` on. Bytes are collected slab by slab. */
export const bytesFrom = (out: SlabWriter, start: number): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let at = start; at < out.end;) {
    const slab = out.slabAt(at)
    parts.push(slab.bytes.subarray(at - slab.position, slab.used))
    at = slab.position + slab.used
  }
  return new Uint8Array(Buffer.concat(parts))
}

export const muxed = (frames: ReadonlyArray<MediaFrame>, options: TsMuxOptions = {}): Uint8Array => {
  const mux = new TsMux(options)
  const out = new SlabWriter()
  for (const frame of frames) mux.write(frame, out)
  mux.flush(out)
  return bytesFrom(out, 0)
}

export interface Packet {
  readonly codec_type: "audio" | "video" | "data"
  readonly pts: number
  readonly dts: number
  /** Seconds. */
  readonly pts_time: string
  readonly size: string
  readonly flags: string
}

export interface Probe {
  readonly codecs: ReadonlyArray<string>
  readonly packets: ReadonlyArray<Packet>
  /** What it complained about. */
  readonly log: string
}

const run = (command: ReadonlyArray<string>, input: Uint8Array) => {
  const { exitCode, stderr, stdout } = Bun.spawnSync([...command], { stdin: input, stdout: "pipe", stderr: "pipe" })
  return { exitCode, out: stdout.toString(), log: stderr.toString() }
}

/** ffprobe on bytes from a pipe. `-correct_ts_overflow 0` leaves the times of a transport stream as they are. */
export const probe = (bytes: Uint8Array, format: "mpegts" | "mp4", ...options: ReadonlyArray<string>): Probe => {
  const { log, out } = run(
    [..."ffprobe -v warning -of json -show_streams -show_packets -f".split(" "), format, ...options, "pipe:0"],
    bytes
  )
  const { packets, streams } = JSON.parse(out) as { streams: Array<{ codec_name: string }>; packets: Array<Packet> }
  return { codecs: streams.map((stream) => stream.codec_name).sort(), packets, log }
}

/** Decoded frames by kind, and what FFmpeg complained about. */
export const decode = (bytes: Uint8Array, format: "mpegts" | "mp4") => {
  const args = `ffmpeg -v warning -xerror -f ${format} -i pipe:0 -map 0 -fps_mode passthrough -f framecrc -`
  const { exitCode, log, out } = run(args.split(" "), bytes)
  const kinds = new Map(Array.from(out.matchAll(/^#media_type (\d+): (\w+)$/gm), ([, id, kind]) => [id, kind]))
  const count = (kind: string) =>
    Array.from(out.matchAll(/^(\d+),/gm)).filter(([, id]) => kinds.get(id) === kind).length
  return { exitCode, log, audio: count("audio"), video: count("video") }
}

export type Times = ReadonlyArray<readonly [dts: number, pts: number, key: boolean]>

/** Times of the coded frames of one kind, in ticks of 90 kHz; sound is all key frames. */
export const ticksOf = (frames: ReadonlyArray<MediaFrame>, kind: Kind): Times =>
  frames
    .filter((frame) => frame.kind === kind && isCoded(frame))
    .map(({ compositionOffset, keyframe, timestamp }) => [
      timestamp * 90,
      (timestamp + compositionOffset) * 90,
      keyframe || kind === Kind.Audio
    ])

export const timesOf = ({ packets }: Probe, kind: Kind): Times =>
  packets
    .filter((packet) => packet.codec_type === (kind === Kind.Audio ? "audio" : "video"))
    .map(({ dts, flags, pts }) => [dts, pts, flags.includes("K")])
