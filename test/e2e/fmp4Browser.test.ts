/** Chromium plays fragmented MP4 over HTTP and WebSocket by Media Source Extensions, without a library. */
import { expect, test } from "bun:test"
import { PlayerPage } from "../support/browser.ts"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

const codecs = `video/mp4; codecs="avc1.64000b,mp4a.40.2"`

/** Runs in the page: plays until some media has gone by. */
const watch = ([url, type]: readonly [string, string]): Promise<{ time: number; width: number }> => {
  interface Video {
    src: string
    currentTime: number
    readonly videoWidth: number
    readonly buffered: { readonly length: number; readonly start: (range: number) => number }
    readonly play: () => Promise<void>
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  const video = (
    globalThis as unknown as { document: { querySelector: (name: string) => Video } }
  ).document.querySelector("video")
  interface Buffer {
    readonly updating: boolean
    readonly appendBuffer: (bytes: Uint8Array | ArrayBuffer) => void
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  interface Source {
    readonly addSourceBuffer: (type: string) => Buffer
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  const source = new (globalThis as unknown as { MediaSource: new () => Source }).MediaSource()
  video.src = URL.createObjectURL(source as unknown as Blob)
  return new Promise((resolve, reject) => {
    source.addEventListener("sourceopen", () => {
      const buffer = source.addSourceBuffer(type)
      const waiting: Array<Uint8Array | ArrayBuffer> = []
      const append = () => {
        const next = buffer.updating ? undefined : waiting.shift()
        if (next !== undefined) buffer.appendBuffer(next)
      }
      const take = (bytes: Uint8Array | ArrayBuffer) => {
        waiting.push(bytes)
        append()
      }
      let begun = -1
      buffer.addEventListener("updateend", () => {
        if (begun < 0 && video.buffered.length > 0) {
          begun = video.buffered.start(0)
          video.currentTime = begun
          void video.play()
        }
        append()
      })
      video.addEventListener("timeupdate", () => {
        if (begun >= 0 && video.currentTime - begun > 0.3) {
          resolve({ time: video.currentTime - begun, width: video.videoWidth })
        }
      })
      video.addEventListener("error", () => reject(new Error("the video failed")))
      if (url.startsWith("ws")) {
        const socket = new WebSocket(url)
        socket.binaryType = "arraybuffer"
        socket.addEventListener("message", ({ data }) => take(data as ArrayBuffer))
        return
      }
      void fetch(url).then(async ({ body }) => {
        const reader = body!.getReader()
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) take(piece.value)
      })
    })
  })
}

test(
  "Chromium plays fragmented MP4 over HTTP and WebSocket, and its media time advances",
  withServer({ global: "vhost all { http_remux { enabled on; formats mp4; } }" }, async (server) => {
    const { path } = await clip("h264Aac")
    const forever = { realTime: true, input: words("-stream_loop -1") }
    await using publisher = publish(path, server.rtmp("live/a?vhost=all"), forever)
    await publisher.sees(/frame=\d\d/)
    await using browser = await PlayerPage.open()
    const url = server.http("live/a.mp4?vhost=all")
    for (const each of [url, url.replace("http:", "ws:")]) {
      const { time, width } = await browser.page.evaluate(watch, [each, codecs] as const)
      expect(time).toBeGreaterThan(0.3)
      expect(width).toBe(160)
    }
    expect(publisher.out.ended).toBe(false)
  })
)
