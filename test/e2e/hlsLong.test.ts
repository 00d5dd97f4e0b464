/** HLS across what 33 bits of 90 kHz hold: the times of a stream from 26 h 10 min to 27 h, the wrap at 26 h 30 min 44 s. */
import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { count, listed, whole } from "../support/hlsLists.ts"
import { clip } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { type Server, withServer } from "../support/server.ts"

/** The clip lasts a minute, its last audio frame a little longer. */
const roundMillis = 61_000
/** FFmpeg takes a wrap for one if it begins in the last eighth of the 33 bits. */
const first = Math.floor((26 * 3600 + 600) / 61)
const end = Math.ceil((27 * 3600) / 61)
const rounds = end - first

/** Segments wait in a queue of 16. */
const roundsAtOnce = 8

const isThere = async (server: Server, segment: string): Promise<void> => {
  for (let tries = 0; tries < 1000; tries++) {
    if ((await fetch(server.http(`live/${segment}`), { method: "HEAD" })).status === 200) return
  }
  throw new Error(`no ${segment}`)
}

/** FFmpeg decodes all of it; what it says. */
const decodeAll = async (path: string): Promise<string> => {
  await using program = new Program([
    ...words("ffmpeg -hide_banner -nostdin -v warning -allowed_extensions ALL -i"),
    path,
    ...words("-map 0:v -map 0:a -fps_mode passthrough -f null -")
  ])
  await program.succeeded()
  return program.err.text()
}

/** The first time in a segment, as it is written in it. */
const startSeconds = async (path: string): Promise<number> => {
  await using probe = new Program([...words("ffprobe -v error -show_entries format=start_time -of csv=p=0"), path])
  await probe.succeeded()
  return Number(probe.out.text())
}

/** What waits for the segmenter is measured in stream time, of which many minutes come with one read of the socket here. */
const vhost = (more: string): string =>
  `play { queue_length 3600; time_jitter off; }
  hls { enabled on; hls_path ./hls; hls_fragment 60; hls_td_ratio 1; hls_window 20000; hls_ctx off; ${more} }`

describe("every frame of a stream in its 27th hour, without a complaint, in", () => {
  const cases = [
    ["MPEG-TS", "", "ts", true],
    ["fragmented MP4", "hls_use_fmp4 on;", "m4s", false]
  ] as const
  for (const [name, settings, extension, wraps] of cases) {
    test(
      name,
      withServer({ vhost: vhost(settings) }, async (server) => {
        const source = await clip("slow")
        const headers = source.tags.filter(({ body, type }) => type === 18 || body[1] === 0)
        const frames = source.tags.filter(({ body, type }) => type !== 18 && body[1] === 1 && body.length > 2)
        {
          await using publisher = await RtmpPublisher.start(server.rtmp())
          publisher.send(headers, first * roundMillis)
          for (let round = 0; round < rounds; round++) {
            publisher.send(frames, (first + round) * roundMillis)
            if (round % roundsAtOnce === roundsAtOnce - 1) await isThere(server, `a-${round - 1}.${extension}`)
          }
        }
        const text = await listed(server, rounds)
        expect(text).not.toContain("DISCONTINUITY")
        const path = await whole(server, text)
        const video = frames.filter(({ type }) => type === 9).length
        const expected = { video: rounds * video, audio: rounds * (frames.length - video), complaints: "" }
        expect(await count(path)).toEqual(expected)
        expect(await decodeAll(path)).toBe("")
        if (wraps) {
          const folder = join(server.directory, "hls/live")
          expect(await startSeconds(join(folder, "a-0.ts"))).toBeGreaterThan(26 * 3600)
          expect(await startSeconds(join(folder, `a-${rounds - 1}.ts`))).toBeLessThan(3600)
        }
      }),
      60_000
    )
  }
})
