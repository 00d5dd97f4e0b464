/** Control messages as a peer sends them (RTMP 1.0 §5.4, §7.1.7): chunk stream 2, message stream 0. */
import { ChunkStreamId, connectionStreamId, type UntimedMessage } from "./Command.ts"
import * as ControlMessage from "./ControlMessage.ts"
import * as UserControl from "./UserControl.ts"

const control = (type: number, body: Uint8Array): UntimedMessage => ({
  chunkStreamId: ChunkStreamId.Control,
  type,
  streamId: connectionStreamId,
  body
})

export const protocolControl = (message: ControlMessage.ControlMessage): UntimedMessage =>
  control(ControlMessage.typeIds[message._tag], ControlMessage.encode(message))

export const userControl = (message: UserControl.UserControl): UntimedMessage =>
  control(UserControl.typeId, UserControl.encode(message))

/** What the server sends before it answers connect, in SRS's order; from the last one on `chunkSize` is in force. */
export const connectPrelude = (windowBytes: number, chunkSize: number): ReadonlyArray<UntimedMessage> => [
  protocolControl({ _tag: "WindowAcknowledgementSize", value: windowBytes }),
  protocolControl({ _tag: "SetPeerBandwidth", value: windowBytes, limit: "dynamic" }),
  protocolControl({ _tag: "SetChunkSize", value: chunkSize })
]

/** The media of the stream follows. Sent before `Replies.playStarted`. */
export const streamBegin = (streamId: number): UntimedMessage => userControl({ _tag: "StreamBegin", value: streamId })

/** No media follows for now. */
export const streamEof = (streamId: number): UntimedMessage => userControl({ _tag: "StreamEof", value: streamId })
