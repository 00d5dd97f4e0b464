/**
 * Messages on their way from the peer to who handles them, in order: media at once, by plain calls; from a command on,
 * everything waits until the command was carried out. A read brings at most `maxUnreadBytes`, so that is bounded.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ChunkError, MessageHandler, RtmpMessage } from "../../domain/rtmp/ChunkReader.ts"
import { type Command, decodeCommand, MessageType } from "../../domain/rtmp/Command.ts"
import type { CommandDialogue } from "../../domain/rtmp/CommandDialogue.ts"
import type { Connection, ConnectionClosed } from "../../services/Transport.ts"
import { type ProtocolViolation, violation } from "./errors.ts"
import type { Publishing } from "./publishing.ts"
import { RtmpPeer } from "./RtmpPeer.ts"

const isCommand = (type: number): boolean => type === MessageType.CommandAmf0 || type === MessageType.CommandAmf3

/** Of players. */
const nobody: ReadonlyMap<number, Publishing> = new Map()

export interface ReceivedCommand {
  readonly command: Command
  readonly streamId: number
}

export class Inbound implements MessageHandler {
  readonly peer: RtmpPeer
  readonly #connection: Connection
  readonly #dialogue: CommandDialogue
  /** By message stream id. */
  #publishing: ReadonlyMap<number, Publishing> = nobody
  /** The one publisher, for the usual connection that has no more. */
  #only: Publishing | undefined
  /** From a command on. */
  #pending: Array<RtmpMessage> | undefined
  #failure: ChunkError | undefined

  constructor(connection: Connection, dialogue: CommandDialogue) {
    this.#connection = connection
    this.#dialogue = dialogue
    this.peer = new RtmpPeer(connection, this)
  }

  begin(streamId: number, publishing: Publishing): void {
    this.#publishing = new Map(this.#publishing).set(streamId, publishing)
    this.#choose()
  }

  end(streamId: number): void {
    const others = new Map(this.#publishing)
    others.delete(streamId)
    this.#publishing = others
    this.#choose()
  }

  #choose(): void {
    const [first] = this.#publishing.values()
    this.#only = this.#publishing.size === 1 ? first : undefined
    this.peer.abandon()
  }

  /** Of the peer. */
  receive(message: RtmpMessage): void {
    if (this.#pending !== undefined || isCommand(message.type)) (this.#pending ??= []).push({ ...message })
    else this.#media(message)
  }

  #media(message: RtmpMessage): void {
    const streamId = this.#only === undefined ? this.#dialogue.publishingStream(message.streamId) : undefined
    const publishing = this.#only ?? (streamId === undefined ? undefined : this.#publishing.get(streamId))
    publishing?.push(message)
  }

  #flush(): void {
    for (const publishing of this.#publishing.values()) publishing.flush()
  }

  /** The next command is there, or none will come. */
  get isReady(): boolean {
    return this.#pending !== undefined || this.#failure !== undefined
  }

  /** Handles media until a command comes: plain calls on the socket's stack, no Effect for a read. */
  nextCommand(): Effect.Effect<ReceivedCommand, ConnectionClosed | ProtocolViolation> {
    return Effect.suspend(() => {
      const message = this.#handlePending()
      if (message !== undefined) return decode(message)
      if (this.#failure !== undefined) return Effect.fail(violation(this.#failure))
      return Effect.andThen(
        this.#connection.readWhile((bytes) => this.take(bytes)),
        this.nextCommand()
      )
    })
  }

  /** Handles what has arrived; false once a command is there. */
  take(bytes: Uint8Array): boolean {
    const result = this.peer.push(bytes)
    this.#flush()
    if (this.#pending === undefined && this.#only?.log !== undefined) this.peer.reclaim(this.#only.log)
    // Who publishes nothing sends little.
    if (this.#publishing.size === 0) this.peer.rest()
    if (Result.isFailure(result)) this.#failure = result.failure
    return !this.isReady
  }

  /** What waited behind the last command, up to the next one. */
  #handlePending(): RtmpMessage | undefined {
    const pending = this.#pending
    if (pending === undefined) return undefined
    const at = pending.findIndex(({ type }) => isCommand(type))
    const media = at < 0 ? pending : pending.slice(0, at)
    const command = at < 0 ? undefined : pending[at]
    this.#pending = at < 0 || at + 1 === pending.length ? undefined : pending.slice(at + 1)
    for (const message of media) this.#media(message)
    this.#flush()
    return command
  }
}

const decode = (message: RtmpMessage): Effect.Effect<ReceivedCommand, ProtocolViolation> => {
  const decoded = decodeCommand(message)
  return Result.isFailure(decoded)
    ? Effect.fail(violation(decoded.failure))
    : Effect.succeed({ command: decoded.success, streamId: message.streamId })
}
