/** A publisher of a simulation: an encoder's pace, with the things that happen to encoders and their networks. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { encodeMessage } from "../../src/domain/rtmp/ChunkWriter.ts"
import type { MemoryConnection } from "../../src/layers/transport/Memory.ts"
import type { Publication, RtmpClient } from "../../src/services/RtmpClient.ts"
import { bodyOf, type FrameKind, metadataBody, type SimulatedFrame } from "./identity.ts"
import { Dialled } from "./network.ts"
import type { Chance } from "./random.ts"

const chunkSize = 60_000
/** What `RtmpClient` is told its stream's id is, by this server. */
const streamId = 1

interface Shape {
  readonly videoMillis: number
  readonly audioMillis: number
  readonly gopFrames: number
  readonly fillerBytes: number
}

const shapeOf = (chance: Chance): Shape => {
  const kind = chance.below(6)
  return {
    videoMillis: kind === 0 ? Infinity : chance.between(40, 500),
    audioMillis: kind === 1 ? Infinity : chance.between(80, 400),
    gopFrames: chance.between(1, 30),
    fillerBytes: chance.oneIn(6) ? 40_000 : 400
  }
}

export class SimulatedPublisher {
  readonly number: number
  readonly stream: string
  readonly scope = Scope.makeUnsafe()
  connection: MemoryConnection | undefined
  ended = false
  silent = false
  #publication: Publication | undefined
  readonly #chance: Chance
  readonly #shape: Shape
  #base: number
  #begunAt: number | undefined
  #sequence = 0
  #nextVideo = 0
  #nextAudio = 0
  #pictures = 0

  constructor(number: number, stream: string, chance: Chance) {
    this.number = number
    this.stream = stream
    this.#chance = chance
    this.#shape = shapeOf(chance)
    // Some begin just before 32 bits of milliseconds wrap, or 31 bits end.
    this.#base = chance.pick([0, chance.below(100_000), 2 ** 32 - chance.below(200_000), 2 ** 31 - 60_000])
  }

  get isLive(): boolean {
    return this.#publication !== undefined && !this.ended
  }

  start(client: RtmpClient["Service"], url: string): Effect.Effect<void> {
    const dialled = (connection: MemoryConnection) => (this.connection = connection)
    const live = client.publish(url, { endpoint: { host: "server", port: 1935 }, chunkSize }).pipe(
      Effect.flatMap((publication) => {
        this.#publication = publication
        return Deferred.await(publication.ended)
      }),
      Effect.provideService(Dialled, dialled),
      Effect.onExit(() => Effect.sync(() => (this.ended = true))),
      Effect.ignoreCause,
      Scope.provide(this.scope)
    )
    return Effect.asVoid(Effect.forkIn(live, this.scope))
  }

  /** Sends what is due. Before the server's consent too, now and then, as hasty encoders do. */
  send(nowMillis: number): void {
    if (this.ended || this.silent || this.connection === undefined) return
    if (!this.isLive && !this.#chance.oneIn(3)) return
    this.#begunAt ??= this.#begin(nowMillis)
    const due = nowMillis - this.#begunAt
    // After a pause an encoder goes on with the present.
    if (due - Math.min(this.#nextVideo, this.#nextAudio) > 10_000) {
      if (this.#nextVideo < due) this.#nextVideo = due
      if (this.#nextAudio < due) this.#nextAudio = due
    }
    while (this.#nextVideo <= due || this.#nextAudio <= due) {
      if (this.#nextVideo <= this.#nextAudio) this.#picture()
      else this.#sound()
    }
  }

  /** The encoder's clock is set: its times jump. */
  jumpClock(): void {
    this.#base += this.#chance.pick([-100_000, -3000, -200, 200, 4000, 60_000, 3_600_000])
    if (this.#base < 0) this.#base += 2 ** 32
  }

  /** The clock by which it is driven was set; its own goes on. */
  setClock(change: number): void {
    if (this.#begunAt !== undefined) this.#begunAt += change
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => Scope.close(this.scope, Exit.void))

  #begin(nowMillis: number): number {
    const { audioMillis, videoMillis } = this.#shape
    if (this.#chance.oneIn(2)) this.write(18, 0, metadataBody())
    if (videoMillis < Infinity) this.#frame({ kind: 9, header: true, keyframe: false }, 0, 20)
    else this.#nextVideo = Infinity
    if (audioMillis < Infinity) this.#frame({ kind: 8, header: true, keyframe: false }, 0, 4)
    else this.#nextAudio = Infinity
    return nowMillis
  }

  #picture(): void {
    const { fillerBytes, gopFrames, videoMillis } = this.#shape
    const keyframe = this.#pictures++ % gopFrames === 0
    const changed = keyframe && this.#pictures > 1 && this.#chance.oneIn(40)
    if (changed) this.#frame({ kind: 9, header: true, keyframe: false }, this.#nextVideo, 24)
    const most = keyframe && this.#chance.oneIn(20) ? 400_000 : fillerBytes
    this.#frame({ kind: 9, header: false, keyframe }, this.#nextVideo, this.#chance.below(most))
    this.#nextVideo += videoMillis
  }

  #sound(): void {
    this.#frame({ kind: 8, header: false, keyframe: false }, this.#nextAudio, this.#chance.below(200))
    this.#nextAudio += this.#shape.audioMillis
  }

  #frame(frame: Pick<SimulatedFrame, "kind" | "header" | "keyframe">, millis: number, filler: number): void {
    this.write(frame.kind, millis, bodyOf({ ...frame, publisher: this.number, sequence: this.#sequence }, filler))
  }

  /** Sends a message of its own making, `millis` after its beginning. */
  write(type: FrameKind, millis: number, body: Uint8Array): void {
    this.#sequence++
    const chunkStreamId = type === 9 ? 6 : 4
    const timestamp = (this.#base + millis) % 2 ** 32
    this.connection?.write(encodeMessage({ chunkStreamId, type, timestamp, streamId, body, chunkSize }))
  }
}
