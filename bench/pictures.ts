/** How soon a viewer sees something: this server's own page in headless Chromium, from opening it to the first picture. */
import { existsSync } from "node:fs"

import { type Browser, chromium } from "playwright-core"

import { clip } from "./clips.ts"
import { untilListed } from "./hls.ts"
import { compile } from "./load/compile.ts"
import type { PublishReport } from "./load/report.ts"
import { listUrl, type Load, publishArguments, start, type Timing, workplace } from "./measure.ts"
import type { Tuning } from "./peers/peer.ts"
import { sluice } from "./peers/sluice.ts"
import { Generator, listening } from "./process.ts"

const program = "/usr/bin/chromium"
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required"
]
const timeoutMillis = 20_000

/** Runs in the page: `firstPicture` is when the first picture was shown, in milliseconds since the page was opened. */
const script = `
window.firstPicture = new Promise((resolve, reject) => {
  const watch = ({ target }) => target.requestVideoFrameCallback?.((now) => resolve(now))
  document.addEventListener("loadstart", watch, true)
  setTimeout(() => reject(new Error("no picture in ${timeoutMillis} ms")), ${timeoutMillis})
})`

const pictureMillis = async (browser: Browser, url: string): Promise<number> => {
  // Nothing of the page is in a new context's cache.
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.addInitScript(script)
  await page.goto(url)
  const millis = await page.evaluate<number>("window.firstPicture")
  await context.close()
  return millis
}

/** One publisher of a stream that has been live for some segments; one viewer after the other. */
export const measurePictures = async (load: Load, tuning: Tuning, timing: Timing, starts: number) => {
  if (!existsSync(program)) throw new Error("not installed (Debian: apt install chromium)")
  const place = await workplace()
  await using server = start(sluice, tuning, place)
  await listening(server, place.rtmpPort, performance.now())
  clip(load.clip)
  await using publisher = new Generator<PublishReport>(compile(), publishArguments(load, timing, place))
  await publisher.reached("window")
  await untilListed(server, listUrl(load, place))
  const browser = await chromium.launch({ executablePath: program, args: flags })
  try {
    const millis: Array<number> = []
    const url = `http://127.0.0.1:${place.httpPort}/players/srs_player.html?autostart=true&app=live&stream=s.m3u8`
    while (millis.length < starts) millis.push(await pictureMillis(browser, url))
    return millis
  } finally {
    await browser.close()
  }
}
