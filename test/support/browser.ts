/** Headless Chromium, and a page in it that has mpegts.js, hls.js and dash.js. */
import { join } from "node:path"
import { type Browser, chromium, type Page } from "playwright-core"

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
  "--ignore-certificate-errors"
]
const modules = join(import.meta.dir, "../../node_modules")
const players: Readonly<Record<string, string>> = {
  "/mpegts.js": join(modules, "mpegts.js/dist/mpegts.js"),
  "/hls.js": join(modules, "hls.js/dist/hls.js"),
  "/dash.js": join(modules, "dashjs/dist/modern/umd/dash.all.min.js")
}
const scripts = Object.keys(players).map((path) => `<script src=${path}></script>`)
const page = `<!doctype html><title>player</title><video muted></video>${scripts.join("")}`

/** Chromium without a page. */
export const launchBrowser = async (): Promise<AsyncDisposable & { readonly browser: Browser }> => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: flags })
  return { browser, [Symbol.asyncDispose]: () => browser.close() }
}

export class PlayerPage implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>
  readonly #browser: Browser
  readonly page: Page

  /** Every playlist that a player in it has got, in order. */
  readonly lists: ReadonlyArray<{ readonly url: string; readonly text: string }>

  private constructor(server: Bun.Server<undefined>, browser: Browser, page: Page, lists: PlayerPage["lists"]) {
    this.#server = server
    this.#browser = browser
    this.page = page
    this.lists = lists
  }

  static async open(): Promise<PlayerPage> {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        const player = players[new URL(url).pathname]
        return player === undefined
          ? new Response(page, { headers: { "Content-Type": "text/html" } })
          : new Response(Bun.file(player))
      }
    })
    const { browser } = await launchBrowser()
    const tab = await browser.newPage()
    const lists: Array<{ readonly url: string; text: string }> = []
    tab.on("response", (response) => {
      const list = { url: response.url().split("?", 1)[0]!, text: "" }
      if (!list.url.endsWith(".m3u8")) return
      lists.push(list)
      const keep = (text: string) => void (list.text = text)
      // One that the page has given up has no text.
      void response.text().then(keep, () => undefined)
    })
    await tab.goto(`http://127.0.0.1:${server.port}/`)
    return new PlayerPage(server, browser, tab, lists)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
    await this.#server.stop(true)
  }
}
