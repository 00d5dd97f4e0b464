/** The `connect` call (RTMP 1.0 §7.2.1.1, Enhanced RTMP v2): read as a server, made as a client. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { AmfObject, amfObject, type AmfValue } from "../amf/AmfValue.ts"
import { srsErrors } from "../errors/SrsError.ts"
import { type Command, connectionCommand, type UntimedMessage, stringMember } from "./Command.ts"

export interface ConnectRequest {
  readonly transactionId: number
  /** Not empty; everything about the requested vhost and app is in it. */
  readonly tcUrl: string
  readonly app: string
  readonly pageUrl: string
  readonly swfUrl: string
  readonly flashVer: string
  readonly objectEncoding: number
  /** The command object: codecs and capabilities are read from it (Enhanced RTMP). */
  readonly fields: ReadonlyMap<string, AmfValue>
  /** The optional argument after the command object; edges identify themselves in it. */
  readonly args: ReadonlyMap<string, AmfValue> | undefined
}

export class BadConnect extends Data.TaggedError("BadConnect")<{ readonly reason: string }> {
  readonly code = srsErrors.RtmpConnect
  override get message() {
    return `connect ${this.reason}`
  }
}

const quoted = /^"(.*)"$/s

/** Some encoders quote the URL, or write the key in lower case. */
const findTcUrl = (fields: AmfValue): string =>
  (stringMember(fields, "tcUrl") || stringMember(fields, "tcurl")).trim().replace(quoted, "$1")

/** Reads a command named `connect`. */
export const readConnect = (command: Command): Result.Result<ConnectRequest, BadConnect> => {
  const fields = command.commandObject
  if (!(fields instanceof AmfObject)) return Result.fail(new BadConnect({ reason: "has no command object" }))
  const tcUrl = findTcUrl(fields)
  if (tcUrl === "") return Result.fail(new BadConnect({ reason: "has no tcUrl" }))
  const objectEncoding = fields.get("objectEncoding")
  const args = command.args[0]
  return Result.succeed({
    transactionId: command.transactionId,
    tcUrl,
    app: stringMember(fields, "app"),
    pageUrl: stringMember(fields, "pageUrl"),
    swfUrl: stringMember(fields, "swfUrl"),
    flashVer: stringMember(fields, "flashVer"),
    objectEncoding: typeof objectEncoding === "number" ? objectEncoding : 0,
    fields,
    args: args instanceof AmfObject ? args : undefined
  })
}

export interface ConnectOptions {
  readonly app: string
  readonly tcUrl: string
  readonly pageUrl?: string | undefined
  readonly swfUrl?: string | undefined
  readonly flashVer?: string | undefined
  /** Further members of the command object: `capsEx`, `fourCcList` … (Enhanced RTMP). */
  readonly fields?: ReadonlyMap<string, AmfValue> | undefined
  /** Sent after the command object. */
  readonly args?: AmfObject | undefined
}

/** The call as SRS makes it when it is the client. */
export const connectCall = (transactionId: number, options: ConnectOptions): UntimedMessage => {
  const object = amfObject({
    app: options.app,
    flashVer: options.flashVer ?? "WIN 15,0,0,239",
    swfUrl: options.swfUrl ?? "",
    tcUrl: options.tcUrl,
    fpad: false,
    capabilities: 239,
    audioCodecs: 3575,
    videoCodecs: 252,
    videoFunction: 1,
    pageUrl: options.pageUrl ?? "",
    objectEncoding: 0
  })
  for (const [key, value] of options.fields ?? []) object.set(key, value)
  return connectionCommand("connect", transactionId, object, ...(options.args === undefined ? [] : [options.args]))
}
