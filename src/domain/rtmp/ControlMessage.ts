/** RTMP protocol control messages (RTMP 1.0 §5.4): chunk stream 2, message stream 0. Pure: bytes in, values out. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { readUint32, writeUint32 } from "../bytes/bytes.ts"

/** Wire type id by message. The codec is this table, read in both directions. */
export const typeIds = {
  SetChunkSize: 1,
  Abort: 2,
  Acknowledgement: 3,
  WindowAcknowledgementSize: 5,
  SetPeerBandwidth: 6
} as const

/** Limit types of Set Peer Bandwidth by their number. */
const limitTypes = ["hard", "soft", "dynamic"] as const

export type ControlMessage =
  | {
      readonly _tag: "SetChunkSize" | "Abort" | "Acknowledgement" | "WindowAcknowledgementSize"
      /** Bytes, for Abort a chunk stream id. */
      readonly value: number
    }
  | {
      readonly _tag: "SetPeerBandwidth"
      /** Bytes. */
      readonly value: number
      readonly limit: (typeof limitTypes)[number]
    }

export class MalformedControl extends Data.TaggedError("MalformedControl")<{
  readonly typeId: number
  readonly length: number
}> {
  /** SRS's number: a message that cannot be decoded. */
  readonly code = 2007

  override get message() {
    return `control message of type ${this.typeId} with a ${this.length} byte body`
  }
}

const tags = new Map(Object.entries(typeIds).map(([tag, id]) => [id, tag] as [number, ControlMessage["_tag"]]))

/** Bytes behind the fields are ignored. A Set Peer Bandwidth without limit type, or with an unknown one, is dynamic. */
export const decode = (typeId: number, body: Uint8Array): Result.Result<ControlMessage, MalformedControl> => {
  const _tag = tags.get(typeId)
  if (_tag === undefined || body.length < 4) {
    return Result.fail(new MalformedControl({ typeId, length: body.length }))
  }
  const value = readUint32(body, 0)
  if (_tag !== "SetPeerBandwidth") return Result.succeed({ _tag, value })
  return Result.succeed({ _tag, value, limit: limitTypes[body[4]] ?? "dynamic" })
}

export const encode = (message: ControlMessage): Uint8Array => {
  const body = new Uint8Array(message._tag === "SetPeerBandwidth" ? 5 : 4)
  writeUint32(body, 0, message.value)
  if (message._tag === "SetPeerBandwidth") body[4] = limitTypes.indexOf(message.limit)
  return body
}
