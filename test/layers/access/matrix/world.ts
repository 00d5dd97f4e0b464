/** Whole servers in memory, one for each set of protocols that can be on together, and a client of each protocol. */
import { mkdtempSync, rmSync } from "node:fs"
import { stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { AudioId } from "../../../../src/domain/codec/CodecId.ts"
import { Kind, MediaFrame } from "../../../../src/domain/media/MediaFrame.ts"
import * as Config from "../../../../src/layers/config/Settings.ts"
import * as RtmpClientLayer from "../../../../src/layers/rtmp/RtmpClient.ts"
import * as Memory from "../../../../src/layers/transport/Memory.ts"
import { server } from "../../../../src/server.ts"
import { Dash } from "../../../../src/services/Dash.ts"
import { HlsSegmenter } from "../../../../src/services/HlsSegmenter.ts"
import { InProcess } from "../../../../src/services/InProcess.ts"
import { Listeners } from "../../../../src/services/Listeners.ts"
import { RtmpClient } from "../../../../src/services/RtmpClient.ts"
import { ServerIdentity } from "../../../../src/services/ServerIdentity.ts"
import { Settings } from "../../../../src/services/Settings.ts"
import { Transport } from "../../../../src/services/Transport.ts"
import { accept, answer, callbackServer } from "../../../support/callbackServer.ts"
import { stream as media } from "../../../domain/hls/frames.ts"

/** What stands in the vhost beside the rule. Each URL that a protocol contributes is asked. */
export const worlds = {
  "RTMP and live bodies": "http_remux { enabled on; formats ts mp4 aac; }",
  "HTTP-MP3": "http_remux { enabled on; mount [vhost]/[app]/[stream].mp3; }",
  HLS: "hls { enabled on; hls_fragment 1; hls_storage memory; hls_ctx on; }",
  "HLS without hls_ctx": "hls { enabled on; hls_fragment 1; hls_storage memory; hls_ctx off; }",
  "HLS of fMP4, with low latency":
    "hls { enabled on; hls_fragment 1; hls_storage memory; hls_use_fmp4 on; hls_low_latency on; }",
  DASH: "dash { enabled on; dash_fragment 1; dash_path PATH; }"
} as const

const upgrade = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
]

