import { describe, expect, test } from "bun:test"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decode, decodeFile, publish } from "../support/clients.ts"
import { count, counted, hls, listed, publishAll, publishAll8, whole, withoutQuery } from "../support/hlsLists.ts"
import { clip, type ClipName, modernClip } from "../support/media.ts"
import { playlistBreaches, reloadBreaches } from "../support/playlistRules.ts"
import { words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

/** FFmpeg begins three segments from the end unless told. */
const fromStart = words("-live_start_index 0")

test(
  "FFmpeg plays what was published, picture by picture, and nothing is missing",
  withServer({ vhost: hls() }, async (server) => {
    const source = await clip("h264Aac")
    const text = await publishAll(server, source, 4)
    expect(playlistBreaches(text)).toEqual([])
    const { complaints, pictures } = await decode(server.http("live/a.m3u8"), 90, { input: fromStart })
    expect(complaints).toEqual([])
    expect(pictures).toEqual((await decodeFile(source.path)).pictures.slice(0, 90))
    expect(await count(await whole(server, text))).toEqual(counted(source))
    const files = readdirSync(join(server.directory, "hls/live"))
    expect(files.filter((file) => file.endsWith(".tmp"))).toEqual([])
    expect(readFileSync(join(server.directory, "hls/live/a.m3u8"), "utf8")).toBe(withoutQuery(text))
  })
)

describe("every frame arrives, readable, of", () => {
  const cases: ReadonlyArray<readonly [name: string, clip: ClipName, settings: string, segments: number]> = [
    ["pictures alone", "videoOnly", "", 3],
    ["sound alone", "audioOnly", "hls_aof_ratio 1;", 3],
    ["MP3", "h264Mp3", "", 3],
    ["fragmented MP4", "h264Aac", "hls_use_fmp4 on;", 4],
    ["sound alone in fragmented MP4", "audioOnly", "hls_use_fmp4 on; hls_aof_ratio 1;", 3],
    ["encrypted segments", "h264Aac", "hls_keys on; hls_fragments_per_key 2;", 4],
    ["encrypted fragmented MP4", "h264Aac", "hls_use_fmp4 on; hls_keys on;", 4],
    ["MP3 in fragmented MP4", "h264Mp3", "hls_use_fmp4 on;", 3],
    ["MPEG-TS in parts", "h264Aac", "hls_low_latency on;", 4],
    ["fragmented MP4 in parts", "h264Aac", "hls_use_fmp4 on; hls_low_latency on;", 4],
    ["MP3 in parts of fragmented MP4", "h264Mp3", "hls_use_fmp4 on; hls_low_latency on;", 3],
    ["sound alone in parts", "audioOnly", "hls_low_latency on; hls_aof_ratio 1;", 3],
    ["pictures alone in parts of fragmented MP4", "videoOnly", "hls_use_fmp4 on; hls_low_latency on;", 3],
    ["encrypted fragmented MP4 in parts", "h264Aac", "hls_use_fmp4 on; hls_keys on; hls_low_latency on;", 4]
  ]
  for (const [name, clipName, settings, segments] of cases) {
    test(
      name,
      withServer({ vhost: hls(`hls_ctx off; ${settings}`) }, async (server) => {
        const source = await clip(clipName)
        const text = await publishAll(server, source, segments)
        expect(playlistBreaches(text)).toEqual([])
        expect(await count(await whole(server, text))).toEqual(counted(source))
      })
    )
  }

  const modern = [
    ["HEVC", "hevcAac.mp4", "", /hevc/],
    ["HEVC in fragmented MP4", "hevcAac.mp4", "hls_use_fmp4 on;", /hevc/],
    ["AV1 and Opus in fragmented MP4", "av1Opus.mkv", "hls_use_fmp4 on;", /av1/],
    ["HEVC in parts", "hevcAac.mp4", "hls_low_latency on;", /hevc/],
    ["HEVC in parts of fragmented MP4", "hevcAac.mp4", "hls_use_fmp4 on; hls_low_latency on;", /hevc/],
    ["AV1 and Opus in parts of fragmented MP4", "av1Opus.mkv", "hls_use_fmp4 on; hls_low_latency on;", /av1/]
  ] as const
  for (const [name, file, settings] of modern) {
    test(
      name,
      withServer({ vhost: hls(`hls_ctx off; ${settings}`) }, async (server) => {
        const source = await modernClip(file)
        const text = await publishAll8(server, source, 3)
        expect(playlistBreaches(text)).toEqual([])
        const { complaints, video, audio } = await count(await whole(server, text))
        expect(complaints).toBe("")
        expect(video).toBe(75)
        expect(audio).toBeGreaterThan(100)
      })
    )
  }
})

test(
  "FFmpeg plays along while it is published",
  withServer({ vhost: hls() }, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = publish(source.path, server.rtmp(), { realTime: true, input: words("-stream_loop -1") })
    await publisher.sees(/frame=[3-9]\d\n/)
    await listed(server, 1)
    const { complaints, pictures } = await decode(server.http("live/a.m3u8"), 60)
    expect(complaints).toEqual([])
    const all = (await decodeFile(source.path)).pictures
    const at = all.indexOf(pictures[0]!)
    expect(at % 25).toBe(0)
    expect(pictures).toEqual([...all, ...all].slice(at, at + pictures.length))
  })
)

test(
  "nothing is missing of a publisher that comes back, and nothing is complained about",
  withServer({ vhost: hls("hls_ctx off;") }, async (server) => {
    const source = await clip("h264Aac")
    await publishAll(server, source, 4)
    await publishAll(server, source, 4)
    // The times of the second follow those of the first.
    const text = await listed(server, 7, 8)
    expect(text.match(/^#EXT-X-DISCONTINUITY$/gm)).toHaveLength(1)
    const { audio, video } = counted(source)
    expect(await count(await whole(server, text))).toEqual({ audio: 2 * audio, video: 2 * video, complaints: "" })
  })
)

test("after a restart of the server the numbers go on, behind a discontinuity", async () => {
  const root = mkdtempSync(join(tmpdir(), "sluice-hls-"))
  const texts: Array<string> = []
  const source = await clip("h264Aac")
  const run = (segments: number) =>
    withServer({ vhost: `hls { enabled on; hls_path ${root}; hls_fragment 1; hls_ctx off; }` }, async (server) => {
      texts.push(await publishAll(server, source, segments))
    })()
  await run(4)
  await run(8)
  rmSync(root, { recursive: true })
  expect(reloadBreaches(texts)).toEqual([])
  expect(texts[1]!.split("\n").filter((line) => !line.startsWith("#EXTINF"))).toEqual([
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-TARGETDURATION:1",
    "a-0.ts",
    "a-1.ts",
    "a-2.ts",
    "a-3.ts",
    "#EXT-X-DISCONTINUITY",
    "a-4.ts",
    "a-5.ts",
    "a-6.ts",
    "a-7.ts",
    ""
  ])
})
