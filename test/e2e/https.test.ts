/** Everything that is served over HTTP on its one port is served over HTTPS on one other, to FFmpeg. */
import { expect, test } from "bun:test"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program, words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

const vhost = "hls { enabled on; hls_fragment 1; hls_window 8; } dash { enabled on; dash_fragment 1; dash_chunk 0.2; }"

/** Codecs of what FFmpeg decodes: of 2.5 s, in which a player of DASH may begin with sound a segment after the pictures. */
const codecsAt = async (url: string): Promise<ReadonlyArray<string>> => {
  await using probe = new Program([
    ...words("ffprobe -v error -tls_verify 0 -count_frames -read_intervals %+2.5 -of csv=p=0"),
    ...words("-show_entries stream=codec_name,nb_read_frames"),
    url
  ])
  await probe.succeeded()
  expect([url, probe.err.text()]).toEqual([url, ""])
  const streams = new Set(probe.out.text().trim().split("\n"))
  return [...streams].flatMap((line) => line.match(/^(\w+),\d\d/)?.[1] ?? []).toSorted()
}

const paths: ReadonlyArray<readonly [path: string, codecs: ReadonlyArray<string>]> = [
  ["live/a.flv", ["aac", "h264"]],
  ["live/a.ts", ["aac", "h264"]],
  ["live/a.mp4", ["aac", "h264"]],
  ["live/a.aac", ["aac"]],
  ["live/m.mp3", ["mp3"]],
  ["live/a.m3u8", ["aac", "h264"]],
  ["live/a.mpd", ["aac", "h264"]],
  ["film.mp4", ["aac", "h264"]],
  ["film.mp4/index.m3u8", ["aac", "h264"]]
]

test("FFmpeg plays every live format, files, and files as HLS, over HTTP and HTTPS", () =>
  withCertificate(async (files) => {
    const [https] = (await freePorts(1)) as [number]
    const env = { ...httpsEnvironment(https, files), SRS_VHOST_HTTP_REMUX_FORMATS: "ts mp4 aac mp3" }
    await withServer({ vhost, env, ports: [https] }, async (server) => {
      const html = join(server.directory, "objs/nginx/html")
      mkdirSync(html, { recursive: true })
      const [picture, sound] = [await clip("h264Aac"), await clip("h264Mp3")]
      await using remux = new Program([
        ...words("ffmpeg -v error -i"),
        picture.path,
        "-c",
        "copy",
        join(html, "film.mp4")
      ])
      await remux.succeeded()
      const forever = { realTime: true, input: words("-stream_loop -1"), seconds: 90 }
      await using publisher = publish(picture.path, server.rtmp(), forever)
      await using second = publish(sound.path, server.rtmp("live/m"), forever)
      // By then there are segments.
      await publisher.sees(/frame= *\d\d\d/)
      for (const [path, codecs] of paths) {
        for (const url of [server.http(path), `https://127.0.0.1:${https}/${path}`]) {
          expect([url, await codecsAt(url)]).toEqual([url, codecs])
        }
      }
      expect([publisher.out.ended, second.out.ended]).toEqual([false, false])
    })()
  }))
