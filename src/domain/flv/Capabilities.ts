/** What an Enhanced RTMP peer announces in `connect` and its reply (Enhanced RTMP v2 §Enhancing NetConnection connect). */

import { AmfObject, type AmfValue } from "../amf/AmfValue.ts"
import { fourCcName } from "../codec/CodecId.ts"

/** Flags of a fourCC in videoFourCcInfoMap and audioFourCcInfoMap. */
export const FourCcInfo = { CanDecode: 1, CanEncode: 2, CanForward: 4 } as const

/** Flags of capsEx. */
export const CapsEx = { Reconnect: 1, Multitrack: 2, ModEx: 4, TimestampNanoOffset: 8 } as const

/** Codecs of one list that are looked at: there are a dozen in the world. */
export const maxFourCcs = 64

export interface Capabilities {
  /** What the peer takes, as four characters; `*` is everything. Empty if it announced nothing. */
  readonly fourCcs: ReadonlySet<string>
  readonly reconnect: boolean
  readonly multitrack: boolean
  readonly modEx: boolean
  /** TimestampOffsetNano of ModEx is understood. */
  readonly nanoOffset: boolean
}

/** Of a peer that announces nothing, as most do. */
export const noCapabilities: Capabilities = {
  fourCcs: new Set(),
  reconnect: false,
  multitrack: false,
  modEx: false,
  nanoOffset: false
}

/** `fields` is the command object of connect. What it says in a wrong type, it doesn't say. */
export const readCapabilities = (fields: ReadonlyMap<string, unknown>): Capabilities => {
  const fourCcs = new Set<string>()
  addList(fourCcs, fields.get("fourCcList"))
  addInfoMap(fourCcs, fields.get("videoFourCcInfoMap"))
  addInfoMap(fourCcs, fields.get("audioFourCcInfoMap"))
  const value = fields.get("capsEx")
  const capsEx = typeof value === "number" ? value : 0
  if (fourCcs.size === 0 && capsEx === 0) return noCapabilities
  return {
    fourCcs,
    reconnect: (capsEx & CapsEx.Reconnect) !== 0,
    multitrack: (capsEx & CapsEx.Multitrack) !== 0,
    modEx: (capsEx & CapsEx.ModEx) !== 0,
    nanoOffset: (capsEx & CapsEx.TimestampNanoOffset) !== 0
  }
}

/** Whether the peer said that it takes this FourCC. */
export const takes = (capabilities: Capabilities, fourCc: number): boolean =>
  capabilities.fourCcs.has("*") || capabilities.fourCcs.has(fourCcName(fourCc))

const isFourCcKey = (key: unknown): key is string => typeof key === "string" && (key === "*" || key.length === 4)

/** A strict array of strings; some encoders write it as an ECMA array. */
const addList = (into: Set<string>, list: unknown): void => {
  const items: Iterable<unknown> = Array.isArray(list) ? list : list instanceof Map ? list.values() : []
  let seen = 0
  for (const item of items) {
    if (++seen > maxFourCcs) return
    if (isFourCcKey(item)) into.add(item)
  }
}

const addInfoMap = (into: Set<string>, map: unknown): void => {
  if (!(map instanceof Map)) return
  let seen = 0
  for (const [key, flags] of map) {
    if (++seen > maxFourCcs) return
    const canTake = typeof flags === "number" && (flags & (FourCcInfo.CanDecode | FourCcInfo.CanForward)) !== 0
    if (canTake && isFourCcKey(key)) into.add(key)
  }
}

/** What this server says of itself: it forwards every codec, several tracks, and ModEx as it came. */
export const serverCapabilities: ReadonlyMap<string, AmfValue> = new Map<string, AmfValue>([
  ["fourCcList", ["*"]],
  ["videoFourCcInfoMap", new AmfObject([["*", FourCcInfo.CanForward]])],
  ["audioFourCcInfoMap", new AmfObject([["*", FourCcInfo.CanForward]])],
  ["capsEx", CapsEx.Multitrack | CapsEx.ModEx | CapsEx.TimestampNanoOffset]
])
