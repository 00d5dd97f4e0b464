/** The RTMP server in memory, and clients that are typed from RTMP 1.0 and AMF0: none of the server's code in them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { layerText } from "../../../src/layers/config/Settings.ts"
import { layerAllowAll } from "../../../src/layers/access/Authorizer.ts"
import * as Listeners from "../../../src/layers/listeners/Listeners.ts"
import * as RtmpListener from "../../../src/layers/rtmp/RtmpListener.ts"
import { make, type MemoryConnection, type MemoryNetwork } from "../../../src/layers/transport/Memory.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as Playback from "../../../src/layers/source/Playback.ts"
import * as SourceRegistryLayer from "../../../src/layers/source/SourceRegistry.ts"
import type { Authorizer } from "../../../src/services/Authorizer.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { SpecChunkReader, type SpecMessage } from "../../support/specChunkReader.ts"

type Amf = string | number | boolean | null | { readonly [key: string]: Amf }

const text = (value: string) => Buffer.from([value.length >> 8, value.length & 255, ...Buffer.from(value)])

const amf = (value: Amf): Buffer => {
  if (typeof value === "string") return Buffer.concat([Buffer.of(2), text(value)])
  if (typeof value === "boolean") return Buffer.of(1, value ? 1 : 0)
  if (value === null) return Buffer.of(5)
  if (typeof value === "object") {
    const members = Object.entries(value).flatMap(([key, member]) => [text(key), amf(member)])
    return Buffer.concat([Buffer.of(3), ...members, Buffer.of(0, 0, 9)])
  }
  const number = Buffer.alloc(9)
  number.writeDoubleBE(value, 1)
  return number
}

/** A message with a full header and the chunk size that holds until somebody changes it. */
export const message = (
  chunkStreamId: number,
  type: number,
  streamId: number,
  time: number,
  body: Uint8Array
): Buffer => {
  const header = Buffer.alloc(12)
  header[0] = chunkStreamId
  header.writeUIntBE(time, 1, 3)
  header.writeUIntBE(body.length, 4, 3)
  header[7] = type
  header.writeUInt32LE(streamId, 8)
  const parts: Array<Uint8Array> = [header, body.subarray(0, 128)]
  for (let at = 128; at < body.length; at += 128) {
    parts.push(Buffer.of(0xc0 | chunkStreamId), body.subarray(at, at + 128))
  }
  return Buffer.concat(parts)
}

const nameOf = ({ body, type }: SpecMessage): string => {
  const all = Buffer.from(body).toString("latin1")
  if (type !== 20) return `${type}`
  const name = all.slice(3, 3 + body[2])
  const code = /Net(Stream|Connection)\.[A-Za-z.]+/.exec(all)?.[0]
  return code === undefined ? name : `${name} ${code}`
}

export class Client {
  readonly connection: MemoryConnection
  readonly reader = new SpecChunkReader()
  closed = false
  #handshake = Buffer.alloc(0)
  #read = 0

  constructor(connection: MemoryConnection) {
    this.connection = connection
  }

  /** Reads until the server closes. */
  readonly run = Effect.suspend(() =>
    this.connection.readWhile((bytes) => {
      this.#received(bytes)
      return true
    })
  ).pipe(Effect.ignore, Effect.andThen(Effect.sync(() => (this.closed = true))))

