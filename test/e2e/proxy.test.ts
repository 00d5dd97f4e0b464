/** Behind HAProxy and nginx: rules, log, API and callbacks see the client, and nobody else is believed. */
import { expect, test } from "bun:test"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { play, publish } from "../support/clients.ts"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program } from "../support/program.ts"
import { haproxy, nginx, proxyAddress } from "../support/proxies.ts"
import { type Runtime, type Server, type ServerPorts, startServer, withServer } from "../support/server.ts"

const trusting = ({ http, rtmp }: ServerPorts): string =>
  `trusted_proxies { addresses ${proxyAddress}; proxy_protocol ${rtmp} ${http}; }`

/** Lets the clients in, and nobody who seems to be the proxy. */
const rules = `security { enabled on; allow publish 127.0.0.1; allow play 127.0.0.1; allow play ::1; }`

const ports = (count: number) =>
  freePorts(count) as Promise<ReadonlyArray<number> & { readonly [index: number]: number }>

const curl = async (...args: ReadonlyArray<string>): Promise<string> => {
  await using program = new Program(["curl", "-sS", "-m", "10", ...args])
  await program.exited
  return program.out.text()
}

const addresses = async (server: Server): Promise<ReadonlyArray<string>> => {
  const answer = (await (await fetch(server.api("api/v1/clients/"))).json()) as {
    clients: ReadonlyArray<{ ip: string; type: string }>
  }
  return answer.clients.filter(({ type }) => /publish|play/.test(type)).map(({ ip, type }) => `${type} ${ip}`)
}

const throughHaproxy = async (runtime: Runtime): Promise<void> => {
  const media = await clip("h264Aac")
  const [one, two, six] = await ports(3)
  await using server = await startServer({ runtime, global: trusting, vhost: rules })
  await using proxy = await haproxy([
    { bind: `127.0.0.1:${one}`, to: server.rtmpPort, options: "send-proxy" },
    { bind: `127.0.0.1:${two}`, to: server.rtmpPort, options: "send-proxy-v2 proxy-v2-options crc32c,unique-id" },
    { bind: `[::1]:${six}`, to: server.httpPort, options: "send-proxy-v2" }
  ])
  await using publisher = publish(media.path, `rtmp://127.0.0.1:${one}/live/a`, {
    realTime: true,
    input: ["-stream_loop", "1"]
  })
  await using overRtmp = play(`rtmp://127.0.0.1:${two}/live/a`)
  await using overHttp = play(`http://[::1]:${six}/live/a.flv`)
  await overRtmp.receivedCount(20)
  await overHttp.receivedCount(20)
  expect([...(await addresses(server))].sort()).toEqual([
    "flv-play ::1",
    "fmle-publish 127.0.0.1",
    "rtmp-play 127.0.0.1"
  ])
  expect(server.log()).not.toContain(proxyAddress)
  for (const player of [overRtmp, overHttp]) await player.stop("SIGINT")
  await publisher.stop("SIGINT")
  await proxy.program.stop("SIGTERM")
}

test.each(["bun", "deno", "node"] as const)(
  "HAProxy on %s: RTMP and HTTP by versions 1 and 2, over IPv4 and IPv6",
  throughHaproxy,
  60_000
)

test("nginx: RTMP by its stream module, HTTP-FLV by X-Forwarded-For, whatever the client has made up", async () => {
  const media = await clip("h264Aac")
  const [stream, http] = (await ports(2)) as [number, number]
  const global = ({ rtmp }: ServerPorts) => `trusted_proxies { addresses ${proxyAddress}; proxy_protocol ${rtmp}; }`
  await using server = await startServer({ global, vhost: rules })
  await using proxy = await nginx({
    stream: { listen: stream, to: server.rtmpPort },
    http: { listen: http, to: server.httpPort }
  })
  await using publisher = publish(media.path, `rtmp://127.0.0.1:${stream}/live/a`, {
    realTime: true,
    input: ["-stream_loop", "1"]
  })
  const liar = ["-headers", "X-Forwarded-For: 203.0.113.1\r\nX-Real-IP: 203.0.113.2\r\n"]
  await using player = play(`http://127.0.0.1:${http}/live/a.flv`, { input: liar })
  await player.receivedCount(20)
  expect([...(await addresses(server))].sort()).toEqual(["flv-play 127.0.0.1", "fmle-publish 127.0.0.1"])
  // A liar without a proxy is who it is.
  await using direct = play(server.http(), { input: liar })
  await direct.receivedCount(20)
  expect((await addresses(server)).filter((client) => client === "flv-play 127.0.0.1").length).toBe(2)
  await publisher.stop("SIGINT")
  await proxy.program.stop("SIGTERM")
}, 60_000)

