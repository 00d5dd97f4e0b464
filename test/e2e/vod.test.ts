/**
 * Files below the server's directory as HLS on the fly, played by FFmpeg and by hls.js in Chromium. Seeking is hls.js's:
 * FFmpeg 5.1 finds no picture after a jump in any HLS of fragmented MP4, that of its own muxer either.
 */
import { expect, test } from "bun:test"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { PlayerPage } from "../support/browser.ts"
import { decode, decodeFile, publish } from "../support/clients.ts"
import { clip, modernClip } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { playlistBreaches } from "../support/playlistRules.ts"
import { type Server, withServer } from "../support/server.ts"

const global = "vhost vod.example { http_static { enabled on; mount vod.example/films; dir ./objs/nginx/html; } }"
const options = { env: { SRS_HTTP_SERVER_VOD_FRAGMENT: "1" }, global }

const htmlOf = (server: Server): string => {
  const html = join(server.directory, "objs/nginx/html")
  mkdirSync(html, { recursive: true })
  return html
}

const remux = async (from: string, to: string, input: ReadonlyArray<string> = []) => {
  await using program = new Program([...words("ffmpeg -v error -y"), ...input, "-i", from, "-c", "copy", to])
  await program.succeeded()
}

const checksums = (lines: ReadonlyArray<string>) => lines.map((line) => line.split(",").at(-1))

test(
  "FFmpeg decodes every picture of FLV, MP4 and TS files",
  withServer(options, async (server) => {
    const html = htmlOf(server)
    const { path } = await clip("h264Aac")
    const original = await decodeFile(path)
    for (const extension of ["flv", "mp4", "ts"]) {
      await remux(path, join(html, `a.${extension}`))
      const url = server.http(`a.${extension}/index.m3u8`)
      expect(playlistBreaches(await (await fetch(url)).text())).toEqual([])
      const played = await decode(url, original.pictures.length)
      expect(played.complaints).toEqual([])
      expect(checksums(played.pictures)).toEqual(checksums(original.pictures))
    }
    const elsewhere = await fetch(server.http("films/a.mp4/index.m3u8"), { headers: { Host: "vod.example" } })
    expect(elsewhere.status).toBe(200)
  })
)

test(
  "FFmpeg plays HEVC and AV1 files",
  withServer(options, async (server) => {
    const html = htmlOf(server)
    await remux(await modernClip("hevcAac.mp4"), join(html, "hevc.mp4"))
    await remux(await modernClip("hevcAac.mp4"), join(html, "hevc.ts"))
    await remux(await modernClip("av1Opus.mkv"), join(html, "av1.mp4"))
    for (const file of ["hevc.mp4", "hevc.ts", "av1.mp4"]) {
      await using probe = new Program([
        ...words("ffprobe -v warning -count_frames -select_streams v -of csv=p=0 -show_entries stream=nb_read_frames"),
        server.http(`${file}/index.m3u8`)
      ])
      await probe.succeeded()
      expect([file, probe.out.text().trim().split("\n")[0], probe.err.text()]).toEqual([file, "75", ""])
    }
  })
)

