/** A published stream at servers that it is forwarded to: nginx's RTMP module, and a second instance over RTMP and RTMPS. */
import { expect, test } from "bun:test"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withCertificate } from "../support/certificate.ts"
import { play, publish } from "../support/clients.ts"
import type { Packet } from "../support/flvReader.ts"
import { clip, readFlv, trace } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { NginxRtmp } from "../support/nginxRtmp.ts"
import { Program, words } from "../support/program.ts"
import { type Server, startServer } from "../support/server.ts"

test("nginx and a second server get what was published, packet by packet, with its metadata", async () => {
  const media = await clip("h264Aac")
  await using nginx = await NginxRtmp.start()
  await using second = await startServer()
  const destinations = `127.0.0.1:${nginx.port} rtmp://127.0.0.1:${second.rtmpPort}/copy/of-[stream]`
  await using origin = await startServer({ vhost: `forward { enabled on; destination ${destinations}; }` })
  await using atNginx = play(nginx.url("live/cam"))
  await using atSecond = play(second.rtmp("copy/of-cam"))
  await Promise.all([nginx.playing("cam"), second.plays(1)])
  await using publisher = publish(media.path, origin.rtmp("live/cam"), { realTime: true })
  for (const player of [atNginx, atSecond]) {
    await player.receivedEndOf(media.packets)
    for (const kind of ["video", "audio"] as const) {
      expect(trace(player.packets, kind)).toEqual(trace(media.packets, kind))
    }
  }
  await publisher.succeeded()
  // nginx knows it from the metadata alone.
  expect(atNginx.err.text()).toMatch(/fps +: 25/)
}, 60_000)

test(
  "a second server gets it over RTMPS; unless told otherwise only with a valid certificate",
  () =>
    withCertificate(async ({ cert, key }) => {
      const media = await clip("videoOnly")
      const [port] = (await freePorts(1)) as [number]
      const rtmps = `rtmps { enabled on; listen ${port}; key ${key}; cert ${cert}; }`
      await using second = await startServer({ global: rtmps, ports: [port] })
      const to = `forward { enabled on; destination rtmps://127.0.0.1:${port}; }`
      await using strict = await startServer({ vhost: to })
      await using trusting = await startServer({ vhost: to.replace("enabled on", "enabled on; tls_verify off") })
      await using player = play(second.rtmp("live/cam"))
      await second.plays(1)
      await using wary = publish(media.path, strict.rtmp("live/other"), { realTime: true })
      await strict.program.sees(/destination lost/)
      await using publisher = publish(media.path, trusting.rtmp("live/cam"), { realTime: true })
      await player.receivedEndOf(media.packets)
      expect(trace(player.packets, "video")).toEqual(trace(media.packets, "video"))
      await Promise.all([publisher.succeeded(), wary.stop("SIGINT")])
      expect(second.log()).not.toContain("live/other")
    }),
  60_000
)

const curl = async (...args: ReadonlyArray<string>): Promise<string> => {
  await using program = new Program(["curl", "-sS", "--max-time", "10", ...args])
  await program.succeeded()
  return program.out.text()
}

const forwards = async (server: Server) => JSON.parse(await curl(server.api("api/v1/forwards/"))).forwards

test("nginx that was killed and comes back goes on from a keyframe, and records no frame twice", async () => {
  const media = await clip("h264Aac")
  const records = mkdtempSync(join(tmpdir(), "sluice-records-"))
  try {
    await using first = await NginxRtmp.start({ records })
    await using origin = await startServer({ vhost: `forward { enabled on; destination 127.0.0.1:${first.port}; }` })
    const input = words("-stream_loop 3")
    await using publisher = publish(media.path, origin.rtmp("live/cam"), { realTime: true, input, seconds: 40 })
    await publisher.sees(/frame=(?:7\d|[89]\d|1\d\d)\n/)
    await first.program.stop("SIGKILL")
    await origin.program.sees(/destination lost/)
    const [lost] = await forwards(origin)
    expect(lost).toMatchObject({ stream: "/live/cam", origin: "config", connects: 1 })
    expect(lost.last_error).not.toBe("")
    await using second = await NginxRtmp.start({ records, port: first.port })
    await origin.program.sees(/forwarding, .*forward.connects=2/)
    expect((await forwards(origin))[0]).toMatchObject({ id: lost.id, state: "forwarding", connects: 2 })
    await publisher.succeeded()
    await second.program.sees(/disconnect/)
    await second.program.stop("SIGTERM")

    const published = [0, 1, 2, 3].flatMap(() => media.packets.filter(({ kind }) => kind === "video"))
    const recorded = readdirSync(records)
      .sort()
      .map((file) => readFlv(join(records, file)).packets.filter(({ kind }) => kind === "video"))
    const crcs = (packets: ReadonlyArray<Packet>) => packets.map(({ crc }) => crc)
    expect(recorded.length).toBe(2)
    const [before, after] = recorded as [Array<Packet>, Array<Packet>]
    // Within a connection nothing is missing, and the second begins after the end of the first.
    expect(crcs(before)).toEqual(crcs(published.slice(0, before.length)))
    expect(crcs(after)).toEqual(crcs(published.slice(-after.length)))
    expect(published.length - after.length).toBeGreaterThan(before.length)
    expect(after[0]!.keyframe).toBe(true)
  } finally {
    rmSync(records, { recursive: true, force: true })
  }
}, 60_000)

/** `joe` with the password `secret`, as Adobe's challenge wants it. */
const login = `auth { enabled on; publish adobe; user joe $adobe$SALT1234$${createHash("md5").update("joeSALT1234secret").digest("base64")}; }`

test("curl adds a destination with name and password to a stream, sees how it goes, and removes it", async () => {
  const media = await clip("h264Aac")
  await using second = await startServer({ vhost: login })
  await using origin = await startServer()
  const add = async (password: string, name: string) => {
    const url = `rtmp://joe:${password}@127.0.0.1:${second.rtmpPort}/[app]/${name}`
    const order = JSON.stringify({ app: "live", stream: "cam", url })
    const posted = ["-X", "POST", "-H", "Content-Type: application/json", "-d", order, origin.api("api/v1/forwards/")]
    const { code, forward } = JSON.parse(await curl(...posted))
    expect([code, forward.state, forward.url]).toEqual([0, "idle", url.replace(password, "***")])
    return forward.id
  }
  const [right, wrong] = [await add("secret", "copy"), await add("Secret", "never")]
  await using player = play(second.rtmp("live/copy"))
  await second.plays(1)
  await using publisher = publish(media.path, origin.rtmp("live/cam"), { realTime: true })
  await origin.program.sees(/destination lost/)
  const seen = await forwards(origin)
  expect(seen.find(({ id }: { readonly id: string }) => id === wrong)).toMatchObject({ state: "waiting", connects: 0 })
  expect(await curl("-X", "DELETE", origin.api(`api/v1/forwards/${wrong}`))).toStartWith('{"code":0,')
  await player.receivedEndOf(media.packets)
  expect(trace(player.packets, "video")).toEqual(trace(media.packets, "video"))
  await publisher.succeeded()
  expect(await forwards(origin)).toMatchObject([
    { id: right, state: expect.stringMatching(/idle|forwarding/), drops: 0 }
  ])
  expect(origin.log() + second.log()).not.toContain("joe:secret")
}, 60_000)