  #received(bytes: Uint8Array): void {
    if (this.#handshake.length >= 3073) return this.reader.push(bytes)
    this.#handshake = Buffer.concat([this.#handshake, bytes])
    if (this.#handshake.length > 3073) this.reader.push(new Uint8Array(this.#handshake.subarray(3073)))
  }

  send(bytes: Uint8Array): void {
    this.connection.write(new Uint8Array(bytes))
  }

  call(streamId: number, name: string, transaction: number, ...args: ReadonlyArray<Amf>): void {
    const body = Buffer.concat([name, transaction, ...args].map(amf))
    this.send(message(streamId === 0 ? 3 : 8, 20, streamId, 0, body))
  }

  /** C0, C1 and C2: a simple handshake, without waiting. */
  shakeHands(): void {
    this.send(Buffer.concat([Buffer.of(3), Buffer.alloc(3072)]))
  }

  connect(tcUrl: string, facts: { readonly [key: string]: Amf } = {}): void {
    this.shakeHands()
    const app = tcUrl.split("/").slice(3).join("/")
    this.call(0, "connect", 1, { app, flashVer: "FMLE/3.0", tcUrl, ...facts })
  }

  audio(streamId: number, time: number, ...body: ReadonlyArray<number>): void {
    this.send(message(4, 8, streamId, time, Buffer.from([0xaf, ...body])))
  }

  video(streamId: number, time: number, ...body: ReadonlyArray<number>): void {
    this.send(message(6, 9, streamId, time, Buffer.from(body)))
  }

  /** Headers and a keyframe. */
  media(streamId: number, time: number, mark = 0): void {
    this.audio(streamId, time, 0, 0x12, 0x10)
    this.video(streamId, time, 0x17, 0, 0, 0, 0, 1, mark)
    this.video(streamId, time, 0x17, 1, 0, 0, 0, 0xee, mark)
    this.audio(streamId, time + 1, 1, 0xaa, mark)
  }

  /** Names and status codes of commands, types of other messages, since the last time asked. */
  heard(): ReadonlyArray<string> {
    const names = this.reader.messages.slice(this.#read).map(nameOf)
    this.#read = this.reader.messages.length
    return names
  }

  /** Audio and video as `stream:time:body`. */
  get played(): Array<string> {
    return this.reader.messages
      .filter(({ type }) => type === 8 || type === 9)
      .map(({ body, streamId, timestamp }) => `${streamId}:${timestamp}:${Buffer.from(body).toString("hex")}`)
  }
}

/** What `media` sends, as it is played at a time. */
export const mediaAt = (streamId: number, time: number, mark = "00"): Array<string> => [
  `${streamId}:${time}:af001210`,
  `${streamId}:${time}:170000000001${mark}`,
  `${streamId}:${time}:1701000000ee${mark}`,
  `${streamId}:${time + 1}:af01aa${mark}`
]

const core = Playback.layer.pipe(
  Layer.provideMerge(SourceRegistryLayer.layer),
  Layer.provideMerge(Layer.mergeAll(GopCache.layer, SessionsLayer.layer, Listeners.layer))
)

export const tick = TestClock.adjust(0)

export const harness = Effect.fnUntraced(function* (
  settings = "",
  network: MemoryNetwork = {},
  authorizer: Layer.Layer<Authorizer> = layerAllowAll
) {
  const base = Layer.mergeAll(Layer.succeed(Transport, make(network)), layerText(settings), authorizer)
  const services = yield* Layer.build(RtmpListener.layer.pipe(Layer.provideMerge(core), Layer.provideMerge(base)))
  const sessions = Context.get(services, Sessions)
  const registry = Context.get(services, SourceRegistry)

  /** A client that has not said anything. */
  const open = Effect.gen(function* () {
    const endpoint = { host: "127.0.0.1", port: 1935 }
    const connection = yield* Context.get(services, Transport).connect(endpoint, { timeoutMillis: 1000 })
    const client = new Client(connection as MemoryConnection)
    yield* Effect.forkScoped(client.run)
    return client
  })

  const connected = Effect.fnUntraced(function* (tcUrl = "rtmp://localhost/live", facts = {}) {
    const client = yield* open
    client.connect(tcUrl, facts)
    yield* tick
    client.heard()
    return client
  })

  /** A Flash publisher on stream 1. */
  const publisher = Effect.fnUntraced(function* (name: string, tcUrl?: string) {
    const client = yield* connected(tcUrl)
    client.call(0, "createStream", 2, null)
    client.call(1, "publish", 3, null, name, "live")
    yield* tick
    return client
  })

  const player = Effect.fnUntraced(function* (name: string, tcUrl?: string) {
    const client = yield* connected(tcUrl)
    client.call(0, "createStream", 2, null)
    client.call(1, "play", 3, null, name)
    yield* tick
    return client
  })

  return { services, sessions, registry, open, connected, publisher, player }
})
