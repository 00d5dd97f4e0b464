/** Faults that only real sockets and processes have. Everything a server held for them is free afterwards. */
import { expect, test } from "bun:test"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { withCertificate } from "../support/certificate.ts"
import { readFlv } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { type Runtime, type Server, startServer, withServer } from "../support/server.ts"

const host = "127.0.0.1"
const { tags } = readFlv(join(import.meta.dir, "../fixtures/flv/h264-aac.flv"))
const media = tags.filter(({ type }) => type !== 18)

const descriptors = ({ program }: Server): number => readdirSync(`/proc/${program.pid}/fd`).length
/** Listeners and connections. One that closes while this looks is none. */
const sockets = ({ program }: Server): number =>
  readdirSync(`/proc/${program.pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${program.pid}/fd/${fd}`).startsWith("socket:")
    } catch {
      return false
    }
  }).length
const residentMegabytes = ({ program }: Server): number =>
  Number(readFileSync(`/proc/${program.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1]) / 1024

/** What a process of others holds tells nobody when it changes: asks again and again, at most for so long. */
const eventually = async (what: string, holds: () => boolean, seconds = 10): Promise<void> => {
  const end = performance.now() + seconds * 1000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await Bun.sleep(10)
  }
}

class Client {
  readonly socket: Socket
  received = 0
  connected = false
  closed = false
  constructor(port: number, says: string | Uint8Array = "") {
    this.socket = connect({ host, port }, () => {
      this.connected = true
      if (says.length > 0) this.socket.write(says)
    })
    this.socket.on("data", (bytes) => (this.received += bytes.length))
    this.socket.on("error", () => undefined)
    this.socket.on("close", () => (this.closed = true))
  }
}

const request = "GET /live/a.flv HTTP/1.1\r\nHost: a\r\n\r\n"

/** The server still does what it is for. */
const stillServes = async (server: Server): Promise<void> => {
  await using publisher = await RtmpPublisher.start(server.rtmp("live/after"))
  publisher.send(media.slice(0, 20))
  const viewer = new Client(server.httpPort, request.replace("/a.", "/after."))
  await eventually("a viewer gets media", () => viewer.received > 1000)
  viewer.socket.destroy()
}

const runtimes: ReadonlyArray<Runtime> = ["bun", "node"]

for (const runtime of runtimes) {
  test(
    `${runtime}: a flood above max_connections, then 1000 connects and closes, leave nothing`,
    withServer({ runtime }, async (server) => {
      const idle = sockets(server)
      await stillServes(server)
      await eventually("its connections are given back", () => sockets(server) === idle)
      const flood = Array.from({ length: 700 }, (_, i) => new Client(i % 2 === 0 ? server.rtmpPort : server.httpPort))
      await eventually("those above 500 are closed", () => flood.filter(({ closed }) => closed).length >= 200)
      expect(flood.filter(({ closed }) => closed).length).toBe(200)
      for (const { socket } of flood) socket.destroy()
      for (let i = 0; i < 10; i++) {
        const batch = Array.from({ length: 100 }, () => new Client(server.rtmpPort, "GET"))
        await eventually("a batch is connected", () => batch.every(({ connected }) => connected))
        for (const { socket } of batch) socket.destroy()
      }
      await eventually("connections are given back", () => sockets(server) === idle)
      await stillServes(server)
    })
  )

  test(
    `${runtime}: out of descriptors the server goes on, and serves again when some are free`,
    withServer({ runtime }, async (server) => {
      await using publisher = await RtmpPublisher.start(server.rtmp("live/a"))
      publisher.send(media.slice(0, 20))
      const viewer = new Client(server.httpPort, request)
      await eventually("the viewer gets media", () => viewer.received > 1000)
      const before = descriptors(server)
      const most = before + 20
      const limit = Bun.spawn(["prlimit", `--pid=${server.program.pid}`, `--nofile=${most}:${most}`])
      expect(await limit.exited).toBe(0)
      const clients = Array.from({ length: 200 }, () => new Client(server.rtmpPort))
      await eventually("it has as many descriptors as it may", () => descriptors(server) >= most)
      await server.program.sees(/out of descriptors/)
      const received = viewer.received
      publisher.send(media.slice(20, 40))
      await eventually("who is there still gets media", () => viewer.received > received)
      for (const { socket } of clients) socket.destroy()
      await eventually("descriptors are back", () => descriptors(server) <= before)
      await server.program.sees(/descriptors are free again/)
      await stillServes(server)
    })
  )

  test(
    `${runtime}: connections are probed by the kernel, and a TLS handshake that does not come ends`,
    () =>
      withCertificate(async ({ cert, key }) => {
        const [rtmps = 0] = await freePorts(1)
        const global = `rtmps { enabled on; listen ${rtmps}; key ${key}; cert ${cert}; }`
        await withServer({ runtime, global, ports: [rtmps] }, async (server) => {
          const plain = new Client(server.rtmpPort)
          const silent = new Client(rtmps)
          const half = new Client(rtmps, Uint8Array.of(0x16, 3, 1, 2, 0, 1))
          const portHex = server.rtmpPort.toString(16).toUpperCase().padStart(4, "0")
          const files = ["/proc/net/tcp", "/proc/net/tcp6"]
          const keptAlive = () =>
            files.some((file) =>
              readFileSync(file, "utf8")
                .split("\n")
                .some((line) => new RegExp(`:${portHex} [0-9A-F]+:[0-9A-F]{4} 01 \\S+ 02:`).test(line))
            )
          await eventually("the keep-alive timer runs", keptAlive)
          await eventually("the stalled handshakes are closed", () => silent.closed && half.closed, 15)
          expect(plain.closed).toBe(false)
          plain.socket.destroy()
        })()
      }),
    40_000
  )
}

/** Viewers that never read, at 1 Mbps; two minutes of it with `FAULT_SECONDS=120`. */
const seconds = Number(process.env["FAULT_SECONDS"] ?? 15)

test(
  `300 viewers that never read for ${seconds} s at 1 Mbps cost at most 60 MB, and another one loses nothing`,
  withServer({ seconds: seconds + 60 }, async (server) => {
    await using publisher = await RtmpPublisher.start(server.rtmp())
    const start = media.filter(({ timestamp }) => timestamp === 0).slice(0, 3)
    publisher.send(start)
    const reader = new Client(server.httpPort, request)
    await eventually("the reader has begun", () => reader.received > 0)
    const before = residentMegabytes(server)
    const stuck = Array.from({ length: 300 }, () => {
      const client = new Client(server.httpPort, request)
      client.socket.pause()
      return client
    })
    const picture = { type: 9, timestamp: 0, body: new Uint8Array(5000).fill(0x5a) }
    const begun = performance.now()
    for (let frame = 1; frame <= seconds * 25; frame++) {
      const body = picture.body.slice()
      body.set([frame % 50 === 1 ? 0x17 : 0x27, 1, 0, 0, 0])
      publisher.send([{ ...picture, body, timestamp: frame * 40 }])
      await Bun.sleep(Math.max(0, begun + frame * 40 - performance.now()))
    }
    await eventually("the reader has all", () => reader.received >= seconds * 25 * 5000)
    expect(residentMegabytes(server) - before).toBeLessThanOrEqual(60)
    for (const { socket } of [...stuck, reader]) socket.destroy()
  }),
  (seconds + 60) * 1000
)

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends sessions of all kinds with their log lines, and the process with status 0`, async () => {
    await using server = await startServer()
    const publisher = await RtmpPublisher.start(server.rtmp())
    publisher.send(media.slice(0, 50))
    const viewer = new Client(server.httpPort, request)
    const stranger = new Client(server.rtmpPort, "\u0003")
    await eventually("the viewer plays", () => viewer.received > 1000)
    const begun = performance.now()
    await server.stopServing(signal)
    expect(performance.now() - begun).toBeLessThan(3500)
    await eventually("all are closed", () => viewer.closed && stranger.closed)
    expect(server.log().match(/shutdown/g)?.length).toBeGreaterThanOrEqual(3)
    await publisher[Symbol.asyncDispose]()
  })
}
