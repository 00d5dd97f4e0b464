/** The server as its client meets it: commands wait to be looked at, media goes on at once. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AmfValue } from "../../../domain/amf/AmfValue.ts"
import type { RtmpMessage } from "../../../domain/rtmp/ChunkReader.ts"
import { encodeMessage } from "../../../domain/rtmp/ChunkWriter.ts"
import {
  ChunkStreamId,
  type Command,
  connectionCommand,
  decodeCommand,
  MessageType,
  streamCommand
} from "../../../domain/rtmp/Command.ts"
import { type MediaMessage, RtmpFailed } from "../../../services/RtmpClient.ts"
import type { Connection } from "../../../services/Transport.ts"
import { RtmpPeer } from "../RtmpPeer.ts"

/** Media that may come before the server has consented. */
const maxEarlyBytes = 4 * 1024 * 1024
/** Commands that may wait: a server says a handful. */
const maxCommands = 256

const chunkStreamIds = new Map<number, number>([
  [8, ChunkStreamId.Audio],
  [9, ChunkStreamId.Video]
])

export class ServerChannel {
  readonly url: string
  readonly connection: Connection
  readonly peer: RtmpPeer
  /** In the order of arrival. */
  readonly commands: Array<Command> = []
  #transactionId = 0
  #early: Array<RtmpMessage> | undefined = []
  #earlyBytes = 0
  #failure: RtmpFailed | undefined
  #onMedia = (message: RtmpMessage): void => this.#keep(message)

  /** `url` is for errors. */
  constructor(url: string, connection: Connection) {
    this.url = url
    this.connection = connection
    this.peer = new RtmpPeer(connection, { receive: (message) => this.#receive(message) })
  }

  /** One read of the socket. */
  readonly step = Effect.gen({ self: this }, function* () {
    const pushed = this.peer.push(yield* this.connection.read)
    if (Result.isFailure(pushed)) return yield* this.fail(pushed.failure.message)
    if (this.#failure !== undefined) return yield* Effect.fail(this.#failure)
  })

  fail(reason: string): Effect.Effect<never, RtmpFailed> {
    return Effect.fail(new RtmpFailed({ url: this.url, reason }))
  }

  nextTransactionId(): number {
    return ++this.#transactionId
  }

  /** Calls on the connection. Returns the transaction id. */
  call(name: string, ...args: ReadonlyArray<AmfValue>): number {
    const transactionId = this.nextTransactionId()
    this.peer.send(connectionCommand(name, transactionId, null, ...args))
    return transactionId
  }

  callOn(streamId: number, name: string, transactionId: number, ...args: ReadonlyArray<AmfValue>): void {
    this.peer.send(streamCommand(streamId, name, transactionId, ...args))
  }

  sendMedia(streamId: number, { type, timestamp, body }: MediaMessage): void {
    const chunkStreamId = chunkStreamIds.get(type) ?? ChunkStreamId.Data
    const chunkSize = this.peer.outgoingChunkSize
    this.connection.write(encodeMessage({ chunkStreamId, type, timestamp, streamId, body, chunkSize }))
  }

  /** Hands out the media that has come so far, then all that comes. */
  deliverTo(onMedia: (message: RtmpMessage) => void): void {
    for (const message of this.#early ?? []) onMedia(message)
    this.#early = undefined
    this.#onMedia = onMedia
  }

  /** Media that nobody wants: that of a server one publishes to. */
  ignoreMedia(): void {
    this.deliverTo(() => undefined)
  }

  #receive(message: RtmpMessage): void {
    if (message.type !== MessageType.CommandAmf0 && message.type !== MessageType.CommandAmf3) {
      return this.#onMedia(message)
    }
    const command = decodeCommand(message)
    if (Result.isFailure(command)) {
      this.#failure = new RtmpFailed({ url: this.url, reason: command.failure.message })
    } else if (this.commands.push(command.success) > maxCommands) {
      this.#failure = new RtmpFailed({ url: this.url, reason: `more than ${maxCommands} commands at a time` })
    }
  }

  #keep(message: RtmpMessage): void {
    this.#earlyBytes += message.end - message.start
    if (this.#earlyBytes > maxEarlyBytes) {
      this.#failure = new RtmpFailed({ url: this.url, reason: "media without consent" })
    } else {
      this.#early?.push({ ...message })
    }
  }
}