test(
  "curl speaks for itself; without a header, with half of one or with garbage a trusted proxy is refused and told of",
  withServer({ global: trusting, vhost: "http_static { enabled on; }" }, async (server) => {
    const url = server.http("")
    const from = ["--interface", proxyAddress]
    const status = ["-o", "/dev/null", "-w", "%{http_code}"]
    expect(await curl(...status, "--haproxy-protocol", ...from, url)).not.toBe("000")
    expect(server.log()).not.toContain("trusted proxy refused")
    expect(await curl(...status, ...from, url)).toBe("000")
    await server.program.sees(/connection of a trusted proxy refused/)
    expect(server.log()).toContain("no PROXY header that can be read: the connection begins with something else")
    // A client of its own is not asked for one.
    expect(await curl(...status, url)).not.toBe("000")
    expect(await curl(...status, "--haproxy-protocol", url)).toBe("400")
  }),
  60_000
)

test("HAProxy in mode http: its health checks and kept connections serve many clients, each under its own address", async () => {
  const media = await clip("h264Aac")
  const [front] = (await ports(1)) as [number]
  await using server = await startServer({
    global: `trusted_proxies { addresses ${proxyAddress}; }`,
    vhost: `security { enabled on; allow publish all; allow play 127.0.0.1; } hls { enabled on; hls_fragment 1; hls_path ./hls; }`
  })
  const options = "check inter 200ms"
  await using proxy = await haproxy([{ bind: `127.0.0.1:${front}`, to: server.httpPort, options, mode: "http" }])
  await using publisher = publish(media.path, server.rtmp(), { realTime: true, input: ["-stream_loop", "1"] })
  await using player = play(`http://127.0.0.1:${front}/live/a.flv`)
  await player.receivedCount(20)
  const list = `http://127.0.0.1:${front}/live/a.m3u8`
  const status = ["-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} "]
  // One connection of HAProxy's may carry all of these.
  const [denied, allowed] = ["127.0.0.2", "127.0.0.1"].map((address) =>
    curl(...status, "--interface", address, list, list)
  )
  expect(await denied).toBe("403 403 ")
  expect(await allowed).toBe("200 200 ")
  await publisher.stop("SIGINT")
  await proxy.program.stop("SIGTERM")
}, 60_000)

const throughTls = (runtime: Runtime) =>
  withCertificate(async (files) => {
    const media = await clip("h264Aac")
    const [rtmps, https, frontRtmps, frontHttps] = (await ports(4)) as unknown as [number, number, number, number]
    const global = `rtmps { enabled on; listen ${rtmps}; key ${files.key}; cert ${files.cert}; }
      trusted_proxies { addresses ${proxyAddress}; proxy_protocol ${rtmps} ${https}; }`
    // More than sockets hold, so that it waits for a slow reader.
    const folder = mkdtempSync(join(tmpdir(), "sluice-proxy-"))
    const bytes = randomBytes(16_000_000)
    writeFileSync(join(folder, "large.bin"), bytes)
    const env = { ...httpsEnvironment(https, files), SRS_HTTP_SERVER_DIR: folder }
    await using server = await startServer({ runtime, global, env, vhost: rules, ports: [rtmps, https] })
    await using proxy = await haproxy([
      { bind: `127.0.0.1:${frontRtmps}`, to: rtmps, options: "send-proxy-v2" },
      { bind: `[::1]:${frontHttps}`, to: https, options: "send-proxy" }
    ])
    const blind = { input: ["-stream_loop", "-1"], output: ["-tls_verify", "0"], realTime: true }
    await using publisher = publish(media.path, `rtmps://127.0.0.1:${frontRtmps}/live/a`, blind)
    const open = { input: ["-tls_verify", "0"] }
    await using overRtmps = play(`rtmps://127.0.0.1:${frontRtmps}/live/a`, open)
    await using overHttps = play(`https://[::1]:${frontHttps}/live/a.flv`, open)
    // A client of its own, without a header.
    await using direct = play(`https://127.0.0.1:${https}/live/a.flv`, open)
    for (const player of [overRtmps, overHttps, direct]) await player.receivedCount(100)
    expect([...(await addresses(server))].sort()).toEqual([
      "flv-play 127.0.0.1",
      "flv-play ::1",
      "fmle-publish 127.0.0.1",
      "rtmp-play 127.0.0.1"
    ])
    const secure = ["-k", "-o", "/dev/null", "-w", "%{http_code}", "--interface", proxyAddress]
    const url = `https://127.0.0.1:${https}/none`
    expect(await curl(...secure, "--haproxy-protocol", url)).toBe("404")
    expect(await curl(...secure, url)).toBe("000")
    const slowly = ["-k", "-sS", "--interface", proxyAddress, "--haproxy-protocol", "--limit-rate", "16M"]
    await using download = new Program(["curl", ...slowly, `https://127.0.0.1:${https}/large.bin`])
    await download.succeeded()
    expect(bytes.equals(download.out.bytes())).toBe(true)
    rmSync(folder, { recursive: true })
    for (const player of [overRtmps, overHttps, direct]) await player.stop("SIGINT")
    await publisher.stop("SIGINT")
    await proxy.program.stop("SIGTERM")
  })

test.each(["bun", "deno", "node"] as const)(
  "HAProxy passes TLS through on %s: the header comes before it, over RTMPS and HTTPS",
  throughTls,
  60_000
)
