/** RTMP commands (RTMP 1.0 §7.1, §7.2): remote calls in AMF0, or AMF3 with its leading zero byte. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { decodeAll, decodeAmf3Message, encodeAll } from "../amf/Amf0.ts"
import { AmfObject, type AmfValue } from "../amf/AmfValue.ts"
import { type RtmpMessage } from "./ChunkReader.ts"

/** Message types whose body is AMF. */
export const MessageType = { DataAmf3: 15, CommandAmf3: 17, DataAmf0: 18, CommandAmf0: 20 } as const

/** Chunk streams by use. Each kind of message that is shared among players has one of its own. */
export const ChunkStreamId = { Control: 2, Connection: 3, Data: 4, Stream: 5, Video: 6, Audio: 7 } as const

/** Calls without a stream: connect, createStream … */
export const connectionStreamId = 0

/** A message to send that is no media: its timestamp is 0. `body` never changes. */
export interface UntimedMessage {
  readonly chunkStreamId: number
  readonly type: number
  readonly streamId: number
  readonly body: Uint8Array
}

export interface Command {
  readonly name: string
  /** 0: the caller wants no answer. */
  readonly transactionId: number
  readonly commandObject: AmfValue
  readonly args: ReadonlyArray<AmfValue>
}

/** A command message without a name, or not decodable; the connection ends. */
export class BadCommand extends Data.TaggedError("BadCommand")<{
  readonly code: 2003 | 2004
  readonly reason: string
}> {
  override get message() {
    return `command message: ${this.reason}`
  }
}

/** A message of type 20 or 17. Whatever stands after the name may be missing. Nothing refers to `bytes` afterwards. */
export const decodeCommand = ({
  type,
  bytes,
  start,
  end
}: Pick<RtmpMessage, "type" | "bytes" | "start" | "end">): Result.Result<Command, BadCommand> => {
  const decode = type === MessageType.CommandAmf3 ? decodeAmf3Message : decodeAll
  const values = decode(bytes, start, end)
  if (Result.isFailure(values)) {
    const { code, reason } = values.failure
    return Result.fail(new BadCommand({ code, reason }))
  }
  const [name, transactionId, commandObject, ...args] = values.success
  if (typeof name !== "string") return Result.fail(new BadCommand({ code: 2004, reason: "it has no name" }))
  return Result.succeed({
    name,
    transactionId: typeof transactionId === "number" ? transactionId : 0,
    commandObject,
    args
  })
}

export const encodeCommand = (command: Command): Uint8Array =>
  encodeAll([command.name, command.transactionId, command.commandObject, ...command.args])

/** A call or a reply on the connection itself. */
export const connectionCommand = (
  name: string,
  transactionId: number,
  commandObject: AmfValue,
  ...args: ReadonlyArray<AmfValue>
): UntimedMessage => ({
  chunkStreamId: ChunkStreamId.Connection,
  type: MessageType.CommandAmf0,
  streamId: connectionStreamId,
  body: encodeCommand({ name, transactionId, commandObject, args })
})

/** A call or an event of one stream. */
export const streamCommand = (
  streamId: number,
  name: string,
  transactionId: number,
  ...args: ReadonlyArray<AmfValue>
): UntimedMessage => ({
  chunkStreamId: ChunkStreamId.Stream,
  type: MessageType.CommandAmf0,
  streamId,
  body: encodeCommand({ name, transactionId, commandObject: null, args })
})

/** Absent, null and undefined are alike; so is anything of another type. */
export const stringArgument = (command: Command, index: number): string | undefined => {
  const value = command.args[index]
  return typeof value === "string" ? value : undefined
}

export const numberArgument = (command: Command, index: number): number | undefined => {
  const value = command.args[index]
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
}

/** Flash sends a boolean where some clients send 0 or 1. */
export const booleanArgument = (command: Command, index: number): boolean | undefined => {
  const value = command.args[index]
  return typeof value === "boolean" ? value : typeof value === "number" ? value !== 0 : undefined
}

export const stringMember = (object: AmfValue, key: string): string => {
  const value = object instanceof AmfObject ? object.get(key) : undefined
  return typeof value === "string" ? value : ""
}
