import { expect, test } from "bun:test"
import { PlayerPage } from "../support/browser.ts"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

/** Runs in the page: plays until two seconds of media have gone by, and says what was seen. */
const watch = (url: string): Promise<{ time: number; width: number; errors: ReadonlyArray<string> }> => {
  const { document, mpegts } = globalThis as unknown as {
    readonly document: { readonly querySelector: (selector: string) => HTMLVideo }
    readonly mpegts: Mpegts
  }
  interface HTMLVideo {
    currentTime: number
    readonly videoWidth: number
    readonly play: () => Promise<void>
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  interface Mpegts {
    readonly Events: { readonly ERROR: string }
    readonly createPlayer: (source: object, options: object) => Player
  }
  interface Player {
    readonly on: (event: string, listener: (...words: ReadonlyArray<string>) => void) => void
    readonly attachMediaElement: (video: HTMLVideo) => void
    readonly load: () => void
    readonly destroy: () => void
  }
  const video = document.querySelector("video")
  const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, { enableStashBuffer: false })
  const errors: Array<string> = []
  player.attachMediaElement(video)
  player.load()
  return new Promise((resolve) => {
    let begun = -1
    const done = (time: number) => {
      const { videoWidth: width } = video
      player.destroy()
      resolve({ time, width, errors })
    }
    player.on(mpegts.Events.ERROR, (type, detail) => {
      errors.push(`${type} ${detail}`)
      done(0)
    })
    video.addEventListener("timeupdate", () => {
      if (begun < 0) begun = video.currentTime
      if (video.currentTime - begun > 2) done(video.currentTime - begun)
    })
    video.addEventListener("loadeddata", () => void video.play())
  })
}

test("mpegts.js in Chromium plays over HTTP and WebSocket, plain and encrypted, and its media time advances", () =>
  withCertificate(async (files) => {
    const [https] = (await freePorts(1)) as [number]
    await withServer({ env: httpsEnvironment(https, files), ports: [https] }, async (server) => {
      const { path } = await clip("h264Aac")
      const forever = { realTime: true, input: words("-stream_loop -1"), seconds: 50 }
      await using publisher = publish(path, server.rtmp(), forever)
      await publisher.sees(/frame=\d\d/)
      await using browser = await PlayerPage.open()
      const plain = server.http()
      const encrypted = `https://127.0.0.1:${https}/live/a.flv`
      for (const url of [plain, plain.replace("http:", "ws:"), encrypted, encrypted.replace("https:", "wss:")]) {
        const { errors, time, width } = await browser.page.evaluate(watch, url)
        expect(errors).toEqual([])
        expect(time).toBeGreaterThan(2)
        expect(width).toBe(160)
      }
      expect(publisher.out.ended).toBe(false)
    })()
  }))
