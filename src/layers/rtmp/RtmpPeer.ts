/** The far end of an RTMP connection: chunks in, messages out, acknowledgements and pings on the way. */
import * as Result from "effect/Result"
import { concat } from "../../domain/bytes/bytes.ts"
import { ChunkReader, type ChunkError, type MessageHandler, type RtmpMessage } from "../../domain/rtmp/ChunkReader.ts"
import { encodeMessage } from "../../domain/rtmp/ChunkWriter.ts"
import type { UntimedMessage } from "../../domain/rtmp/Command.ts"
import * as ControlMessage from "../../domain/rtmp/ControlMessage.ts"
import { protocolControl, userControl } from "../../domain/rtmp/ControlReplies.ts"
import { initialChunkSize } from "../../domain/rtmp/limits.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import * as UserControl from "../../domain/rtmp/UserControl.ts"
import type { Connection } from "../../services/Transport.ts"

/** Types up to this are protocol control (RTMP 1.0 §5.4). */
const lastControlType = ControlMessage.typeIds.SetPeerBandwidth

export class RtmpPeer implements MessageHandler {
  readonly #connection: Connection
  readonly #reader = new ChunkReader()
  #chunkSize = initialChunkSize
  /** What the peer wants acknowledged, 0 until it said so. */
  #windowBytes = 0
  #acknowledged: number
  /** Messages that are to go out together. */
  #together: Array<Uint8Array> | undefined
  /** Messages received; what a silent peer is told by. */
  messages = 0

  readonly #handler: MessageHandler

  /** Control messages take effect here, all others go to `handler`. */
  constructor(connection: Connection, handler: MessageHandler) {
    this.#connection = connection
    this.#acknowledged = connection.bytesIn()
    this.#handler = handler
  }

  get outgoingChunkSize(): number {
    return this.#chunkSize
  }

  /** `in_ack_size`: acknowledge even if the peer never asks. */
  expectWindow(bytes: number): void {
    if (bytes > 0) this.#windowBytes = bytes
  }

  /** Of the reader. */
  receive(message: RtmpMessage): void {
    this.messages++
    if (message.type === UserControl.typeId) this.#onUserControl(message)
    else if (message.type > lastControlType) this.#handler.receive(message)
    else this.#onControl(message)
  }

  /** Reads chunks. */
  push(bytes: Uint8Array): Result.Result<void, ChunkError> {
    const result = this.#reader.push(bytes, this)
    this.#acknowledge()
    return result
  }

  /** Few bytes are to come for a while. */
  rest(): void {
    this.#reader.rest()
  }

  /** All messages so far have become frames of this log, or nothing. */
  reclaim(log: SourceLog): void {
    this.#reader.reclaim(log)
  }

  /** Messages are for more than one log, or for none. */
  abandon(): void {
    this.#reader.abandon()
  }

  send(message: UntimedMessage): void {
    const bytes = encodeMessage({ ...message, timestamp: 0, chunkSize: this.#chunkSize })
    if (this.#together === undefined) this.#connection.write(bytes)
    else this.#together.push(bytes)
  }

  sendAll(messages: ReadonlyArray<UntimedMessage>): void {
    if (messages.length === 0) return
    this.together(() => {
      for (const message of messages) this.send(message)
    })
  }

  /** What is sent meanwhile goes out as one write: each costs a call of the kernel and wakes the peer. */
  together(talk: () => void): void {
    if (this.#together !== undefined) return talk()
    const pieces: Array<Uint8Array> = []
    this.#together = pieces
    talk()
    this.#together = undefined
    this.#connection.write(concat(pieces))
  }

  /** Announces, and uses from the next message on. */
  setChunkSize(value: number): void {
    this.send(protocolControl({ _tag: "SetChunkSize", value }))
    this.#chunkSize = value
  }

  #onControl(message: RtmpMessage): void {
    const decoded = ControlMessage.decode(message.type, message.bytes.subarray(message.start, message.end))
    if (Result.isSuccess(decoded) && decoded.success._tag === "WindowAcknowledgementSize") {
      this.#windowBytes = decoded.success.value
    }
  }

  #onUserControl(message: RtmpMessage): void {
    const decoded = UserControl.decode(message.bytes.subarray(message.start, message.end))
    if (Result.isSuccess(decoded) && decoded.success._tag === "PingRequest") {
      this.send(userControl({ _tag: "PingResponse", value: decoded.success.value }))
    }
  }

  /** Of all bytes since the connection began. At half the window, as SRS: some encoders stop when the acknowledgement is late. */
  #acknowledge(): void {
    const received = this.#connection.bytesIn()
    if (this.#windowBytes === 0 || received - this.#acknowledged < this.#windowBytes / 2) return
    this.#acknowledged = received
    this.send(protocolControl({ _tag: "Acknowledgement", value: received >>> 0 }))
  }
}
