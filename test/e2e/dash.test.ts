/** Live DASH over HTTP, read by FFmpeg's and GStreamer's players. */
import { expect, test } from "bun:test"
import { publish, publish8 } from "../support/clients.ts"
import { clip, modernClip } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { type Server, withServer } from "../support/server.ts"
import { all, checkMpd, type Element, parseXml, timelineOf } from "../domain/dash/checkMpd.ts"

const options = { vhost: "dash { enabled on; dash_fragment 1; dash_update_period 1; dash_window_size 30; }" }

const get = async (server: Server, path = "live/a.mpd"): Promise<string> => {
  const response = await fetch(server.http(path))
  return response.status === 200 ? await response.text() : ""
}

/** The MPD, after each program's line asked for again until it is as wished; every one is checked. */
const mpdUntil = async (
  server: Server,
  publisher: Program,
  wished: (mpd: string) => boolean,
  file = "live/a.mpd"
): Promise<string> => {
  let last: string | undefined
  for (let seen = -1; ;) {
    const text = await get(server, file)
    if (text !== "") {
      expect(checkMpd(text, last)).toEqual([])
      last = text
      if (wished(text)) return text
    }
    if (publisher.out.ended) throw new Error(`the publisher has left\n${text}`)
    await publisher.until("it went on", () => {
      const now = publisher.out.bytes().length
      if (now === seen) return undefined
      seen = now
      return true
    })
  }
}

const segmentsOf = (mpd: string): number => (mpd === "" ? 0 : all(parseXml(mpd.trim()), "S").length)

interface Stream {
  readonly codec_name: string
  readonly nb_read_frames: string
}

/** Decodes what the MPD lists by its own player. */
const decodeWithFfmpeg = async (url: string, seconds: number) => {
  await using probe = new Program([
    ...words(`ffprobe -v warning -count_frames -read_intervals %+${seconds} -of json -show_streams`),
    url
  ])
  await probe.succeeded()
  const { streams } = JSON.parse(probe.out.text()) as { streams: ReadonlyArray<Stream> }
  return {
    frames: Object.fromEntries(streams.map(({ codec_name, nb_read_frames }) => [codec_name, Number(nb_read_frames)])),
    complaints: probe.err.text()
  }
}

const kinds = [
  ["h264Aac", 2, ["h264", "aac"]],
  ["videoOnly", 1, ["h264"]],
  ["audioOnly", 1, ["aac"]]
] as const

test(
  "FFmpeg decodes sound and pictures, pictures alone and sound alone while they are published, without complaint",
  withServer(options, async (server) => {
    const decodeOne = async ([name, tracks, codecs]: (typeof kinds)[number]) => {
      const { path } = await clip(name)
      const forever = { realTime: true, input: words("-stream_loop -1") }
      await using publisher = publish(path, server.rtmp(`live/${name}`), forever)
      const file = `live/${name}.mpd`
      const mpd = await mpdUntil(server, publisher, (text) => segmentsOf(text) >= 2 * tracks, file)
      expect(all(parseXml(mpd.trim()), "UTCTiming").length).toBe(2)
      const { complaints, frames } = await decodeWithFfmpeg(server.http(file), 1.5)
      expect(complaints).toBe("")
      expect(Object.keys(frames)).toEqual([...codecs])
      for (const codec of codecs) expect(frames[codec]).toBeGreaterThan(25)
    }
    await Promise.all(kinds.map(decodeOne))
  })
)

test(
  "GStreamer decodes the pictures while they are published",
  withServer(options, async (server) => {
    const { path } = await clip("h264Aac")
    await using publisher = publish(path, server.rtmp(), { realTime: true, input: words("-stream_loop -1") })
    await mpdUntil(server, publisher, (text) => segmentsOf(text) >= 4)
    await using player = new Program([
      ...words("gst-launch-1.0 -q souphttpsrc"),
      `location=${server.http("live/a.mpd")}`,
      ...words("! dashdemux name=in in.video_00 ! qtdemux ! h264parse ! avdec_h264 ! fdsink fd=1 sync=false")
    ])
    const pictureBytes = (160 * 120 * 3) / 2
    await player.until("two seconds of pictures", () =>
      player.out.bytes().length >= 50 * pictureBytes ? true : undefined
    )
    expect(publisher.out.ended).toBe(false)
  })
)

