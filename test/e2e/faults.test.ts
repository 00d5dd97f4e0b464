/** Faults that only real sockets and processes have. Everything a server held for them is free afterwards. */
import { expect, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { withCertificate } from "../support/certificate.ts"
import { readFlv } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { closedOf, RawClient } from "../support/rawClient.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { type Runtime, type Server, startServer, withServer } from "../support/server.ts"

const { tags } = readFlv(join(import.meta.dir, "../fixtures/flv/h264-aac.flv"))
const media = tags.filter(({ type }) => type !== 18)

const descriptors = ({ program }: Server): number => readdirSync(`/proc/${program.pid}/fd`).length
const residentMegabytes = ({ program }: Server): number =>
  Number(readFileSync(`/proc/${program.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1]) / 1024

const get = (name: string): string => `GET /live/${name}.flv HTTP/1.1\r\nHost: a\r\n\r\n`

/** The server still does what it is for. Whoever came before this has been accepted then. */
const stillServes = async (server: Server): Promise<void> => {
  await using publisher = await RtmpPublisher.start(server.rtmp("live/after"))
  publisher.send(media.slice(0, 20))
  const viewer = new RawClient(server.httpPort, get("after"))
  await viewer.has(1000)
  viewer.leave()
}

const runtimes: ReadonlyArray<Runtime> = ["bun", "node"]

for (const runtime of runtimes) {
  test(
    `${runtime}: a flood above max_connections, then 1000 connects and closes, leave nothing`,
    withServer({ runtime }, async (server) => {
      const flood = Array.from(
        { length: 700 },
        (_, i) => new RawClient(i % 2 === 0 ? server.rtmpPort : server.httpPort)
      )
      await closedOf(flood, 200)
      expect(flood.filter(({ isClosed }) => isClosed).length).toBe(200)
      await server.arrived(500)
      for (const client of flood) client.leave()
      await server.sessionsEnd()
      for (let come = 600; come <= 1500; come += 100) {
        const batch = Array.from({ length: 100 }, () => new RawClient(server.rtmpPort, "GET"))
        await server.arrived(come)
        for (const client of batch) client.leave()
      }
      await server.sessionsEnd()
      await stillServes(server)
    })
  )

  test(
    `${runtime}: out of descriptors the server goes on, and serves again when some are free`,
    withServer({ runtime }, async (server) => {
      await using publisher = await RtmpPublisher.start(server.rtmp("live/a"))
      publisher.send(media.slice(0, 20))
      const viewer = new RawClient(server.httpPort, get("a"))
      await viewer.has(1000)
      const most = descriptors(server) + 20
      const limit = Bun.spawn(["prlimit", `--pid=${server.program.pid}`, `--nofile=${most}:${most}`])
      expect(await limit.exited).toBe(0)
      const clients = Array.from({ length: 200 }, () => new RawClient(server.rtmpPort))
      await server.program.sees(/out of descriptors/)
      const { received } = viewer
      publisher.send(media.slice(20, 40))
      await viewer.has(received + 1)
      for (const client of clients) client.leave()
      await server.program.sees(/descriptors are free again/)
      await stillServes(server)
      viewer.leave()
    })
  )

  test(
    `${runtime}: connections are probed by the kernel, and a TLS handshake that does not come ends`,
    () =>
      withCertificate(async ({ cert, key }) => {
        const [rtmps = 0] = await freePorts(1)
        const global = `rtmps { enabled on; listen ${rtmps}; key ${key}; cert ${cert}; }`
        await withServer({ runtime, global, ports: [rtmps] }, async (server) => {
          const plain = new RawClient(server.rtmpPort)
          const silent = new RawClient(rtmps)
          const half = new RawClient(rtmps, Uint8Array.of(0x16, 3, 1, 2, 0, 1))
          await plain.connected
          await server.program.sees(new RegExp(`client ip=${plain.address},`))
          const portHex = server.rtmpPort.toString(16).toUpperCase().padStart(4, "0")
          const [keptAlive] = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(
            (file) =>
              readFileSync(file, "utf8").match(new RegExp(`:${portHex} [0-9A-F]+:[0-9A-F]{4} 01 \\S+ 02:`)) ?? []
          )
          expect(keptAlive).toBeDefined()
          await Promise.all([silent.closed, half.closed])
          expect(plain.isClosed).toBe(false)
          plain.leave()
        })()
      }),
    40_000
  )
}

/** Stream time, at 1 Mbps. */
const seconds = 120
const pictureBytes = 5000

test(
  `300 viewers that never read for ${seconds} s of a stream cost at most 60 MB, and another one loses nothing`,
  withServer({ vhost: "min_latency on;" }, async (server) => {
    await using publisher = await RtmpPublisher.start(server.rtmp())
    publisher.send(media.filter(({ timestamp }) => timestamp === 0).slice(0, 3))
    const reader = new RawClient(server.httpPort, get("a"))
    await reader.has(1)
    const before = residentMegabytes(server)
    const stuck = Array.from({ length: 300 }, () => {
      const client = new RawClient(server.httpPort, get("a"))
      client.socket.pause()
      return client
    })
    await server.plays(301)
    const pictureOf = (frame: number): Uint8Array => {
      const body = new Uint8Array(pictureBytes).fill(0x5a)
      body.set([frame % 50 === 0 ? 0x17 : 0x27, 1, 0, 0, 0])
      return body
    }
    const { received } = reader
    // What is held, without what the collector has not come to yet: the least of the second half.
    let held = Infinity
    // As fast as the reader takes it: each picture when it has the one before the last second.
    for (let frame = 0; frame < seconds * 25; frame++) {
      publisher.send([{ type: 9, timestamp: 40 + frame * 40, body: pictureOf(frame) }])
      if (frame >= 25) await reader.has(received + (frame - 24) * pictureBytes)
      if (frame >= seconds * 12.5) held = Math.min(held, residentMegabytes(server))
    }
    await reader.has(received + seconds * 25 * pictureBytes)
    expect(held - before).toBeLessThanOrEqual(60)
    for (const client of [...stuck, reader]) client.leave()
  })
)

interface Exported {
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: { readonly stringValue?: string } }>
}

/** Takes spans as a collector does. */
const collector = () => {
  const spans: Array<Exported> = []
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const body = (await request.json()) as {
        readonly resourceSpans?: ReadonlyArray<{
          readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Exported> }>
        }>
      }
      spans.push(...(body.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
      return Response.json({})
    }
  })
  return { spans, url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
}

const endings = [
  ["bun", "SIGTERM"],
  ["bun", "SIGINT"],
  ["node", "SIGTERM"],
  ["deno", "SIGTERM"]
] as const

for (const [runtime, signal] of endings) {
  test(`${runtime}: ${signal} ends sessions of all kinds with log line and span, and the process with status 0`, async () => {
    const { spans, stop, url } = collector()
    await using server = await startServer({ runtime, env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
    const publisher = await RtmpPublisher.start(server.rtmp())
    publisher.send(media.slice(0, 50))
    const viewer = new RawClient(server.httpPort, get("a"))
    const stranger = new RawClient(server.rtmpPort, "\u0003")
    await Promise.all([viewer.has(1000), stranger.connected])
    await server.program.sees(new RegExp(`client ip=${stranger.address},`))
    const begun = performance.now()
    await server.stopServing(signal)
    expect(performance.now() - begun).toBeLessThan(3500)
    await Promise.all([viewer.closed, stranger.closed])
    expect(server.log().match(/end=shutdown/g)?.length).toBe(3)
    const ends = spans
      .filter(({ name }) => name.endsWith(".session"))
      .map(({ attributes, name }) => {
        return `${name} ${attributes.find(({ key }) => key === "session.end")?.value.stringValue}`
      })
    expect(ends.sort()).toEqual(["http.session shutdown", "rtmp.session shutdown", "rtmp.session shutdown"])
    await publisher[Symbol.asyncDispose]()
    await stop()
  })
}
