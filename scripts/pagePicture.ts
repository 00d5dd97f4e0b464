/**
 * Makes docs/page.png: the built-in page with a few live streams, as Chromium shows it. The scenes are drawn here, moved
 * and published by FFmpeg. Run it after the look of the page has changed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { launchBrowser } from "../test/support/browser.ts"
import { Program, words } from "../test/support/program.ts"
import { startServer } from "../test/support/server.ts"

interface Scene {
  readonly stream: string
  readonly sky: readonly [top: string, bottom: string]
  readonly sun: readonly [color: string, x: number, y: number]
  /** From the far ridge to the near one. */
  readonly ridges: ReadonlyArray<string>
}

const scenes: ReadonlyArray<Scene> = [
  {
    stream: "valley",
    sky: ["#24346b", "#f7a072"],
    sun: ["#ffe3b0", 860, 330],
    ridges: ["#a4587a", "#6b3a6a", "#3a2450", "#1c1433"]
  },
  {
    stream: "fjord",
    sky: ["#0b2a3f", "#8fd3d1"],
    sun: ["#fdf6d8", 420, 240],
    ridges: ["#4a8c9b", "#2c6478", "#173f55", "#0b2233"]
  },
  {
    stream: "desert",
    sky: ["#6f9fd8", "#ffe9c9"],
    sun: ["#fff6df", 960, 190],
    ridges: ["#e2b07a", "#c98a55", "#9c5f3c", "#5f3527"]
  }
]

const width = 1280
const height = 720

/** Waves of a few lengths, lower and steeper the nearer it is. */
const ridge = (color: string, index: number): string => {
  const points = Array.from({ length: 65 }, (_, step) => {
    const x = (step * width) / 64
    const wave = Math.sin(x / (150 - index * 18) + index * 2.1) * 46 + Math.sin(x / (61 + index * 7) + index) * 22
    return `${x},${Math.round(390 + index * 78 + wave)}`
  })
  return `<polygon fill="${color}" points="0,${height} ${points.join(" ")} ${width},${height}"/>`
}

const drawing = ({ ridges, sky, sun: [color, x, y] }: Scene): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs>` +
  `<linearGradient id="s" x2="0" y2="1"><stop stop-color="${sky[0]}"/><stop offset=".8" stop-color="${sky[1]}"/></linearGradient>` +
  `<radialGradient id="g"><stop stop-color="${color}" stop-opacity=".7"/><stop offset="1" stop-color="${color}" stop-opacity="0"/></radialGradient>` +
  `</defs><rect width="${width}" height="${height}" fill="url(#s)"/><circle cx="${x}" cy="${y}" r="230" fill="url(#g)"/>` +
  `<circle cx="${x}" cy="${y}" r="62" fill="${color}"/>${ridges.map(ridge).join("")}</svg>`

/** Encoded once, so that the machine has its time for the browser. */
const makeClip = async (image: string, clip: string): Promise<void> => {
  await using ffmpeg = new Program(
    [
      ...words("ffmpeg -v error -loop 1 -framerate 25 -i"),
      image,
      ...words("-f lavfi -i sine=frequency=220 -t 12 -vf"),
      `crop=1200:675:40+40*sin(PI*t/6):22+20*cos(PI*t/6),scale=${width}:${height}`,
      ...words("-c:v libx264 -preset veryfast -bf 0 -g 25 -pix_fmt yuv420p -b:v 1500k -c:a aac -f flv"),
      clip
    ],
    { seconds: 60 }
  )
  await ffmpeg.succeeded()
}

const publishClip = (clip: string, url: string): Program =>
  new Program(
    [
      ...words("ffmpeg -v warning -progress pipe:1 -stats_period 0.2 -re -stream_loop -1 -i"),
      clip,
      ...words("-c copy -f flv"),
      url
    ],
    { seconds: 240 }
  )

const folder = mkdtempSync(join(tmpdir(), "sluice-picture-"))
const vhost = `hls { enabled on; hls_fragment 2; hls_window 20; hls_low_latency on; }
  dash { enabled on; dash_fragment 2; dash_chunk 0.2; }`
const server = await startServer({ vhost, env: { SRS_VHOST_HTTP_REMUX_FORMATS: "ts mp4" }, seconds: 240 })
const { browser } = await launchBrowser()
const painter = await browser.newPage({ viewport: { width, height } })
const publishers: Array<Program> = []
for (const scene of scenes) {
  await painter.setContent(`<body style="margin:0">${drawing(scene)}`)
  const image = join(folder, `${scene.stream}.png`)
  writeFileSync(image, await painter.screenshot())
  await makeClip(image, `${image}.flv`)
  publishers.push(publishClip(`${image}.flv`, server.rtmp(`live/${scene.stream}`)))
}
for (const publisher of publishers) await publisher.sees(/frame=\d\d\d/)

/** Runs in the page: waits until so many seconds of media were shown. */
const played = (seconds: number): Promise<void> => {
  interface Video {
    readonly currentTime: number
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  const { document } = globalThis as unknown as { readonly document: { querySelector: (selector: string) => Video } }
  const video = document.querySelector("video")
  return new Promise((resolve) => {
    video.addEventListener("timeupdate", () => {
      if (video.currentTime > seconds) resolve()
    })
  })
}

/** Waits for so many seconds of media, then takes the picture. */
const take = async (path: string, address: string, options: Parameters<typeof browser.newPage>[0], seconds: number) => {
  const page = await browser.newPage({ deviceScaleFactor: 1, ...options })
  await page.goto(server.http(address))
  if (seconds === 0)
    await page
      .locator("canvas")
      .nth(scenes.length - 1)
      .waitFor()
  else {
    await page.locator("video").waitFor()
    await page.evaluate(played, seconds)
  }
  await page.mouse.move(0, 0)
  await page.screenshot({ path })
  await page.close()
}

const player = "players/srs_player.html?autostart=true&app=live&stream=valley"
const [target = "docs/page.png", ...more] = process.argv.slice(2)
await take(target, player, { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }, 22)
for (const [index, path] of more.entries()) {
  const phone = index % 2 === 1
  const viewport = phone ? { width: 390, height: 844 } : { width: 1280, height: 800 }
  const light = index < 2
  await take(path, light ? "" : player, { viewport, colorScheme: light ? "light" : "dark" }, light ? 0 : 8)
}
for (const publisher of publishers) await publisher[Symbol.asyncDispose]()
await browser.close()
await server[Symbol.asyncDispose]()
rmSync(folder, { recursive: true })
