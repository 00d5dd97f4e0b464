/** What the server says: answers to calls, and `onStatus` events (RTMP 1.0 §7.2), as SRS words them. */
import { amfObject, type AmfValue, ecmaArray } from "../amf/AmfValue.ts"
import { encodeAll } from "../amf/Amf0.ts"
import { ChunkStreamId, connectionCommand, MessageType, streamCommand, type UntimedMessage } from "./Command.ts"

/** SRS sends it with every status; old Flash code reads it. */
const clientid = "ASAICiss"

const unpublished = "NetStream.Unpublish.Success"

/** Answer to the call with this transaction id. SRS answers most calls with null and undefined or null. */
export const callResult = (transactionId: number, ...values: ReadonlyArray<AmfValue>): UntimedMessage =>
  connectionCommand("_result", transactionId, null, ...values)

export const callError = (transactionId: number, code: string, description: string): UntimedMessage =>
  connectionCommand("_error", transactionId, null, amfObject({ level: "error", code, description }))

/** Who the server says it is, in the answer to connect. */
export interface ServerSignature {
  /** `SRS`: edges of SRS look for it. */
  readonly signature: string
  /** Name and version, as `SRS/7.0.18(Hang)`. */
  readonly server: string
  readonly license: string
  readonly url: string
  readonly version: string
  readonly authors: string
}

export interface ConnectAnswer {
  readonly transactionId: number
  /** As the client asked. */
  readonly objectEncoding: number
  readonly signature: ServerSignature
  /** Address, process and session: an SRS edge shows them for tracing. */
  readonly serverIp: string
  readonly processId: number
  readonly sessionId: string
  /** Enhanced RTMP's announcement, merged into the properties: `capsEx`, `videoFourCcInfoMap` … */
  readonly capabilities?: ReadonlyMap<string, AmfValue> | undefined
}

export const connectResult = (answer: ConnectAnswer): UntimedMessage => {
  const { signature } = answer
  const properties = amfObject({ fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 })
  answer.capabilities?.forEach((value, key) => properties.set(key, value))
  const data = ecmaArray({
    version: "3,5,3,888",
    srs_sig: signature.signature,
    srs_server: signature.server,
    srs_license: signature.license,
    srs_url: signature.url,
    srs_version: signature.version,
    srs_authors: signature.authors,
    srs_server_ip: answer.serverIp,
    srs_pid: answer.processId,
    srs_id: answer.sessionId
  })
  const status = amfObject({
    level: "status",
    code: "NetConnection.Connect.Success",
    description: "Connection succeeded",
    objectEncoding: answer.objectEncoding,
    data
  })
  return connectionCommand("_result", answer.transactionId, properties, status)
}

/** Refuses connect. FFmpeg reads the description in the first object, librtmp in the fourth value: this suits both. */
export const connectRejected = (transactionId: number, description: string): UntimedMessage =>
  callError(transactionId, "NetConnection.Connect.Rejected", description)

export const onBWDone: UntimedMessage = connectionCommand("onBWDone", 0, null)

const onStatus = (
  streamId: number,
  level: "status" | "error",
  code: string,
  description: string,
  extra: Readonly<Record<string, AmfValue>> = {}
): UntimedMessage => streamCommand(streamId, "onStatus", 0, amfObject({ level, code, description, ...extra, clientid }))

/** FMLE and its kin want to hear this before `publishStarted`. */
export const onFCPublish = (streamId: number): UntimedMessage =>
  streamCommand(
    streamId,
    "onFCPublish",
    0,
    amfObject({ code: "NetStream.Publish.Start", description: "Started publishing stream." })
  )

export const onFCUnpublish = (streamId: number): UntimedMessage =>
  streamCommand(streamId, "onFCUnpublish", 0, amfObject({ code: unpublished, description: "Stop publishing stream." }))

export const publishStarted = (streamId: number): UntimedMessage =>
  onStatus(streamId, "status", "NetStream.Publish.Start", "Started publishing stream.")

export const publishStopped = (streamId: number): UntimedMessage =>
  onStatus(streamId, "status", unpublished, "Stream is now unpublished")

/** SRS's constant: Flash shows it, nobody else reads it. */
const details = { details: "stream" }

const sampleAccess: UntimedMessage = {
  chunkStreamId: ChunkStreamId.Stream,
  type: MessageType.DataAmf0,
  streamId: 0,
  body: encodeAll(["|RtmpSampleAccess", true, true])
}

/** The same for all players but for the stream. */
const playStart: ReadonlyArray<UntimedMessage> = [
  onStatus(0, "status", "NetStream.Play.Reset", "Playing and resetting stream.", details),
  onStatus(0, "status", "NetStream.Play.Start", "Started playing stream.", details),
  sampleAccess
]

/** To be sent after Stream Begin. SRS leaves `NetStream.Data.Start` out, because FFmpeg would open an empty stream. */
export const playStarted = (streamId: number): ReadonlyArray<UntimedMessage> =>
  playStart.map((message) => ({ ...message, streamId }))

export const playPaused = (streamId: number): UntimedMessage =>
  onStatus(streamId, "status", "NetStream.Pause.Notify", "Paused stream.")

export const playUnpaused = (streamId: number): UntimedMessage =>
  onStatus(streamId, "status", "NetStream.Unpause.Notify", "Unpaused stream.")

/** Ends players that know it (FFmpeg, librtmp). */
export const playStopped = (streamId: number): UntimedMessage =>
  onStatus(streamId, "status", "NetStream.Play.Stop", "Stopped playing stream.", details)

/** Why a connection is ended, in codes that clients know; FFmpeg quits on any and prints the description. */
export type RefusalCode =
  /** The name has a publisher. */
  | "NetStream.Publish.BadName"
  /** Not allowed; OBS stops retrying. */
  | "NetStream.Publish.Denied"
  | "NetStream.Play.Failed"
  | "NetStream.Play.StreamNotFound"

/** Tells why, before the connection is closed. SRS only closes. */
export const refused = (streamId: number, code: RefusalCode, description: string): UntimedMessage =>
  onStatus(streamId, "error", code, description)

/** The connection ends for another reason than a stream's: no such vhost or app, kicked, taken over. */
export const connectionRejected = (description: string): UntimedMessage =>
  connectionCommand(
    "onStatus",
    0,
    null,
    amfObject({ level: "error", code: "NetConnection.Connect.Rejected", description })
  )

/** Enhanced RTMP v2: asks the client to come again, at another URL if `tcUrl` is not empty. */
export const reconnectRequested = (tcUrl: string, description: string): UntimedMessage =>
  connectionCommand(
    "onStatus",
    0,
    null,
    amfObject({
      level: "status",
      code: "NetConnection.Connect.ReconnectRequest",
      ...(tcUrl === "" ? {} : { tcUrl }),
      description
    })
  )
