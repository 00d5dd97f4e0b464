/**
 * `bun run stuck [--seconds 120] [--viewers 300]`: viewers over RTMP that ask for a stream of 1 Mbps and never read a
 * byte, beside one that reads. The server closes each after half a minute, so that new ones come in rounds. Tells by how
 * much resident memory grew, and what the reader lost: fails above 60 MB, and if it lost anything.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { amfObject } from "../src/domain/amf/AmfValue.ts"
import { encodeMessage } from "../src/domain/rtmp/ChunkWriter.ts"
import { connectionCommand, streamCommand } from "../src/domain/rtmp/Command.ts"
import * as RtmpClientLayer from "../src/layers/rtmp/RtmpClient.ts"
import * as Tcp from "../src/layers/transport/Tcp.ts"
import { RtmpClient } from "../src/services/RtmpClient.ts"
import { configuration } from "./peers/sluice.ts"
import { freePorts, listening, ServerProcess } from "./process.ts"
import { parseStatus } from "./procfs.ts"

const maxGrowthMegabytes = 60
const host = "127.0.0.1"
/** Of a picture, of which there are 25 a second: 1 Mbps. */
const pictureBytes = 5000
const pictureMillis = 40
const picturesPerGroup = 50
/** Longer than a viewer that takes nothing is kept. */
const roundSeconds = 35
/** With the reader alone, before the others come. */
const calmSeconds = 10

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "120" }, viewers: { type: "string", default: "300" } }
})
const seconds = Number(values.seconds)
const viewers = Number(values.viewers)
if (!(seconds >= 1 && viewers >= 1)) throw new Error("--seconds and --viewers need a number, at least 1")

const directory = mkdtempSync(join(tmpdir(), "sluice-stuck-"))
const [rtmpPort = 0, httpPort = 0, spareHttpPort = 0] = await freePorts(3)
const file = join(directory, "sluice.conf")
writeFileSync(
  file,
  configuration(
    { mergedRead: false, minLatency: false, tracing: true, hls: "off" },
    { directory, rtmpPort, httpPort, spareHttpPort }
  ).concat(`http_api { enabled on; listen ${host}:${spareHttpPort}; }\n`)
)
const main = resolve(import.meta.dirname, "../src/main.ts")
const server = new ServerProcess(
  { program: process.execPath, args: ["run", main, "-c", file], directory },
  join(directory, "server.log")
)
for (const port of [rtmpPort, spareHttpPort]) await listening(server, port, performance.now())

const residentMegabytes = (): number =>
  parseStatus(readFileSync(`/proc/${server.pid}/status`, "utf8")).resident / 1024 / 1024

/** Publisher and reader, too. */
const clientsOfServer = async (): Promise<number> => {
  const response = await fetch(`http://${host}:${spareHttpPort}/api/v1/streams/`)
  const { streams } = (await response.json()) as { readonly streams: ReadonlyArray<{ readonly clients: number }> }
  return streams[0]?.clients ?? 0
}

const url = `rtmp://${host}:${rtmpPort}/live/a`
const handshake = new Uint8Array(1 + 1536 + 1536)
handshake[0] = 3
const connectFields = amfObject({ app: "live", tcUrl: `rtmp://${host}:${rtmpPort}/live` })
/** All that a viewer ever says, whatever is answered. */
const wholeDialogue = Buffer.concat([
  handshake,
  ...[
    connectionCommand("connect", 1, connectFields),
    connectionCommand("createStream", 2, null),
    streamCommand(1, "play", 3, "a")
  ].map((message) => encodeMessage({ ...message, timestamp: 0, chunkSize: 128 }))
])

let stuck: ReadonlyArray<Socket> = []
const nextRound = (): void => {
  for (const socket of stuck) socket.destroy()
  stuck = Array.from({ length: viewers }, () => {
    const socket = connect({ host, port: rtmpPort }, () => socket.write(wholeDialogue))
    socket.on("error", () => undefined)
    return socket.pause()
  })
}

const reader = { next: 0, lost: 0, got: 0 }

const publish = Effect.gen(function* () {
  const publication = yield* (yield* RtmpClient).publish(url)
  publication.send({ type: 9, timestamp: 0, body: Buffer.from("17000000000164001fffe1000467640000010004", "hex") })
  for (let number = 0; ; number++) {
    const body = Buffer.alloc(pictureBytes, 0x5a)
    body.set([number % picturesPerGroup === 0 ? 0x17 : 0x27, 1, 0, 0, 0])
    body.writeUInt32BE(number, 5)
    publication.send({ type: 9, timestamp: number * pictureMillis, body })
    yield* Effect.sleep(pictureMillis)
  }
}).pipe(Effect.andThen(Effect.never))

const read = Effect.gen(function* () {
  const subscription = yield* (yield* RtmpClient).play(url)
  return yield* subscription.run(({ bytes, end, start, type }) => {
    if (type !== 9 || end - start !== pictureBytes) return
    const number = Buffer.from(bytes.buffer, bytes.byteOffset + start).readUInt32BE(5)
    if (reader.got > 0) reader.lost += number - reader.next
    reader.next = number + 1
    reader.got++
  })
})

const watch = Effect.gen(function* () {
  yield* Effect.sleep(calmSeconds * 1000)
  const before = residentMegabytes()
  let most = before
  let mostClients = 0
  for (let second = 0; second < seconds; second++) {
    if (second % roundSeconds === 0) nextRound()
    yield* Effect.sleep(1000)
    if (!server.running) return yield* Effect.die(new Error(server.failure))
    most = Math.max(most, residentMegabytes())
    mostClients = Math.max(mostClients, yield* Effect.promise(clientsOfServer))
    if (second % 10 === 9) console.log(`${second + 1} s: ${(most - before).toFixed(1)} MB more`)
  }
  return { before, growth: most - before, stuckAtOnce: mostClients - 2 }
})

const clients = RtmpClientLayer.layer.pipe(Layer.provide(Tcp.layer))
const { before, growth, stuckAtOnce } = await Effect.runPromise(
  Effect.raceFirst(watch, Effect.raceFirst(publish, Effect.andThen(Effect.sleep(1000), read))).pipe(
    Effect.scoped,
    Effect.provide(clients)
  )
)
const readByThem = stuck.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
console.log(`${stuckAtOnce} of ${viewers} were stuck at once; the last of them read ${readByThem} bytes`)
console.log(
  `resident memory: ${before.toFixed(1)} MB, then at most ${growth.toFixed(1)} more (at most ${maxGrowthMegabytes})`
)
console.log(`the reader got ${reader.got} pictures and lost ${reader.lost}`)
for (const socket of stuck) socket.destroy()
await server[Symbol.asyncDispose]()
rmSync(directory, { recursive: true, force: true })
const isSound = stuckAtOnce >= viewers && growth <= maxGrowthMegabytes && reader.lost === 0
process.exit(isSound && reader.got >= (seconds * 1000) / pictureMillis ? 0 : 1)
