import { expect, test } from "bun:test"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { launchBrowser } from "../support/browser.ts"
import { type CertificateFiles, httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { words } from "../support/program.ts"
import { type Server, withServer } from "../support/server.ts"

/** Not kept in the repository: what the test saw. */
const pictures = join(import.meta.dir, "../../objs/page")

/** Runs in the page: media time goes on for a second, and the picture is another one then. */
const watch = (): Promise<{ readonly advanced: number; readonly changed: boolean; readonly width: number }> => {
  interface Video {
    readonly currentTime: number
    readonly videoWidth: number
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  interface Canvas {
    width: number
    height: number
    readonly getContext: (kind: string) => { readonly drawImage: (video: Video, ...place: Array<number>) => void }
    readonly toDataURL: () => string
  }
  const { document } = globalThis as unknown as {
    readonly document: {
      readonly querySelector: (selector: string) => Video
      readonly createElement: (name: string) => Canvas
    }
  }
  const video = document.querySelector("video")
  const picture = (): string => {
    const canvas = document.createElement("canvas")
    canvas.width = 80
    canvas.height = 60
    canvas.getContext("2d").drawImage(video, 0, 0, 80, 60)
    return canvas.toDataURL()
  }
  return new Promise((resolve) => {
    let begun: readonly [time: number, picture: string] | undefined
    video.addEventListener("timeupdate", () => {
      begun ??= [video.currentTime, picture()]
      const advanced = video.currentTime - begun[0]
      if (advanced > 1) resolve({ advanced, changed: picture() !== begun[1], width: video.videoWidth })
    })
  })
}

/** Everything that the page asks for, and everything that its policy or its code complains about. */
const overhear = (page: Page) => {
  const requests: Array<string> = []
  const complaints: Array<string> = []
  page.on("request", (request) => requests.push(request.url()))
  page.on("websocket", (socket) => requests.push(socket.url()))
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  return { requests, complaints }
}

const segments = `hls { enabled on; hls_fragment 1; hls_window 8; }
  dash { enabled on; dash_fragment 1; dash_chunk 0.2; dash_latency 1; }`
const formats = { SRS_VHOST_HTTP_REMUX_FORMATS: "ts mp4" }

/** By the keys that a reader of the page has, until the wanted protocol is the one in force. */
const choose = async (page: Page, label: string): Promise<void> => {
  const wanted = page.getByRole("radio", { name: label, exact: true })
  await page.getByRole("radio", { checked: true }).focus()
  const count = await page.getByRole("radio").count()
  for (let pressed = 0; pressed < count && !(await wanted.isChecked()); pressed++)
    await page.keyboard.press("ArrowRight")
  expect(await wanted.isChecked()).toBe(true)
}

type Body = (server: Server, page: Page, heard: ReturnType<typeof overhear>) => Promise<void>

interface StreamOptions {
  readonly vhost?: string
  /** A port at which the page is too. */
  readonly https?: number
  readonly files?: CertificateFiles
}

const withStream = (body: Body, { files, https, vhost = segments }: StreamOptions = {}) => {
  const encrypted = https === undefined || files === undefined ? {} : httpsEnvironment(https, files)
  const options = { vhost, env: { ...formats, ...encrypted }, ports: https === undefined ? [] : [https] }
  return withServer(options, async (server) => {
    const { path } = await clip("h264Aac")
    const forever = { realTime: true, input: words("-stream_loop -1"), seconds: 60 }
    await using publisher = publish(path, server.rtmp("live/<b>&cam"), forever)
    await publisher.sees(/frame=\d\d/)
    await using browser = await launchBrowser()
    const page = await browser.browser.newPage({ viewport: { width: 1280, height: 860 } })
    const heard = overhear(page)
    await body(server, page, heard)
    const foreign = heard.requests.filter(
      (url) => !/^(?:data|blob):/.test(url) && new URL(url).port !== String(https ?? server.httpPort)
    )
    expect(foreign).toEqual([])
    expect(heard.complaints).toEqual([])
  })
}

/** Every way that the player offers, in their order. */
const ways = ["HTTP-FLV", "WS-FLV", "HTTP-TS", "WS-TS", "HTTP-fMP4", "HLS", "DASH", "HLS native"]

const playEach = async (page: Page, labels: ReadonlyArray<string>, name: (label: string) => string): Promise<void> => {
  mkdirSync(pictures, { recursive: true })
  for (const label of labels) {
    await choose(page, label)
    const { advanced, changed, width } = await page.evaluate(watch)
    expect(advanced).toBeGreaterThan(1)
    expect(`${label} ${changed} ${width}`).toBe(`${label} true 160`)
    await page.screenshot({ path: join(pictures, `${name(label)}.png`) })
  }
}

test(
  "the page lists a stream with its picture, and plays it in every way there is, by keyboard",
  withStream(async (server, page, { requests }) => {
    await page.goto(server.http(""))
    const card = page.getByRole("link", { name: "live/<b>&cam" })
    await card.locator("canvas").waitFor()
    expect(await card.innerText()).toContain("160×120")
    // A player of 800 KB is for those who want it.
    expect(requests.filter((url) => /\/(?:dash|hls)\S+\.js$/.test(url))).toEqual([])
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, "list.png") })
    await card.focus()
    await page.keyboard.press("Enter")
    await page.waitForURL(/\/players\/srs_player\.html\?autostart=true&app=live&stream=/)
    await playEach(page, ways, (label) => label)
    expect(requests.some((url) => /\/dash\S+\.js$/.test(url))).toBe(true)
    await choose(page, "HTTP-FLV")
    await page.evaluate(watch)
    expect(requests.some((url) => url.startsWith("ws:"))).toBe(true)
    const facts = await page.locator(".facts").innerText()
    expect(facts).toMatch(/Latency\s+\d+\.\d\d s\s+Buffer\s+\d+\.\d\d s\s+Resolution\s+160×120/)
    expect(facts).toContain("avc1.")
    expect(await page.locator(".urls").innerText()).toContain(`rtmp://127.0.0.1:${server.rtmpPort}/live/`)
    await page.screenshot({ path: join(pictures, "player.png") })
  })
)

