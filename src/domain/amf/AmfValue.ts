/** The values of AMF0 and AMF3, Flash's two serializations, as commands and metadata of RTMP carry them. */
import * as Data from "effect/Data"

/** Byte arrays and typed vectors exist in AMF3 only. XML documents and long strings are strings. */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | AmfObject
  | AmfDate
  | Uint8Array
  | ReadonlyArray<AmfValue>

/** An object or associative array: its members in the order of the wire. */
export class AmfObject extends Map<string, AmfValue> {
  readonly kind: "object" | "ecmaArray"
  /** Of a typed object. */
  readonly className: string | undefined

  constructor(
    members: Iterable<readonly [string, AmfValue]> = [],
    kind: "object" | "ecmaArray" = "object",
    className?: string
  ) {
    super(members)
    this.kind = kind
    this.className = className
  }
}

/** A moment: milliseconds since 1970, and a time zone in minutes that should be 0 and means nothing. */
export class AmfDate extends Data.Class<{ readonly epochMillis: number; readonly zoneMinutes: number }> {}

type Members = Readonly<Record<string, AmfValue>>

const fill = (object: AmfObject, members: Members): AmfObject => {
  for (const name in members) object.set(name, members[name])
  return object
}

export const amfObject = (members: Members): AmfObject => fill(new AmfObject(), members)

export const ecmaArray = (members: Members): AmfObject => fill(new AmfObject([], "ecmaArray"), members)

/** SRS's numbers: not decodable, and a marker that has no place here. */
export class MalformedAmf extends Data.TaggedError("MalformedAmf")<{
  readonly code: 2003 | 2004
  readonly reason: string
}> {
  override get message() {
    return this.reason
  }
}
