/** A viewer of a simulation: checks each frame that it gets against what the logs took. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { MemoryConnection } from "../../src/layers/transport/Memory.ts"
import type { RtmpClient, Subscription } from "../../src/services/RtmpClient.ts"
import type { Source } from "../../src/services/SourceRegistry.ts"
import type { Transport } from "../../src/services/Transport.ts"
import { FlvReader } from "../support/flvReader.ts"
import { frameOf } from "./identity.ts"
import { Dialled } from "./network.ts"
import type { Appended, Witness } from "./Witness.ts"

export class SimulatedViewer {
  readonly number: number
  readonly protocol: "rtmp" | "http"
  readonly stream: string
  readonly scope = Scope.makeUnsafe()
  connection: MemoryConnection | undefined
  ended = false
  paused = false
  stalled = false
  /** Since when nothing keeps it from following, virtual milliseconds. */
  freeSince = 0
  frames = 0
  gaps = 0
  last: Appended | undefined
  readonly #witness: Witness
  readonly #source: () => Source | undefined
  #subscription: Subscription | undefined
  /** Publisher of the codec header it has, by kind. */
  readonly #headers = new Map<number, number>()
  readonly #times = new Map<number, number>()
  #offset: number | undefined

  constructor(
    number: number,
    protocol: "rtmp" | "http",
    stream: string,
    witness: Witness,
    source: () => Source | undefined
  ) {
    this.number = number
    this.protocol = protocol
    this.stream = stream
    this.#witness = witness
    this.#source = source
  }

  start(client: RtmpClient["Service"], transport: Transport["Service"], url: URL): Effect.Effect<void> {
    url.searchParams.set("viewer", String(this.number))
    const program = (this.protocol === "rtmp" ? this.#rtmp(client, url) : this.#http(transport, url)).pipe(
      Effect.provideService(Dialled, (connection) => (this.connection = connection)),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          this.ended = true
          if (Exit.hasDies(exit)) this.#breach(String(exit))
        })
      ),
      Effect.ignoreCause,
      Scope.provide(this.scope)
    )
    return Effect.asVoid(Effect.forkIn(program, this.scope))
  }

  pause(paused: boolean): void {
    this.paused = paused
    this.#subscription?.call("pause", paused, 0)
  }

  get canPause(): boolean {
    return this.#subscription !== undefined && !this.ended
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => Scope.close(this.scope, Exit.void))

  readonly #rtmp = Effect.fnUntraced({ self: this }, function* (client: RtmpClient["Service"], url: URL) {
    const subscription = yield* client.play(url.href, { endpoint: { host: "server", port: 1935 } })
    this.#subscription = subscription
    yield* subscription.run(({ bytes, end, start, timestamp, type }) => {
      if (type === 8 || type === 9) this.#receive(type, timestamp, bytes.subarray(start, end))
    })
  })

  readonly #http = Effect.fnUntraced({ self: this }, function* (transport: Transport["Service"], url: URL) {
    const connection = yield* transport.connect({ host: "server", port: 8080 }, { timeoutMillis: 1000 })
    connection.write(Buffer.from(`GET ${url.pathname}.flv${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`))
    const reader = new FlvReader()
    let head = ""
    while (true) {
      let bytes = yield* connection.read
      if (!head.endsWith("\r\n\r\n")) {
        const text = head + Buffer.from(bytes).toString("latin1")
        const end = text.indexOf("\r\n\r\n") + 4
        if (end < 4) {
          head = text
          continue
        }
        bytes = bytes.subarray(end - head.length)
        head = text.slice(0, end)
        if (!head.startsWith("HTTP/1.1 200 ")) return
      }
      reader.push(bytes)
      for (const { body, timestamp, type } of reader.tags) {
        if (type === 8 || type === 9) this.#receive(type, timestamp, body)
      }
      reader.tags.length = 0
      reader.packets.length = 0
    }
  })

  #breach(text: string): void {
    this.#witness.breach(`${this.protocol} viewer ${this.number} of ${this.stream}: ${text}`)
  }

  #receive(kind: 8 | 9, timestamp: number, body: Uint8Array): void {
    const source = this.#source()
    const { header, publisher, sequence } = frameOf(kind, body)
    this.#checkOrder(kind, timestamp)
    if (!this.#witness.isAdmitted(this.number)) this.#breach("got media before it was authorised")
    if (header) return void this.#headers.set(kind, publisher)
    const frame =
      source === undefined ? undefined : this.#witness.find(source, publisher, sequence, this.last?.index ?? -1)
    const name = `frame ${sequence} (${kind === 9 ? "video" : "audio"}) of publisher ${publisher}`
    if (frame === undefined) return this.#breach(`${name} is in no log of its stream`)
    if (this.#headers.get(kind) !== publisher) this.#breach(`${name} without its codec header`)
    this.#checkPlace(frame, name)
    this.#checkTime(frame, timestamp, name)
    this.last = frame
    this.frames++
  }

  #checkOrder(kind: number, timestamp: number): void {
    const before = this.#times.get(kind)
    if (before !== undefined && ((timestamp - before) | 0) < 0) {
      this.#breach(`time of kind ${kind} goes back from ${before} to ${timestamp}`)
    }
    this.#times.set(kind, timestamp)
  }

  /** Subsequence of the log, whole groups of pictures missing only. */
  #checkPlace(frame: Appended, name: string): void {
    const { last } = this
    const canEnter = frame.keyframe || !frame.hasVideo
    if (last === undefined) {
      if (!canEnter && !frame.first) this.#breach(`${name} is the first it gets`)
      return
    }
    if (frame.index <= last.index)
      return this.#breach(`${name} comes after ${last.index} of the log, is ${frame.index}`)
    const missing = frame.media - last.media - 1
    if (missing === 0) return
    this.gaps++
    if (!canEnter) this.#breach(`${missing} frames are missing before ${name}, which is no keyframe`)
  }

  /** The repaired times of the log, moved by a difference that stays. */
  #checkTime(frame: Appended, timestamp: number, name: string): void {
    const offset = (timestamp - frame.timestamp) >>> 0
    this.#offset ??= this.protocol === "http" ? 0 : offset
    if (offset !== this.#offset) this.#breach(`${name} is ${(offset - this.#offset) | 0} ms off its time`)
  }
}
