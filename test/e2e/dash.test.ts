/** Live DASH over HTTP, read by FFmpeg's and GStreamer's players. */
import { expect, test } from "bun:test"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { type Server, withServer } from "../support/server.ts"
import { all, checkMpd, parseXml } from "../domain/dash/checkMpd.ts"

const options = { vhost: "dash { enabled on; dash_fragment 1; dash_update_period 1; dash_window_size 30; }" }

const get = async (server: Server, path = "live/a.mpd"): Promise<string> => {
  const response = await fetch(server.http(path))
  return response.status === 200 ? await response.text() : ""
}

/** The MPD, after each program's line asked for again until it is as wished; every one is checked. */
const mpdUntil = async (server: Server, publisher: Program, wished: (mpd: string) => boolean): Promise<string> => {
  let last: string | undefined
  for (let seen = -1; ;) {
    const text = await get(server)
    if (text !== "") {
      expect(checkMpd(text, last)).toEqual([])
      last = text
      if (wished(text)) return text
    }
    if (publisher.out.ended) throw new Error(`the publisher has left\n${text}`)
    await publisher.until("it went on", () => {
      const now = publisher.out.bytes().length
      if (now === seen) return undefined
      seen = now
      return true
    })
  }
}

const segmentsOf = (mpd: string): number => (mpd === "" ? 0 : all(parseXml(mpd.trim()), "S").length)

interface Stream {
  readonly codec_name: string
  readonly nb_read_frames: string
}

/** Decodes what the MPD lists by its own player. */
const decodeWithFfmpeg = async (url: string, seconds: number) => {
  await using probe = new Program([
    ...words(`ffprobe -v warning -count_frames -read_intervals %+${seconds} -of json -show_streams`),
    url
  ])
  await probe.succeeded()
  const { streams } = JSON.parse(probe.out.text()) as { streams: ReadonlyArray<Stream> }
  return {
    frames: Object.fromEntries(streams.map(({ codec_name, nb_read_frames }) => [codec_name, Number(nb_read_frames)])),
    complaints: probe.err.text()
  }
}

for (const [name, tracks, codecs] of [
  ["h264Aac", 2, ["h264", "aac"]],
  ["videoOnly", 1, ["h264"]],
  ["audioOnly", 1, ["aac"]]
] as const) {
  test(
    `FFmpeg decodes ${name} while it is published, without complaint`,
    withServer(options, async (server) => {
      const { path } = await clip(name)
      await using publisher = publish(path, server.rtmp(), { realTime: true, input: words("-stream_loop -1") })
      const mpd = await mpdUntil(server, publisher, (text) => segmentsOf(text) >= 2 * tracks)
      expect(all(parseXml(mpd.trim()), "UTCTiming").length).toBe(1)
      const { complaints, frames } = await decodeWithFfmpeg(server.http("live/a.mpd"), 1.5)
      expect(complaints).toBe("")
      expect(Object.keys(frames)).toEqual([...codecs])
      for (const codec of codecs) expect(frames[codec]).toBeGreaterThan(25)
    })
  )
}
