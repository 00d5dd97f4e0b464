/** The RTMP client against nginx-rtmp, FFmpeg at the other end. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Tls from "node:tls"
import { afterAll, beforeAll, expect, test } from "bun:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as RtmpClientLayer from "../../src/layers/rtmp/RtmpClient.ts"
import * as Tcp from "../../src/layers/transport/Tcp.ts"
import { RtmpClient, type Publication } from "../../src/services/RtmpClient.ts"
import { play, publish } from "../support/clients.ts"
import { FlvReader, type Packet } from "../support/flvReader.ts"
import { flvHeader, type FlvTag, readFlvTags, writeFlvTag } from "../support/flvTags.ts"
import { clip, trace } from "../support/media.ts"
import { NginxRtmp } from "../support/nginxRtmp.ts"
import { Program, words } from "../support/program.ts"

let nginx: NginxRtmp
beforeAll(async () => {
  nginx = await NginxRtmp.start()
})
afterAll(() => nginx[Symbol.asyncDispose]())

const run = <A, E>(self: Effect.Effect<A, E, RtmpClient | Scope.Scope>): Promise<A> =>
  Effect.runPromise(self.pipe(Effect.scoped, Effect.provide(RtmpClientLayer.layer.pipe(Layer.provide(Tcp.layer)))))

/** AMF0 string `@setDataFrame`, which publishers put before `onMetaData`. */
const setDataFrame = Buffer.from("02000d40736574446174614672616d65", "hex")

const sendAll = (publication: Publication, tags: ReadonlyArray<FlvTag>): void => {
  for (const { type, timestamp, body } of tags) {
    publication.send({ type, timestamp, body: type === 18 ? Buffer.concat([setDataFrame, body]) : body })
  }
}

/** Plays until the server ends the stream; the packets, and why it ended. */
const record = (url: string, started: () => void, options = {}) =>
  Effect.gen(function* () {
    const client = yield* RtmpClient
    const subscription = yield* client.play(url, options)
    const reader = new FlvReader()
    reader.push(flvHeader)
    started()
    const end = yield* subscription
      .run(({ type, timestamp, bytes, start, end }) =>
        reader.push(writeFlvTag({ type, timestamp, body: bytes.subarray(start, end) }))
      )
      .pipe(Effect.flip)
    return { packets: reader.packets, end }
  })

const expectSame = (received: ReadonlyArray<Packet>, sent: ReadonlyArray<Packet>): void => {
  for (const kind of ["video", "audio"] as const) expect(trace(received, kind)).toEqual(trace(sent, kind))
}

test("FFmpeg plays from nginx what the client publishes", async () => {
  const { path, packets } = await clip("h264Aac")
  const url = nginx.url("live/published")
  await using player = play(url)
  await nginx.playing("published")
  await run(
    Effect.gen(function* () {
      const client = yield* RtmpClient
      const publication = yield* client.publish(url)
      expect(publication.server.information.get("code")).toBe("NetConnection.Connect.Success")
      sendAll(publication, readFlvTags(path))
      yield* publication.drained
      yield* Effect.promise(() => player.receivedEndOf(packets))
    })
  )
  expectSame(player.packets, packets)
}, 30_000)

test.each(["simple", "complex"] as const)(
  "the client plays what FFmpeg publishes, %s handshake",
  async (handshake) => {
    const { path, packets } = await clip("h264Aac")
    const url = nginx.url(`live/played-${handshake}`)
    const programs: Array<Program> = []
    const { packets: received, end } = await run(
      record(url, () => void programs.push(publish(path, url)), { handshake })
    )
    for (const program of programs) await program.succeeded()
    expect(end).toMatchObject({ _tag: "RtmpStopped", code: "NetStream.Play.UnpublishNotify" })
    expectSame(received, packets)
  },
  30_000
)

test("the client plays what the client publishes, and the stream ends with the publisher's scope", async () => {
  const { path, packets } = await clip("h264Aac")
  const url = nginx.url("live/both")
  const recorded = await run(
    Effect.gen(function* () {
      const client = yield* RtmpClient
      const started = yield* Deferred.make<void>()
      const publishing = Effect.gen(function* () {
        yield* Deferred.await(started)
        const publication = yield* client.publish(url, { chunkSize: 1000 })
        sendAll(publication, readFlvTags(path))
      }).pipe(Effect.scoped)
      const [recorded] = yield* Effect.all([record(url, () => Deferred.doneUnsafe(started, Effect.void)), publishing], {
        concurrency: 2
      })
      return recorded
    })
  )
  expect(recorded.end).toMatchObject({ _tag: "RtmpStopped" })
  expectSame(recorded.packets, packets)
}, 30_000)

/** TLS in front of nginx. */
const tlsFront = async (): Promise<{ readonly port: number } & AsyncDisposable> => {
  const directory = mkdtempSync(join(tmpdir(), "sluice-tls-"))
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")]
  const options = words("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost")
  await using openssl = new Program(["openssl", ...options, "-keyout", key, "-out", cert])
  await openssl.succeeded()
  const server = Tls.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (client) => {
    const upstream = Net.connect(nginx.port, "127.0.0.1")
    client.pipe(upstream).pipe(client)
    client.on("error", () => upstream.destroy())
    upstream.on("error", () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  rmSync(directory, { recursive: true })
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port: (server.address() as Net.AddressInfo).port, [Symbol.asyncDispose]: close }
}

test("RTMPS: encrypted to the front, with the certificate checked unless told otherwise", async () => {
  const { path, packets } = await clip("h264Aac")
  await using front = await tlsFront()
  const url = `rtmps://localhost:${front.port}/live/tls`
  await using player = play(nginx.url("live/tls"))
  await nginx.playing("tls")
  await run(
    Effect.gen(function* () {
      const client = yield* RtmpClient
      expect(yield* Effect.flip(client.publish(url))).toMatchObject({ _tag: "TransportFailed" })
      const publication = yield* client.publish(url, { verifyCertificate: false })
      sendAll(publication, readFlvTags(path))
      yield* Effect.promise(() => player.receivedEndOf(packets))
    })
  )
  expectSame(player.packets, packets)
}, 30_000)

test("a busy name is refused with the server's code", async () => {
  const url = nginx.url("live/busy")
  const error = await run(
    Effect.gen(function* () {
      const client = yield* RtmpClient
      yield* client.publish(url)
      return yield* Effect.flip(client.publish(url))
    })
  )
  expect(error).toMatchObject({ _tag: "RtmpRefused", code: "NetStream.Publish.BadName", url })
}, 30_000)

test("a server that closes instead of answering is told apart", async () => {
  const client = Effect.flatMap(RtmpClient, (client) => Effect.flip(client.publish(nginx.url("nosuch/cam"))))
  expect(await run(client)).toMatchObject({ _tag: "ConnectionClosed" })
}, 30_000)
