/** `onMetaData` of a publisher (FLV 10.1 §E.5, Enhanced RTMP v2 §Metadata): kept whole but for what a live stream lacks. */

import { AmfObject, type AmfValue } from "../amf/AmfValue.ts"

export interface Metadata {
  /** `onMetaData` and its object, to be encoded for viewers. */
  readonly values: ReadonlyArray<AmfValue>
  /** Set by encoders of Bravo: times are absolute, and `atc_auto` turns `atc` on. */
  readonly bravoAtc: boolean
}

/** Of a file. A live stream has neither, and ExoPlayer stops at `duration`. */
const fileMembers = ["duration", "filesize"]

/**
 * Metadata from the values of a data message, or undefined if it is none: other data messages, and `onMetaData` without
 * an object. The object comes as an ECMA array, because FFmpeg looks for the tracks of a stream in nothing else.
 */
export const readMetadata = (
  values: ReadonlyArray<AmfValue>,
  server: string,
  serverVersion: string
): Metadata | undefined => {
  const nameAt = values[0] === "@setDataFrame" ? 1 : 0
  const received = values[nameAt + 1]
  if (values[nameAt] !== "onMetaData" || !(received instanceof AmfObject)) return undefined
  const object = new AmfObject(received, "ecmaArray")
  for (const name of fileMembers) object.delete(name)
  // Deleted first, so that they come last also where a relay in front of us has set its own.
  for (const name of ["server", "server_version"]) object.delete(name)
  object.set("server", server)
  object.set("server_version", serverVersion)
  const bravoAtc = received.get("bravo_atc")
  return {
    values: ["onMetaData", object],
    bravoAtc: bravoAtc === "true" || bravoAtc === true
  }
}
