/** Live transport stream, fragmented MP4, ADTS and MP3 over HTTP and WebSocket, read by FFmpeg. */
import { describe, expect, test } from "bun:test"
import { WebSocket } from "ws"
import { type Clip, clip, type ClipName, modernClip } from "../support/media.ts"
import { publish, publish8 } from "../support/clients.ts"
import { Program, words } from "../support/program.ts"
import { type Server, withServer } from "../support/server.ts"

/** Every format at the mount's path. */
const options = { global: "vhost all { http_remux { enabled on; formats ts mp4 aac mp3; fast_cache 1; } }" }
const query = "?vhost=all"

/** Everything that was sent until the publisher has left. */
const download = (server: Server, extension: string, stream = "live/a"): Program =>
  new Program(
    words("curl -sSN -o - ")
      .filter((word) => word !== "")
      .concat(server.http(`${stream}.${extension}${query}`))
  )

/** Everything that came in binary messages until the server closed. */
const overWebSocket = (server: Server, extension: string): Promise<Uint8Array> => {
  const { promise, reject, resolve } = Promise.withResolvers<Uint8Array>()
  const parts: Array<Uint8Array> = []
  const socket = new WebSocket(server.http(`live/a.${extension}${query}`).replace("http:", "ws:"))
  socket.binaryType = "nodebuffer"
  socket.on("message", (bytes: Buffer) => parts.push(bytes))
  socket.on("close", () => resolve(Buffer.concat(parts)))
  socket.on("error", reject)
  return promise
}

interface Read {
  readonly codecs: ReadonlyArray<string>
  readonly counts: Readonly<Record<string, number>>
  /** What decoding all of it complained about. */
  readonly complaints: string
}

const pipe = (command: ReadonlyArray<string>, input: Uint8Array) => {
  const { stderr, stdout } = Bun.spawnSync([...command], { stdin: input, stdout: "pipe", stderr: "pipe" })
  return { out: stdout.toString(), log: stderr.toString() }
}

const formats = { ts: "mpegts", mp4: "mp4", aac: "aac", mp3: "mp3" } as const
type Extension = keyof typeof formats

const read = (bytes: Uint8Array, extension: Extension): Read => {
  const format = formats[extension]
  const probed = pipe([...words("ffprobe -v error -count_packets -of json -show_streams -f"), format, "pipe:0"], bytes)
  const { streams } = JSON.parse(probed.out) as {
    streams: ReadonlyArray<{ codec_type: string; codec_name: string; nb_read_packets: string }>
  }
  const decoded = pipe([...words("ffmpeg -v warning -f"), format, ...words("-i pipe:0 -map 0 -f null -")], bytes)
  return {
    codecs: streams.map(({ codec_name }) => codec_name).sort(),
    counts: Object.fromEntries(streams.map(({ codec_type, nb_read_packets }) => [codec_type, Number(nb_read_packets)])),
    complaints: probed.log + decoded.log
  }
}

const countOf = (source: Clip, kind: "audio" | "video"): number =>
  source.packets.filter((packet) => packet.kind === kind).length

