/** RTMP user control messages: type 4, an event type and its data (RTMP 1.0 §7.1.7). Pure: bytes in, values out. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { readUint16, readUint32, writeUint16, writeUint32 } from "../bytes/bytes.ts"

/** Message type id of all of them. */
export const typeId = 4

/** Events with one 4-byte field: a message stream id, for the pings milliseconds. */
const eventIds = {
  StreamBegin: 0,
  StreamEof: 1,
  StreamDry: 2,
  StreamIsRecorded: 4,
  PingRequest: 6,
  PingResponse: 7,
  BufferEmpty: 31,
  BufferReady: 32
} as const

const setBufferLength = 3
/** Adobe's servers ask with one byte of data, not four. */
const swfVerificationRequest = 26
const swfVerificationResponse = 27
const swfVerificationBytes = 42

export type UserControl =
  | { readonly _tag: keyof typeof eventIds; readonly value: number }
  | { readonly _tag: "SetBufferLength"; readonly streamId: number; readonly millis: number }
  | { readonly _tag: "SwfVerificationRequest"; readonly value: number }
  | { readonly _tag: "SwfVerificationResponse"; readonly data: Uint8Array }
  /** An event nobody documented. `data` is a view of the body. */
  | { readonly _tag: "Unknown"; readonly event: number; readonly data: Uint8Array }

export class MalformedUserControl extends Data.TaggedError("MalformedUserControl")<{ readonly length: number }> {
  /** SRS's number: a message that cannot be decoded. */
  readonly code = 2007

  override get message() {
    return `user control message with a ${this.length} byte body`
  }
}

const tags = new Map(Object.entries(eventIds).map(([tag, id]) => [id, tag] as [number, keyof typeof eventIds]))

/** Bytes of data that an event must have. */
const dataBytes = (event: number): number => {
  if (tags.has(event)) return 4
  if (event === setBufferLength) return 8
  if (event === swfVerificationRequest) return 1
  return event === swfVerificationResponse ? swfVerificationBytes : 0
}

/** Bytes behind the fields are ignored. */
export const decode = (body: Uint8Array): Result.Result<UserControl, MalformedUserControl> => {
  const event = body.length < 2 ? 0 : readUint16(body, 0)
  if (body.length < 2 + dataBytes(event)) return Result.fail(new MalformedUserControl({ length: body.length }))
  const _tag = tags.get(event)
  if (_tag !== undefined) return Result.succeed({ _tag, value: readUint32(body, 2) })
  switch (event) {
    case setBufferLength:
      return Result.succeed({
        _tag: "SetBufferLength",
        streamId: readUint32(body, 2),
        millis: readUint32(body, 6)
      })
    case swfVerificationRequest:
      return Result.succeed({ _tag: "SwfVerificationRequest", value: body[2] })
    case swfVerificationResponse:
      return Result.succeed({ _tag: "SwfVerificationResponse", data: body.subarray(2, 2 + swfVerificationBytes) })
    default:
      return Result.succeed({ _tag: "Unknown", event, data: body.subarray(2) })
  }
}

export const encode = (message: UserControl): Uint8Array => {
  switch (message._tag) {
    case "SetBufferLength": {
      const body = withEvent(setBufferLength, 8)
      writeUint32(body, 2, message.streamId)
      writeUint32(body, 6, message.millis)
      return body
    }
    case "SwfVerificationRequest": {
      const body = withEvent(swfVerificationRequest, 1)
      body[2] = message.value
      return body
    }
    case "SwfVerificationResponse":
      return withData(swfVerificationResponse, message.data)
    case "Unknown":
      return withData(message.event, message.data)
    default: {
      const body = withEvent(eventIds[message._tag], 4)
      writeUint32(body, 2, message.value)
      return body
    }
  }
}

const withEvent = (event: number, bytes: number): Uint8Array => {
  const body = new Uint8Array(2 + bytes)
  writeUint16(body, 0, event)
  return body
}

const withData = (event: number, data: Uint8Array): Uint8Array => {
  const body = withEvent(event, data.length)
  body.set(data, 2)
  return body
}
