import { describe, expect, test } from "bun:test"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { decode, decodeFile, type Player, play, play8, publish, publish8 } from "../support/clients.ts"
import { FlvReader, type Packet } from "../support/flvReader.ts"
import { type Clip, clip, type ClipName, firstTime, modernClip, trace } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program, words } from "../support/program.ts"
import { type Server, withServer } from "../support/server.ts"

/** In real time, again and again, until the test ends. */
const publishOn = (server: Server, source: Clip, stream = "live/a"): Program =>
  publish(source.path, server.rtmp(stream), { realTime: true, input: words("-stream_loop -1") })

const curl = (...words: ReadonlyArray<string>): Program => new Program(["curl", "-sSN", ...words])

/** Everything that the player has is what was published, from its first packet on, and nothing is missing. */
const expectPrefix = (player: Player, source: Clip): void => {
  for (const kind of ["video", "audio"] as const) {
    const played = trace(player.packets, kind)
    expect(played.length).toBeGreaterThan(10)
    expect(played).toEqual(trace(source.packets, kind).slice(0, played.length))
  }
}

test(
  "FFmpeg plays over HTTP what was published, packet by packet with its times",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    await using player = play(server.http())
    await server.plays(1)
    await using publisher = publishOn(server, source)
    await player.receivedCount(200)
    expectPrefix(player, source)
    expect(publisher.out.ended).toBe(false)
  })
)

test(
  "FFmpeg decodes a stream that it joined later, from a keyframe on, without complaint",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = publishOn(server, source)
    await publisher.sees(/frame=[3-9]\d\n/)
    const { complaints, pictures } = await decode(server.http(), 40)
    expect(complaints).toEqual([])
    const all = (await decodeFile(source.path)).pictures
    const at = all.indexOf(pictures[0]!)
    expect(at % 25).toBe(0)
    const twice = [...all, ...all]
    expect(pictures).toEqual(twice.slice(at, at + pictures.length))
  })
)

test(
  "FFmpeg 8.1 plays HEVC over HTTP as enhanced FLV",
  withServer({}, async (server) => {
    const file = await modernClip("hevcAac.mp4")
    await using player = play8(server.http())
    await server.plays(1)
    await using publisher = publish8(file, server.rtmp())
    await player.receivedCount(20)
    const played = trace(player.packets, "video")
    expect(played.length).toBeGreaterThan(5)
    await publisher.until("it sent as much", () =>
      publisher.packets.length > player.packets.length ? true : undefined
    )
    expect(played).toEqual(trace(publisher.packets, "video").slice(0, played.length))
  })
)