const countsOf = (source: Clip) => {
  const counts = { audio: countOf(source, "audio"), video: countOf(source, "video") }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

const codecs: Readonly<Record<ClipName, ReadonlyArray<string>>> = {
  h264Aac: ["aac", "h264"],
  soundFirst: ["aac", "h264"],
  videoOnly: ["h264"],
  audioOnly: ["aac"],
  h264Mp3: ["h264", "mp3"],
  slow: ["aac", "h264"]
}

describe("a player that waits gets every frame of", () => {
  for (const name of ["h264Aac", "videoOnly", "audioOnly", "h264Mp3"] as const) {
    test(
      `${name}, as transport stream and as fragmented MP4, over HTTP and WebSocket`,
      withServer(options, async (server) => {
        const source = await clip(name)
        await using ts = download(server, "ts")
        await using mp4 = download(server, "mp4")
        const sockets = [overWebSocket(server, "ts"), overWebSocket(server, "mp4")] as const
        await server.plays(4)
        await using publisher = publish(source.path, server.rtmp(`live/a${query}`))
        await publisher.succeeded()
        await ts.succeeded()
        await mp4.succeeded()
        const expected: Read = { codecs: codecs[name], counts: countsOf(source), complaints: "" }
        expect(read(ts.out.bytes(), "ts")).toEqual(expected)
        expect(read(mp4.out.bytes(), "mp4")).toEqual(expected)
        const [tsMessages, mp4Messages] = await Promise.all(sockets)
        expect(Buffer.from(tsMessages).equals(ts.out.bytes())).toBe(true)
        expect(Buffer.from(mp4Messages).equals(mp4.out.bytes())).toBe(true)
      })
    )
  }

  const sounds = [
    ["h264Aac", "aac"],
    ["audioOnly", "aac"],
    ["h264Mp3", "mp3"]
  ] as const
  for (const [name, extension] of sounds) {
    test(
      `the sound of ${name} as ${extension}`,
      withServer(options, async (server) => {
        const source = await clip(name)
        await using sound = download(server, extension)
        await server.plays(1)
        await using publisher = publish(source.path, server.rtmp(`live/a${query}`))
        await publisher.succeeded()
        await sound.succeeded()
        const expected: Read = { codecs: [extension], counts: { audio: countOf(source, "audio") }, complaints: "" }
        expect(read(sound.out.bytes(), extension)).toEqual(expected)
      })
    )
  }
})

for (const [file, expected] of [
  ["hevcAac.mp4", ["aac", "hevc"]],
  ["av1Opus.mkv", ["av1", "opus"]]
] as const) {
  test(
    `FFmpeg decodes all of ${file} from fragmented MP4`,
    withServer(options, async (server) => {
      const path = await modernClip(file)
      await using mp4 = download(server, "mp4")
      await server.plays(1)
      await using publisher = publish8(path, server.rtmp(`live/a${query}`))
      await publisher.exited
      await mp4.succeeded()
      const { codecs, complaints, counts } = read(mp4.out.bytes(), "mp4")
      expect(codecs).toEqual([...expected])
      expect(complaints).toBe("")
      expect(counts["video"]).toBe(75)
    })
  )
}

const forever = { realTime: true, input: words("-stream_loop -1") }

test(
  "who comes later begins with a keyframe, or with as much sound as fast_cache says",
  withServer(options, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = publish(source.path, server.rtmp(`live/a${query}`), forever)
    await publisher.sees(/frame=[34]\d\n/)
    await using ts = download(server, "ts")
    await using mp4 = download(server, "mp4")
    await using aac = download(server, "aac")
    // A second of sound is there before half a second has gone by.
    await aac.until("it has what was kept", () => (aac.out.bytes().length > 7000 ? true : undefined))
    expect(ts.out.bytes().length).toBeLessThan(100_000)
    await publisher.sees(/frame=[67]\d\n/)
    await publisher.stop("SIGINT")
    for (const [program, extension] of [
      [ts, "ts"],
      [mp4, "mp4"],
      [aac, "aac"]
    ] as const) {
      await program.succeeded()
      const { complaints, counts } = read(program.out.bytes(), extension)
      expect(complaints).toBe("")
      expect(counts["audio"]).toBeGreaterThan(43)
    }
  })
)

test(
  "sound of another codec is refused, before and while the stream comes",
  withServer(options, async (server) => {
    await using waiting = download(server, "mp3")
    await server.plays(1)
    await using publisher = publish((await clip("h264Aac")).path, server.rtmp(`live/a${query}`), forever)
    await waiting.exited
    expect(waiting.out.bytes().length).toBeLessThan(21)
    await using late = new Program([
      "curl",
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      server.http(`live/a.mp3${query}`)
    ])
    await late.succeeded()
    expect(late.out.text()).toBe("404")
    expect(publisher.out.ended).toBe(false)
  })
)

test(
  "a mount's extension chooses the one format of its vhost, as in SRS",
  withServer(
    { global: "vhost sound { http_remux { enabled on; mount [vhost]/[app]/[stream].aac; } }" },
    async (server) => {
      const status = async (path: string) => {
        await using asked = new Program([
          "curl",
          "-s",
          "-I",
          "-o",
          "/dev/null",
          "-w",
          "%{http_code}",
          server.http(path)
        ])
        await asked.succeeded()
        return asked.out.text()
      }
      expect(await status("live/a.aac?vhost=sound")).toBe("200")
      expect(await status("live/a.flv?vhost=sound")).toBe("404")
      expect(await status("live/a.ts")).toBe("404")
    }
  )
)
