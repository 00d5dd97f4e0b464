/**
 * `bun run soak [--minutes 10]`: 20 sessions a second come and go (publishers, players over RTMP and HTTP-FLV, half of
 * them without saying goodbye), and for a tenth of the time a flood of connections that say nothing useful. Then tells by
 * how much resident memory grew a minute over the last six tenths of the time. Above 1 MB a minute it fails.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RtmpClientLayer from "../src/layers/rtmp/RtmpClient.ts"
import * as Tcp from "../src/layers/transport/Tcp.ts"
import { RtmpClient } from "../src/services/RtmpClient.ts"
import { sluice } from "./peers/sluice.ts"
import { freePorts, listening, pause, ServerProcess } from "./process.ts"
import { parseStatus } from "./procfs.ts"

const sessionsPerSecond = 20
const floodPerSecond = 200
const maxSlopeMegabytes = 1
const host = "127.0.0.1"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } })
const seconds = Math.round(Number(values.minutes) * 60)
if (!(seconds >= 10)) throw new Error("--minutes needs a number, at least 0.2")

const directory = mkdtempSync(join(tmpdir(), "sluice-soak-"))
const [rtmpPort = 0, httpPort = 0, spareHttpPort = 0] = await freePorts(3)
const place = { directory, rtmpPort, httpPort, spareHttpPort }
const tuning = { mergedRead: false, minLatency: false, tracing: true, hls: "off" as const }
const server = new ServerProcess(sluice.command(tuning, place), join(directory, "server.log"))

const residentMegabytes = (): number =>
  parseStatus(readFileSync(`/proc/${server.pid}/status`, "utf8")).resident / 1024 / 1024
const descriptors = (): number => readdirSync(`/proc/${server.pid}/fd`).length

const videoHeader = Buffer.from("17000000000164001fffe1000467640000010004", "hex")
const bodyOf = (keyframe: boolean): Uint8Array => {
  const body = Buffer.alloc(keyframe ? 6000 : 600, 0x5a)
  body.set([keyframe ? 0x17 : 0x27, 1, 0, 0, 0])
  return body
}
const keyframe = bodyOf(true)
const picture = bodyOf(false)

/** Publishes 25 pictures a second for so many seconds. */
const publishFor = Effect.fnUntraced(function* (url: string, duration: number) {
  const publication = yield* (yield* RtmpClient).publish(url)
  publication.send({ type: 9, timestamp: 0, body: videoHeader })
  for (let frame = 0; frame < duration * 25; frame++) {
    publication.send({ type: 9, timestamp: frame * 40, body: frame % 25 === 0 ? keyframe : picture })
    yield* Effect.sleep(40)
  }
}, Effect.scoped)

const played = { bytes: 0 }

const playFor = Effect.fnUntraced(function* (url: string, duration: number) {
  const subscription = yield* (yield* RtmpClient).play(url)
  const run = subscription.run(({ end, start }) => (played.bytes += end - start))
  yield* Effect.timeoutOption(run, duration * 1000)
}, Effect.scoped)

const sockets = new Set<Socket>()

/** A bare connection that says something and goes, politely or not. */
const visit = (port: number, text: string | Uint8Array, millis: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.write(text)
      setTimeout(() => (Math.random() < 0.5 ? socket.destroy() : socket.end()), millis)
    })
    sockets.add(socket)
    socket.on("data", (bytes) => (played.bytes += bytes.length))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      sockets.delete(socket)
      resolve()
    })
  })

const rtmp = (stream: string) => `rtmp://${host}:${rtmpPort}/live/${stream}`
const http = (stream: string) => `GET /live/${stream}.flv HTTP/1.1\r\nHost: ${host}\r\n\r\n`

const layer = RtmpClientLayer.layer.pipe(Layer.provide(Tcp.layer))
const running = new Set<Promise<unknown>>()
const failures = new Map<string, number>()

const start = (session: Effect.Effect<unknown, unknown, RtmpClient>): void => {
  const done = Effect.runPromiseExit(Effect.provide(session, layer)).then((exit) => {
    running.delete(done)
    if (Exit.isSuccess(exit)) return
    const reason = Cause.prettyErrors(exit.cause)[0]?.name ?? "unknown"
    failures.set(reason, (failures.get(reason) ?? 0) + 1)
  })
  running.add(done)
}

/** One of the sessions of a second: mostly viewers of the stream that goes on all the time. */
const churn = (second: number, index: number): void => {
  const duration = 1 + (index % 3)
  if (index % 5 === 0) start(publishFor(rtmp(`short-${second}-${index}`), duration))
  else if (index % 5 < 3) start(playFor(rtmp(index % 2 === 0 ? "steady" : `short-${second}-0`), duration))
  else void visit(httpPort, http(index % 2 === 0 ? "steady" : `short-${second}-0`), duration * 1000)
}

const flood = (): void => {
  for (let i = 0; i < floodPerSecond; i++) {
    void visit(i % 2 === 0 ? rtmpPort : httpPort, i % 3 === 0 ? "" : Buffer.alloc(100 + i, i), 200)
  }
}

/** Least squares: megabytes a minute. */
const slopeOf = (samples: ReadonlyArray<readonly [second: number, megabytes: number]>): number => {
  const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(([second]) => second))
  const y = mean(samples.map(([, megabytes]) => megabytes))
  const covariance = mean(samples.map(([second, megabytes]) => (second - x) * (megabytes - y)))
  return (60 * covariance) / mean(samples.map(([second]) => (second - x) ** 2))
}

for (const port of [rtmpPort, httpPort]) await listening(server, port, performance.now())
await pause(500)
const baseline = descriptors()
start(publishFor(rtmp("steady"), seconds))
const samples: Array<readonly [second: number, megabytes: number]> = []
const begun = performance.now()
for (let second = 0; second < seconds; second++) {
  const isFlood = second >= seconds * 0.2 && second < seconds * 0.3
  if (isFlood) flood()
  for (let index = 0; index < sessionsPerSecond; index++) {
    churn(second, index)
    await pause(Math.max(0, begun + second * 1000 + ((index + 1) * 1000) / sessionsPerSecond - performance.now()))
  }
  if (!server.running) throw new Error(server.failure)
  samples.push([second, residentMegabytes()])
  if (second % 30 === 29)
    console.log(`${second + 1} s: ${samples[second][1].toFixed(1)} MB, ${descriptors()} descriptors`)
}

const slope = slopeOf(samples.slice(Math.floor(seconds * 0.4)))
await Promise.all(running)
for (const socket of sockets) socket.destroy()
await pause(1000)
const left = descriptors() - baseline
console.log(`${sessionsPerSecond * seconds} sessions, ${(played.bytes / 1024 / 1024).toFixed(0)} MB played`)
console.log(`resident memory: ${slope.toFixed(2)} MB a minute over the last six tenths (at most ${maxSlopeMegabytes})`)
console.log(`descriptors left open: ${left}`)
for (const [reason, count] of failures) console.log(`${count} sessions ended with ${reason}`)
await server[Symbol.asyncDispose]()
rmSync(directory, { recursive: true, force: true })
process.exit(slope <= maxSlopeMegabytes && left <= 0 ? 0 : 1)
