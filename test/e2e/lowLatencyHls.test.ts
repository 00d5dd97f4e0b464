/** Chromium with hls.js in its low-latency mode, from an encoder's picture to the screen. */
import { expect, test } from "bun:test"
import { PlayerPage } from "../support/browser.ts"
import { clockPicture, publishClock } from "../support/clockStream.ts"
import { checkPlaylists } from "../support/playlistChecks.ts"
import { type Server, withServer } from "../support/server.ts"

/** What a page has seen. Times in milliseconds. */
interface Seen {
  readonly ages: ReadonlyArray<number>
  readonly mediaMillis: number
  readonly stalls: number
  readonly errors: ReadonlyArray<string>
}

/** Runs in the page: plays until so many pictures were shown, and tells the age of each. */
const watch = ([url, pictures, width, height]: readonly [string, number, number, number]): Promise<Seen> => {
  interface Metadata {
    readonly mediaTime: number
  }
  interface Video {
    readonly requestVideoFrameCallback: (shown: (now: number, metadata: Metadata) => void) => void
    readonly play: () => Promise<void>
    currentTime: number
    readonly addEventListener: (name: string, listener: () => void) => void
  }
  interface Canvas {
    width: number
    height: number
    readonly getContext: (
      kind: string,
      options: object
    ) => {
      readonly drawImage: (video: Video, x: number, y: number) => void
      readonly getImageData: (x: number, y: number, width: number, height: number) => { readonly data: Uint8Array }
    }
  }
  interface Player {
    readonly loadSource: (url: string) => void
    readonly attachMedia: (video: Video) => void
    readonly latency: number
    readonly liveSyncPosition: number | null
    readonly on: (event: string, listener: (event: string, error: HlsError) => void) => void
  }
  interface HlsError {
    readonly details: string
    readonly fatal: boolean
  }
  const { document, Hls } = globalThis as unknown as {
    readonly document: {
      readonly querySelector: (name: string) => Video
      readonly createElement: (name: string) => Canvas
    }
    readonly Hls: (new (options: object) => Player) & { readonly Events: { readonly ERROR: string } }
  }
  const video = document.querySelector("video")
  const canvas = document.createElement("canvas")
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext("2d", { willReadFrequently: true })
  const errors: Array<string> = []
  const ages: Array<number> = []
  let stalls = 0
  let begun = -1
  const age = (): number => {
    context.drawImage(video, 0, 0)
    const { data } = context.getImageData(0, height - 8, width, 1)
    let clock = 0
    for (let bit = 31; bit >= 0; bit--) clock = clock * 2 + (data[(bit * 8 + 4) * 4]! > 127 ? 1 : 0)
    return (Date.now() % 2 ** 32) - clock
  }
  const player = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.2, cmcd: { sessionId: "a-session" } })
  player.on(Hls.Events.ERROR, (_, { details, fatal }) => {
    if (fatal) errors.push(details)
  })
  player.loadSource(url)
  player.attachMedia(video)
  void video.play()
  return new Promise((resolve) => {
    const shown = (_: number, { mediaTime }: Metadata): void => {
      if (begun < 0) {
        begun = mediaTime
        // hls.js does not catch up from more than a target duration behind: then a page goes to the live edge.
        if (player.latency > 2) video.currentTime = player.liveSyncPosition ?? video.currentTime
        video.addEventListener("waiting", () => stalls++)
      }
      ages.push(age())
      if (ages.length < pictures) video.requestVideoFrameCallback(shown)
      else resolve({ ages, mediaMillis: (mediaTime - begun) * 1000, stalls, errors })
    }
    video.requestVideoFrameCallback(shown)
  })
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** What players have told of themselves (CMCD), as the API shows it. */
const reported = async (server: Server): Promise<ReadonlyArray<unknown>> => {
  const answer = await fetch(server.api("api/v1/clients?details=on"))
  const { clients } = (await answer.json()) as {
    readonly clients: ReadonlyArray<{ readonly details: { cmcd?: unknown } }>
  }
  return clients.flatMap(({ details }) => details.cmcd ?? [])
}

/** Of the pictures after the first two seconds, in which the player finds its place. */
const settledAfter = 50
const pictures = 250
/** On an idle machine 0.7 to 1.2 s; segments without parts would be 5 s behind at best. Room for a busy one. */
const maxMedianMillis = 2500
const maxStalls = 2

for (const [name, settings] of [
  ["fragmented MP4", "hls_use_fmp4 on;"],
  ["MPEG-TS", ""],
  ["encrypted fragmented MP4 in memory", "hls_use_fmp4 on; hls_keys on; hls_storage memory;"]
] as const) {
  const vhost = `hls { enabled on; hls_path ./hls; hls_fragment 2; hls_window 20; hls_low_latency on; ${settings} }`
  test(
    `hls.js plays ${name} close behind the encoder`,
    withServer({ vhost }, async (server) => {
      await using publisher = publishClock(server.rtmp())
      await publisher.sees(/frame=/)
      // Waits for the first list.
      expect((await fetch(server.http("live/a.m3u8?_HLS_msn=0"))).status).toBe(200)
      await using browser = await PlayerPage.open()
      const { width, height } = clockPicture
      const url = server.http("live/a.m3u8")
      const seen = await browser.page.evaluate(watch, [url, pictures, width, height] as const)
      const ages = seen.ages.slice(settledAfter)
      console.log(`low-latency HLS, ${name}: ${median(ages)} ms, at most ${Math.max(...ages)} ms`)
      expect(seen.errors).toEqual([])
      expect(seen.stalls).toBeLessThanOrEqual(maxStalls)
      expect(seen.mediaMillis).toBeGreaterThan(9000)
      expect(median(ages)).toBeLessThan(maxMedianMillis)
      const lists = browser.lists.flatMap(({ text }) => (text === "" ? [] : [text]))
      checkPlaylists(lists)
      expect(lists.length).toBeGreaterThan(40)
      expect(await reported(server)).toContainEqual(expect.objectContaining({ sid: "a-session", sf: "h", st: "ll" }))
    })
  )
}