/** Init segment and all segments of one kind, in order. */
const download = async (server: Server, period: Element, kind: string): Promise<Uint8Array> => {
  const set = all(period, "AdaptationSet").find(({ attributes }) => attributes["contentType"] === kind)
  if (set === undefined) return new Uint8Array(0)
  const { segments, startNumber } = timelineOf(set)
  const { initialization, media } = all(set, "SegmentTemplate")[0]!.attributes
  const named = (number: number) => media!.replace("$RepresentationID$", kind).replace("$Number$", String(number))
  const parts: Array<Uint8Array> = []
  for (const name of [initialization!, ...segments.map((_, i) => named(startNumber + i))]) {
    const response = await fetch(server.http(`live/a/${name}`))
    expect(`${name} ${response.status}`).toBe(`${name} 200`)
    parts.push(new Uint8Array(await response.arrayBuffer()))
  }
  return Buffer.concat(parts)
}

const decodeBytes = (bytes: Uint8Array) => {
  const run = (command: string) => Bun.spawnSync(words(command), { stdin: bytes, stdout: "pipe", stderr: "pipe" })
  const probed = run(
    "ffprobe -v warning -count_packets -of csv=p=0 -show_entries stream=codec_name,nb_read_packets pipe:0"
  )
  const decoded = run("ffmpeg -v warning -xerror -i pipe:0 -f null -")
  return [probed.stdout.toString().trim(), probed.stderr.toString() + decoded.stderr.toString()]
}

/** The MPD that lists so many periods, and seconds of the last one's first track: what was sent is written soon after. */
const mpdOf = async (server: Server, periods: number, seconds: number): Promise<string> => {
  for (let asked = 0; asked < 1000; asked++) {
    const text = await get(server)
    if (text === "") continue
    const found = all(parseXml(text.trim()), "Period")
    const set = found.length === periods ? all(found.at(-1)!, "AdaptationSet")[0] : undefined
    if (set === undefined) continue
    const { segments, timescale } = timelineOf(set)
    if (segments.reduce((sum, { duration }) => sum + duration, 0) / timescale >= seconds - 0.1) return text
  }
  throw new Error(`not listed: ${await get(server)}`)
}

test(
  "every frame of three publishes, each with other codecs, is in the segments of its period",
  withServer(options, async (server) => {
    const source = await clip("h264Aac")
    const modern = [
      ["hevcAac.mp4", "hevc,75", /^aac,1[23]\d$/],
      ["av1Opus.mkv", "av1,75", /^opus,15\d$/]
    ] as const
    await using first = publish(source.path, server.rtmp())
    await first.succeeded()
    let text = await mpdOf(server, 1, 4)
    const expected: Array<readonly [video: string, audio: RegExp]> = [
      ["h264,100", new RegExp(`^aac,${source.packets.filter(({ kind }) => kind === "audio").length}$`)]
    ]
    for (const [i, [file, video, audio]] of modern.entries()) {
      await using next = publish8(await modernClip(file), server.rtmp())
      await next.exited
      const later = await mpdOf(server, i + 2, 3)
      expect(checkMpd(later, text)).toEqual([])
      text = later
      expected.push([video, audio])
    }
    for (const [i, period] of all(parseXml(text.trim()), "Period").entries()) {
      const [video, videoComplaints] = decodeBytes(await download(server, period, "video"))
      const [audio, audioComplaints] = decodeBytes(await download(server, period, "audio"))
      expect([video, videoComplaints, audioComplaints]).toEqual([expected[i]![0], "", ""])
      expect(audio).toMatch(expected[i]![1])
    }
  })
)