describe("curl", () => {
  test(
    "gets status and headers at once for a stream that nobody publishes, and the FLV header with the first tag",
    withServer({}, async (server) => {
      await using viewer = curl("-v", server.http())
      // What was received begins with "< ".
      const [head] = await viewer.sees(/< HTTP\/1\.1 200 OK\r\n[^]*< \r\n/)
      expect(head).toContain("< Content-Type: video/x-flv\r\n")
      expect(head).not.toMatch(/Transfer-Encoding|Content-Length/i)
      await server.plays(1)
      expect(viewer.out.bytes().length).toBe(0)
      await using publisher = publishOn(server, await clip("h264Aac"))
      await viewer.until("the file began", () => (viewer.out.bytes().length > 100 ? true : undefined))
      const bytes = viewer.out.bytes()
      expect(Buffer.from(bytes.subarray(0, 13)).toString("hex")).toBe("464c5601050000000900000000")
      expect([8, 9, 18]).toContain(bytes[13]!)
      expect(publisher.out.ended).toBe(false)
    })
  )

  const kinds: ReadonlyArray<readonly [name: ClipName, flags: number]> = [
    ["videoOnly", 1],
    ["audioOnly", 4],
    ["h264Mp3", 5]
  ]
  for (const [name, flags] of kinds) {
    test(
      `sees flags ${flags} in the header of ${name}`,
      withServer({}, async (server) => {
        await using publisher = publishOn(server, await clip(name))
        await using viewer = curl(server.http())
        await viewer.until("the file began", () => (viewer.out.bytes().length > 1000 ? true : undefined))
        expect(viewer.out.bytes()[4]).toBe(flags)
        expect(publisher.out.ended).toBe(false)
      })
    )
  }

  test(
    "gets no sound where it is switched off",
    withServer(
      { global: `vhost mute { http_remux { enabled on; guess_has_av off; has_audio off; } }` },
      async (server) => {
        await using publisher = publishOn(server, await clip("h264Aac"), "live/a?vhost=mute")
        await using viewer = curl(server.http("live/a.flv?vhost=mute"))
        await viewer.until("it has pictures", () => (viewer.out.bytes().length > 10_000 ? true : undefined))
        expect(viewer.out.bytes()[4]).toBe(1)
        const reader = new FlvReader()
        reader.push(viewer.out.bytes())
        expect(new Set(reader.tags.map(({ type }) => type))).toEqual(new Set([18, 9]))
        expect(publisher.out.ended).toBe(false)
      }
    )
  )

  const statuses: ReadonlyArray<readonly [status: number, path: string, options: string]> = [
    [200, "live/a.flv", "-I"],
    [200, "live/b/c/a.flv?token=1", "-I"],
    [200, "live/a.flv", "-X OPTIONS"],
    [200, "api/v1/versions", ""],
    [400, "live/../../a", "--path-as-is"],
    [404, "live/a.mp4", ""],
    [404, "live/a", "-I"],
    [405, "live/a.flv", "-X POST"],
    [405, "live/a.flv", "-X BREW"],
    [413, "live/a.flv", "-X POST -H Content-Length:9999999"],
    [414, `live/${"a".repeat(9000)}.flv`, ""],
    [431, "live/a.flv", `-H A:${"a".repeat(9000)}`]
  ]
  test(
    "gets proper statuses",
    withServer({}, async (server) => {
      for (const [status, path, options] of statuses) {
        const rest = options === "" ? [] : words(options)
        await using asked = curl(...words("-o /dev/null -w %{http_code}"), ...rest, server.http(path))
        await asked.exited
        expect(`${asked.out.text().slice(0, 3)} ${path.slice(0, 30)} ${options.slice(0, 30)}`).toBe(
          `${status} ${path.slice(0, 30)} ${options.slice(0, 30)}`
        )
      }
    })
  )

  test(
    "gets the version from the API's own port",
    withServer({}, async (server) => {
      await using asked = curl(server.api("api/v1/versions"))
      await asked.succeeded()
      expect(JSON.parse(asked.out.text())).toMatchObject({ code: 0, data: { major: 7, version: "7.0.18" } })
    })
  )
})

test("FFmpeg plays over HTTPS, with a certificate from files", () =>
  withCertificate(async (files) => {
    const [https] = (await freePorts(1)) as [number]
    await withServer({ env: httpsEnvironment(https, files), ports: [https] }, async (server) => {
      const source = await clip("h264Aac")
      await using player = play(`https://127.0.0.1:${https}/live/a.flv`, { input: words("-tls_verify 0") })
      await server.plays(1)
      await using publisher = publishOn(server, source)
      await player.receivedCount(200)
      expectPrefix(player, source)
      expect(publisher.out.ended).toBe(false)
    })()
  }))

for (const runtime of ["bun", "deno", "node"] as const) {
  test(
    `${runtime}: a WebSocket carries the same file as HTTP, in binary messages`,
    withServer({ runtime }, async (server) => {
      const source = await clip("h264Aac")
      const reader = new FlvReader()
      const done = Promise.withResolvers<void>()
      const socket = new WebSocket(server.http().replace("http:", "ws:"))
      socket.binaryType = "arraybuffer"
      socket.addEventListener("error", () => done.reject(new Error("the socket failed")))
      socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
        reader.push(new Uint8Array(data))
        if (reader.packets.length > 150) done.resolve()
      })
      await server.plays(1)
      await using publisher = publishOn(server, source)
      await done.promise
      socket.close()
      expect(publisher.out.ended).toBe(false)
      const base = firstTime(source.packets)
      const first = (packets: ReadonlyArray<Packet>, kind: Packet["kind"]) => trace(packets, kind, base)
      for (const kind of ["video", "audio"] as const) {
        const played = first(reader.packets, kind)
        expect(played).toEqual(first(source.packets, kind).slice(0, played.length))
      }
    })
  )
}