/** Runs in the page: plays a second from the beginning, then one after a jump. */
const watch = (
  url: string
): Promise<{ readonly duration: number; readonly width: number; readonly times: Array<number> }> => {
  interface Video {
    currentTime: number
    readonly duration: number
    readonly videoWidth: number
    readonly play: () => Promise<void>
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  interface Player {
    readonly loadSource: (url: string) => void
    readonly attachMedia: (video: Video) => void
    readonly destroy: () => void
    readonly on: (
      event: string,
      listener: (event: string, data: { readonly fatal: boolean; readonly details: string }) => void
    ) => void
  }
  const { Hls, document } = globalThis as unknown as {
    readonly document: { readonly querySelector: (selector: string) => Video }
    readonly Hls: new () => Player
  }
  const video = document.querySelector("video")
  const hls = new Hls()
  return new Promise((resolve, reject) => {
    hls.on("hlsError", (_event, { details, fatal }) => {
      if (fatal) reject(new Error(details))
    })
    hls.loadSource(url)
    hls.attachMedia(video)
    const times: Array<number> = []
    let begun = -1
    video.addEventListener("timeupdate", () => {
      if (begun < 0) begun = video.currentTime
      if (video.currentTime - begun < 0.8) return
      times.push(video.currentTime)
      if (times.length === 1) {
        begun = -1
        video.currentTime = 2.5
        return
      }
      const { duration, videoWidth: width } = video
      hls.destroy()
      resolve({ duration, width, times })
    })
    void video.play()
  })
}

test(
  "hls.js in Chromium plays FLV, MP4 and TS files, and seeks in them",
  withServer(options, async (server) => {
    const html = htmlOf(server)
    const { path } = await clip("h264Aac")
    await using browser = await PlayerPage.open()
    for (const extension of ["flv", "mp4", "ts"]) {
      await remux(path, join(html, `a.${extension}`))
      const { duration, times, width } = await browser.page.evaluate(watch, server.http(`a.${extension}/index.m3u8`))
      expect([extension, width]).toEqual([extension, 160])
      expect(Math.abs(duration - 4)).toBeLessThan(0.2)
      expect(times[0]).toBeGreaterThan(0.7)
      expect(times[1]).toBeGreaterThan(3.2)
    }
  })
)

/** Runs in the page: plays a file by the browser's own means, jumps near its end, and plays on. */
const watchFile = (url: string): Promise<number> => {
  interface Video {
    src: string
    currentTime: number
    readonly error: { readonly message: string } | null
    readonly play: () => Promise<void>
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  const { document } = globalThis as unknown as { readonly document: { querySelector: (selector: string) => Video } }
  const video = document.querySelector("video")
  video.src = url
  return new Promise((resolve, reject) => {
    let jumped = false
    video.addEventListener("error", () => reject(new Error(video.error?.message)))
    video.addEventListener("timeupdate", () => {
      if (video.currentTime > 0.3 && !jumped) {
        jumped = true
        video.currentTime = 50
      } else if (video.currentTime > 50.5) resolve(video.currentTime)
    })
    void video.play()
  })
}

test(
  "Chromium plays an MP4 file and jumps to its end without fetching what is between",
  withServer(options, async (server) => {
    const html = htmlOf(server)
    await using noise = new Program([
      ...words("ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=25:duration=60,noise=alls=30"),
      ...words("-c:v libx264 -preset ultrafast -g 50 -crf 20 -movflags +faststart"),
      join(html, "film.mp4")
    ])
    await noise.succeeded()
    const { size } = Bun.file(join(html, "film.mp4"))
    await using browser = await PlayerPage.open()
    const asked: Array<string> = []
    browser.page.on("request", (request) => {
      if (request.url().endsWith("film.mp4")) asked.push(request.headers()["range"] ?? "")
    })
    expect(await browser.page.evaluate(watchFile, server.http("film.mp4"))).toBeGreaterThan(50)
    const starts = asked.map((range) => Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0))
    expect(Math.max(...starts)).toBeGreaterThan(size / 2)
  })
)

/** Longest silence, milliseconds, of a live stream until `work` is done. */
const silence = async (url: string, work: Promise<unknown>): Promise<number> => {
  const control = new AbortController()
  const { body } = await fetch(url, { signal: control.signal })
  const reader = body!.getReader()
  void work.finally(() => control.abort())
  let last = performance.now()
  let longest = 0
  const next = () =>
    reader.read().then(
      ({ done }) => !done,
      () => false
    )
  while (await next()) {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return longest
}

test(
  "a live stream goes on while files of hundreds of megabytes are looked through",
  withServer({ ...options, seconds: 180 }, async (server) => {
    const html = htmlOf(server)
    const { path } = await clip("h264Aac")
    // 300 MB each, of one clip again and again.
    for (const extension of ["flv", "ts", "mp4"])
      await remux(path, join(html, `long.${extension}`), words("-stream_loop 2000"))
    await using publisher = publish(path, server.rtmp(), { realTime: true, input: words("-stream_loop -1") })
    await publisher.sees(/frame= *\d\d/)
    const ask = async (extension: string) => {
      const list = await (await fetch(server.http(`long.${extension}/index.m3u8`))).text()
      expect(list.match(/^\d+\.m4s$/gm)!.length).toBeGreaterThan(7000)
    }
    const work = Promise.all(["flv", "ts", "mp4"].map(ask))
    const longest = await silence(server.http(), work)
    await work
    console.log(`longest silence of the live stream: ${Math.round(longest)} ms`)
    // Merged writes come every 350 ms.
    expect(longest).toBeLessThan(1500)
    expect(publisher.out.ended).toBe(false)
  })
)
