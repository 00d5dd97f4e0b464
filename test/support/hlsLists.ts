/** What is published whole, as HLS: the list of it, and what readers count in that. */
import { join } from "node:path"
import { publish, publish8 } from "./clients.ts"
import type { Clip } from "./media.ts"
import { checkPlaylists } from "./playlistChecks.ts"
import { Program, words } from "./program.ts"
import type { Server } from "./server.ts"

/** A vhost's section. */
export const hls = (more = "") => `hls { enabled on; hls_path ./hls; hls_fragment 1; hls_window 60; ${more} }`

/** Publishes the clip as fast as it goes, to its end, and waits until all of it is listed. */
export const publishAll = async (server: Server, source: Clip, segments: number): Promise<string> => {
  await using publisher = publish(source.path, server.rtmp())
  await publisher.succeeded()
  return listed(server, segments)
}

/** FFmpeg 8.1 publishes; Enhanced RTMP. */
export const publishAll8 = async (server: Server, file: string, segments: number): Promise<string> => {
  await using publisher = publish8(file, server.rtmp())
  await publisher.succeeded()
  return listed(server, segments)
}

export const listed = async (server: Server, segments: number, least = 0): Promise<string> => {
  for (let tries = 0; tries < 3000; tries++) {
    const text = await playlist(server)
    if (text.startsWith("#EXTM3U")) checkPlaylists([text])
    if ((text.match(/#EXTINF/g)?.length ?? 0) >= segments && seconds(text) >= least) return text
  }
  throw new Error(`no list of ${segments} segments`)
}

const seconds = (text: string): number =>
  [...text.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, value]) => sum + Number(value), 0)

/** The list of the viewer whose list the master is. */
const playlist = async (server: Server): Promise<string> => {
  const first = await fetch(server.http("live/a.m3u8"))
  const master = await first.text()
  const own = master.split("\n").find((line) => line.startsWith("/"))
  if (own === undefined) return master
  return (await fetch(server.http(own.slice(1)))).text()
}

/** Packets of each kind that ffprobe counts, and what it complains about. */
export const count = async (url: string) => {
  await using probe = new Program([
    ...words("ffprobe -v warning -allowed_extensions ALL -show_entries packet=codec_type -of csv=p=0"),
    url
  ])
  await probe.succeeded()
  const found = probe.out.text().split(/[\s,]+/)
  const of = (kind: string) => found.filter((word) => word === kind).length
  return { video: of("video"), audio: of("audio"), complaints: probe.err.text() }
}

export const counted = (source: Clip) => ({
  video: source.packets.filter(({ kind }) => kind === "video").length,
  audio: source.packets.filter(({ kind }) => kind === "audio").length,
  complaints: ""
})

export const withoutQuery = (text: string): string => text.replace(/\?[^"\n]*/g, "")

/** As a player that keeps all: the list with an end, so that readers stop there, and nothing comes next. */
export const whole = async (server: Server, text: string): Promise<string> => {
  const path = join(server.directory, "hls/live/whole.m3u8")
  await Bun.write(path, `${withoutQuery(text).replace(/^#EXT-X-PRELOAD-HINT.*\n/m, "")}#EXT-X-ENDLIST\n`)
  return path
}
