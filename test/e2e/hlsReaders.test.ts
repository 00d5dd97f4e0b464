/** What GStreamer, mediabunny and mux.js find in HLS, with parts and without: every frame that was published. */
import { describe, expect, test } from "bun:test"
import { dirname, join } from "node:path"
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny"
import muxjs from "mux.js"
import { counted, hls, publishAll, publishAll8, whole } from "../support/hlsLists.ts"
import { clip, modernClip } from "../support/media.ts"
import { readLines } from "../support/playlistLines.ts"
import { Program, words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

/** Frames that GStreamer decodes, by one of its demuxers. */
const gstreamer = async (path: string, demuxer: "tsdemux" | "qtdemux", decoder: string): Promise<number> => {
  const end = `! hlsdemux ! ${demuxer} name=d d. ! ${decoder} ! fakesink silent=false sync=false`
  await using program = new Program(["gst-launch-1.0", "-v", "filesrc", `location=${path}`, ...words(end)])
  await program.succeeded()
  return program.out.text().match(/chain /g)?.length ?? 0
}

const mediabunny = async (path: string) => {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS })
  const found: Record<string, readonly [codec: string | null, packets: number]> = {}
  for (const track of [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()]) {
    if (track === null) continue
    let packets = 0
    for await (const packet of new EncodedPacketSink(track).packets()) if (packet.byteLength > 0) packets++
    found[track.type] = [await track.getCodec(), packets]
  }
  return found
}

/** Samples of each kind that mux.js makes of segments of MPEG-TS. */
const muxjsSamples = async (folder: string, uris: ReadonlyArray<string>): Promise<ReadonlyArray<number>> => {
  const transmuxer = new muxjs.mp4.Transmuxer({ keepOriginalTimestamps: true })
  const samples = new Map<number, number>()
  transmuxer.on("data", ({ data }) => {
    let track = 0
    for (const box of muxjs.mp4.tools.inspect(data)) {
      if (box.type !== "moof") continue
      for (const traf of box.boxes.filter(({ type }) => type === "traf")) {
        const count = traf.boxes.reduce((sum, { samples, type }) => sum + (type === "trun" ? samples.length : 0), 0)
        samples.set(track, (samples.get(track) ?? 0) + count)
        track++
      }
    }
  })
  for (const uri of uris) transmuxer.push(await Bun.file(join(folder, uri)).bytes())
  transmuxer.flush()
  return [...samples.values()].toSorted((a, b) => a - b)
}

describe("every frame is read by others than FFmpeg, of", () => {
  for (const [name, settings] of [
    ["MPEG-TS", ""],
    ["MPEG-TS in parts", "hls_low_latency on;"],
    ["fragmented MP4", "hls_use_fmp4 on;"],
    ["fragmented MP4 in parts", "hls_use_fmp4 on; hls_low_latency on;"]
  ] as const) {
    test(
      name,
      withServer({ vhost: hls(`hls_ctx off; ${settings}`) }, async (server) => {
        const source = await clip("h264Aac")
        const text = await publishAll(server, source, 4)
        const { audio, video } = counted(source)
        const path = await whole(server, text)
        const isTs = !settings.includes("fmp4")
        const demuxer = isTs ? "tsdemux" : "qtdemux"
        expect(await gstreamer(path, demuxer, "h264parse ! avdec_h264")).toBe(video)
        expect(await gstreamer(path, demuxer, "aacparse ! avdec_aac")).toBe(audio)
        expect(await mediabunny(path)).toEqual({ video: ["avc", video], audio: ["aac", audio] })
        if (!isTs) return
        const uris = readLines(text).entries.map(({ uri }) => uri)
        expect(await muxjsSamples(dirname(path), uris)).toEqual([video, audio])
      })
    )
  }

  for (const [name, file, settings, video, audio] of [
    ["HEVC in parts", "hevcAac.mp4", "", "hevc", "aac"],
    ["HEVC in parts of fragmented MP4", "hevcAac.mp4", "hls_use_fmp4 on;", "hevc", "aac"],
    ["AV1 and Opus in parts of fragmented MP4", "av1Opus.mkv", "hls_use_fmp4 on;", "av1", "opus"]
  ] as const) {
    test(
      name,
      withServer({ vhost: hls(`hls_ctx off; hls_low_latency on; ${settings}`) }, async (server) => {
        const text = await publishAll8(server, await modernClip(file), 3)
        const found = await mediabunny(await whole(server, text))
        expect(found.video).toEqual([video, 75])
        expect(found.audio![0]).toBe(audio)
        expect(found.audio![1]).toBeGreaterThan(100)
      })
    )
  }
})