/** The status of the answer, with its text as it came so far; 0 for none. */
const ask = Effect.fnUntraced(function* (url: string, fields: ReadonlyArray<string>) {
  const { host, pathname, port, search } = new URL(url)
  const transport = yield* Transport
  const connection = yield* transport.connect({ host, port: Number(port) || 443 }, { timeoutMillis: 1000 })
  connection.write(Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\n${["Host: h", ...fields].join("\r\n")}\r\n\r\n`))
  let text = ""
  const read = Effect.forever(
    Effect.map(connection.read, (bytes) => void (text += Buffer.from(bytes).toString("latin1")))
  )
  const fiber = yield* Effect.forkChild(Effect.ignore(read))
  const hasAnswer = () => text.includes("\r\n\r\n") || fiber.pollUnsafe() !== undefined
  yield* untilDone(hasAnswer)
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }
}, Effect.scoped)

/** Lets other fibers run, for so long, and what the system is asked for be done: hashes and files are not of the clock. */
const turn = (millis: number) =>
  Effect.andThen(
    Effect.promise(() => stat(".")),
    TestClock.adjust(millis)
  )

/** For ten seconds of the system's time at most, in which so many of the clock's pass. */
const untilDone = Effect.fnUntraced(function* (isDone: () => boolean) {
  const end = performance.now() + 10_000
  for (let look = 0; !isDone() && performance.now() < end; look++) yield* turn(look < 1000 ? 10 : 0)
})

/** Whether it succeeds, however long the system takes for it. */
const succeeds = Effect.fnUntraced(function* <R>(what: string, self: Effect.Effect<unknown, unknown, R>) {
  const fiber = yield* Effect.forkChild(Effect.scoped(Effect.exit(self)))
  yield* untilDone(() => fiber.pollUnsafe() !== undefined)
  if (fiber.pollUnsafe() === undefined) throw new Error(`neither let in nor refused: ${what}`)
  return Exit.isSuccess(yield* Fiber.join(fiber))
})

/** Let in once it has received something. */
const playRtmp = (url: string) =>
  succeeds(
    url,
    Effect.gen(function* () {
      const client = yield* RtmpClient
      const playing = yield* client.play(url)
      const received = Deferred.makeUnsafe<void>()
      const run = playing.run(() => Deferred.doneUnsafe(received, Effect.void))
      yield* Effect.raceFirst(Deferred.await(received), Effect.andThen(run, Effect.fail("ended")))
    })
  )

const playHttp = (fields: ReadonlyArray<string>) => (url: string, more: ReadonlyArray<string>) =>
  Effect.map(ask(url, [...fields, ...more]), ({ status }) => {
    if (![0, 101, 200, 401, 403, 503].includes(status)) throw new Error(`${url} has status ${status}`)
    return status === 200 || status === 101
  })

type Play = (
  url: string,
  fields: ReadonlyArray<string>
) => Effect.Effect<boolean, unknown, Transport | RtmpClient | Scope.Scope>

/** By scheme: a protocol that has none here fails the matrix. */
export const players: Readonly<Record<string, Play>> = {
  "rtmp:": playRtmp,
  "rtmps:": playRtmp,
  "http:": playHttp([]),
  "https:": playHttp([]),
  "ws:": playHttp(upgrade),
  "wss:": playHttp(upgrade)
}

/** A second of sound alone, of frames of 128 kbps at 44.1 kHz. */
const mp3 = (from: number) =>
  Array.from({ length: 38 }, (_, place) => {
    const bytes = new Uint8Array(1 + 417)
    bytes.set([0x2f, 0xff, 0xfb, 0x90, 0x64])
    const more = { kind: Kind.Audio, codec: AudioId.Mp3, published: from + 26 * place, dataStart: 1 }
    return new MediaFrame({ ...more, bytes, start: 0, end: bytes.length })
  })

const withQuery = (url: string, query: string): string =>
  query === "" || !url.includes("?") ? url + query : `${url}&${query.slice(1)}`

/** One stream is published, `live/a`, and stays; what the rule is changes by reload. */
export const startWorld = Effect.fnUntraced(function* (protocols: string) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-matrix-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const configuration = (directives: string, top = "") => `
    listen 1935; max_connections 1000; ${top}
    http_server { enabled on; dir ${folder}/none; https { enabled on; } }
    rtmps { enabled on; }
    vhost __defaultVhost__ { publish { normal_timeout 1000000; } ${protocols.replace("PATH", folder)} ${directives} }`
  const source = { _tag: "Text" as const, text: configuration("") }
  let [address, place] = ["", 0]
  const network: Memory.MemoryNetwork = { clientAddress: () => address }
  const facts = { docker: false, localAddresses: 1, openFiles: Infinity }
  const ground = Layer.mergeAll(
    Config.layer(source, { environment: {}, facts }),
    Layer.succeed(Transport, Memory.make(network)),
    Layer.succeed(ServerIdentity, { server: "test", service: "test", pid: 1 })
  )
  const services = yield* Layer.build(
    RtmpClientLayer.layer.pipe(Layer.provideMerge(server), Layer.provideMerge(ground))
  )
  const settings = Context.get(services, Settings)
  const inProcess = Context.get(services, InProcess)
  const given = Effect.provideContext(services)
  yield* given(callbackServer(8085, ({ path }) => (path === "/no" ? answer(200, "1") : accept)))
  const { send } = yield* inProcess.publish("live/a")
  const frames = protocols.includes(".mp3") ? mp3 : (from: number) => media({ from, millis: 1000 })
  for (let from = 0; from < 5000; from += 1000) send(...frames(from))
  // Nobody waits for more than a second for something to play.
  let from = 5000
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.gen(function* () {
        yield* Effect.sleep(1000)
        send(...frames(from))
        from += 1000
      })
    )
  )

  const urls = () => Context.get(services, Listeners).playUrls({ vhost: "__defaultVhost__", app: "live", stream: "a" })
  /** Lists are there once their segments are. */
  const listed = () =>
    [...Context.get(services, HlsSegmenter).outputs()].every((output) => output.playlist() !== undefined) &&
    [...Context.get(services, Dash).outputs()].every((output) => output.mpd() !== undefined)
  yield* untilDone(listed)

  return {
    urls,
    ask: (url: string) => given(ask(url, [])),
    /** From now on this is the rule, and clients come from there. Nobody is remembered. */
    rule: Effect.fnUntraced(function* (directives: string, from: string, top = "") {
      source.text = configuration(directives, top)
      address = from
      place++
      const { failures } = yield* settings.reload
      if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join())
    }),
    plays: (url: string, query = "", fields: ReadonlyArray<string> = []) => {
      const play = players[new URL(url).protocol]
      if (play === undefined) throw new Error(`nothing here plays ${url}`)
      return given(play(withQuery(withQuery(url, query), `?place=${place}`), fields))
    },
    /** Plays over RTMP until the scope closes. */
    holds: () =>
      given(
        Effect.gen(function* () {
          const playing = yield* Effect.flatMap(RtmpClient, ({ play }) => play("rtmp://localhost/live/a"))
          const received = Deferred.makeUnsafe<void>()
          yield* Effect.forkScoped(playing.run(() => Deferred.doneUnsafe(received, Effect.void)))
          yield* untilDone(() => Deferred.isDoneUnsafe(received))
        })
      ),
    /** Where a viewer who was let in is sent to: segments, and whatever else its list names. */
    files: Effect.fnUntraced(function* () {
      const [first = ""] = urls().filter((url) => url.startsWith("http:") && /\.(?:m3u8|mpd)$/.test(url))
      const { text } = yield* given(ask(first, []))
      // The list of HLS may be but the way to the viewer's own.
      const own = /^[^#\s].*hls_ctx=.*$/m.exec(text.slice(text.indexOf("\r\n\r\n")))?.[0]?.trim()
      const list = own === undefined ? text : (yield* given(ask(new URL(own, first).href, []))).text
      const base = new URL(/<BaseURL>(.*)<\/BaseURL>/.exec(list)?.[1] ?? "", first)
      const written = list.replaceAll("$RepresentationID$", "video").replaceAll("$Number$", "1")
      const names = written.match(/[\w./-]+\.(?:ts|m4s|mp4)\b(?:\?[\w=&]+)?/g) ?? []
      return [...new Set(names)].map((name) => new URL(name, base))
    }),
    playsInProcess: (query = "") =>
      succeeds(
        "playing in process",
        Effect.flatMap(Stream.runHead(inProcess.subscribe(`live/a${query}`)), Effect.fromOption)
      ),
    publishes: (query = "") =>
      given(
        Effect.gen(function* () {
          const { publish } = yield* RtmpClient
          return {
            RTMP: yield* succeeds("publishing by RTMP", publish(`rtmp://localhost/live/p${query}`)),
            RTMPS: yield* succeeds("publishing by RTMPS", publish(`rtmps://localhost/live/p${query}`)),
            process: yield* succeeds("publishing by process", inProcess.publish(`live/p${query}`))
          }
        })
      )
  }
})