test(
  "an address of SRS's player plays at once, or waits to be started",
  withStream(async (server, page) => {
    const query = `app=live&stream=${encodeURIComponent("<b>&cam.flv")}&server=127.0.0.1&port=${server.httpPort}&schema=http`
    await page.goto(server.http(`players/srs_player.html?autostart=true&${query}`))
    await page.locator("video").waitFor()
    expect(await page.evaluate(watch)).toMatchObject({ changed: true, width: 160 })
    await page.goto(server.http(`players/srs_player.html?${query}`))
    await page.getByRole("button", { name: "Play", exact: true }).click()
    expect(await page.evaluate(watch)).toMatchObject({ changed: true, width: 160 })
  })
)

test("over HTTPS the page plays every way too, and asks for nothing in the clear", () =>
  withCertificate(async (files) => {
    const [https] = (await freePorts(1)) as [number]
    await withStream(
      async (_server, page, { requests }) => {
        await page.goto(
          `https://127.0.0.1:${https}/players/srs_player.html?autostart=true&app=live&stream=%3Cb%3E%26cam`
        )
        await page.locator("video").waitFor()
        await playEach(page, ways, (label) => `${label} encrypted`)
        expect(requests.filter((url) => /^(?:http|ws):/.test(url))).toEqual([])
        expect(requests.some((url) => url.startsWith("wss:"))).toBe(true)
      },
      { https, files }
    )()
  }))

/** Runs in the page: falls so many seconds behind what has come, and tells how far it is behind when as many have come since. */
const fallBehind = (seconds: number): Promise<number> => {
  interface Video {
    readonly currentTime: number
    readonly buffered: { readonly length: number; readonly end: (index: number) => number }
    readonly pause: () => void
    readonly play: () => Promise<void>
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  const video = (
    globalThis as unknown as { document: { querySelector: (name: string) => Video } }
  ).document.querySelector("video")
  const behind = (): number => video.buffered.end(video.buffered.length - 1) - video.currentTime
  return new Promise((resolve) => {
    let newest = Infinity
    video.addEventListener("progress", () => {
      if (newest !== Infinity || behind() < seconds) return
      newest = video.currentTime + behind()
      void video.play()
    })
    video.addEventListener("timeupdate", () => {
      if (video.currentTime + behind() > newest + seconds) resolve(behind())
    })
    video.pause()
  })
}

test(
  "in low latency the page that was left behind goes to the live edge again",
  withStream(
    async (server, page) => {
      await page.goto(server.http("players/srs_player.html?autostart=true&app=live&stream=%3Cb%3E%26cam"))
      await page.locator("video").waitFor()
      await choose(page, "HLS")
      await page.evaluate(watch)
      expect(await page.evaluate(fallBehind, 5)).toBeLessThan(2.5)
    },
    { vhost: "hls { enabled on; hls_fragment 1; hls_window 20; hls_use_fmp4 on; hls_low_latency on; hls_part 0.2; }" }
  )
)

/** Runs in the page: how far it can be moved sideways. */
const overflow = (): number => {
  const { document, innerWidth } = globalThis as unknown as {
    readonly document: { readonly documentElement: { readonly scrollWidth: number } }
    readonly innerWidth: number
  }
  return document.documentElement.scrollWidth - innerWidth
}

test(
  "the page fits a phone, dark and light",
  withStream(async (server, page) => {
    await page.setViewportSize({ width: 360, height: 740 })
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(server.http(""))
      await page.getByRole("link", { name: "live/<b>&cam" }).locator("canvas").waitFor()
      expect(await page.evaluate(overflow)).toBe(0)
      await page.screenshot({ path: join(pictures, `list phone ${colorScheme}.png`) })
      await page.getByRole("link", { name: "live/<b>&cam" }).click()
      await page.locator("video").waitFor()
      await page.evaluate(watch)
      expect(await page.evaluate(overflow)).toBe(0)
      await page.screenshot({ path: join(pictures, `player phone ${colorScheme}.png`), fullPage: true })
    }
  })
)
