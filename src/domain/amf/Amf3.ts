/**
 * AMF3 (Adobe, Action Message Format 3), decoding only: Flash sends it inside AMF0 once it announced objectEncoding 3,
 * and every client reads AMF0 answers.
 */
import type { AmfReader, Shared } from "./AmfReader.ts"
import { AmfDate, AmfObject, type AmfValue } from "./AmfValue.ts"

const Marker = {
  Undefined: 0x00,
  Null: 0x01,
  False: 0x02,
  True: 0x03,
  Integer: 0x04,
  Double: 0x05,
  String: 0x06,
  XmlDocument: 0x07,
  Date: 0x08,
  Array: 0x09,
  Object: 0x0a,
  Xml: 0x0b,
  ByteArray: 0x0c,
  VectorInt: 0x0d,
  VectorUint: 0x0e,
  VectorDouble: 0x0f,
  VectorObject: 0x10,
  Dictionary: 0x11
} as const

/** Classes of Flex that write themselves, as one value each. The content of any other is unknown, its end too. */
const wrappers = new Set([
  "flex.messaging.io.ArrayCollection",
  "flex.messaging.io.ArrayList",
  "flex.messaging.io.ObjectProxy"
])

interface Traits {
  readonly className: string
  readonly externalizable: boolean
  readonly dynamic: boolean
  readonly names: ReadonlyArray<string>
}

/** What has been seen since the marker that switched to AMF3, for references (§2.2). */
export interface Tables {
  readonly strings: Array<Shared>
  readonly objects: Array<Shared>
  readonly traits: Array<Traits>
}

/** One value from its AMF3 marker on. Fails by `reader.failure`. */
export const readValue = (reader: AmfReader, tables: Tables): AmfValue => {
  reader.count(1, 0)
  const marker = reader.byte()
  switch (marker) {
    case Marker.Undefined:
      return undefined
    case Marker.Null:
      return null
    case Marker.False:
    case Marker.True:
      return marker === Marker.True
    case Marker.Integer:
      return (readUint29(reader) << 3) >> 3
    case Marker.Double:
      return reader.double()
    case Marker.String:
      return readString(reader, tables)
    case Marker.XmlDocument:
    case Marker.Xml:
      return readShared(reader, tables, (length) => reader.string(length))
    case Marker.Date:
      return readShared(reader, tables, () => new AmfDate({ epochMillis: reader.double(), zoneMinutes: 0 }))
    case Marker.Array:
      return readShared(reader, tables, (length) => readArray(reader, tables, length))
    case Marker.Object:
      return readShared(reader, tables, (flags) => readObject(reader, tables, flags))
    case Marker.ByteArray:
      return readShared(reader, tables, (length) => readBytes(reader, length))
    case Marker.VectorInt:
      return readShared(reader, tables, (length) => readNumbers(reader, length, 4, () => reader.uint32() | 0))
    case Marker.VectorUint:
      return readShared(reader, tables, (length) => readNumbers(reader, length, 4, () => reader.uint32()))
    case Marker.VectorDouble:
      return readShared(reader, tables, (length) => readNumbers(reader, length, 8, () => reader.double()))
    case Marker.VectorObject:
      return readShared(reader, tables, (length) => readVector(reader, tables, length))
    case Marker.Dictionary:
      return readShared(reader, tables, (length) => readDictionary(reader, tables, length))
    default:
      return reader.fail(2004, `AMF3 marker ${marker}`)
  }
}

/** Seven bits a byte with a flag for more, the fourth byte eight (§1.3.1). */
const readUint29 = (reader: AmfReader): number => {
  let value = 0
  for (let i = 0; i < 3; i++) {
    const byte = reader.byte()
    value = (value << 7) | (byte & 0x7f)
    if (byte < 0x80) return value
  }
  return (value << 8) | reader.byte()
}

/** The low bit tells a value, whose length or flags are above it, from a reference to an earlier one. */
const readShared = (reader: AmfReader, tables: Tables, read: (length: number) => AmfValue): AmfValue => {
  const header = readUint29(reader)
  return (header & 1) === 0
    ? reader.refer(tables.objects, header >> 1)
    : reader.nested(tables.objects, () => read(header >> 1))
}

/** Also names of members and classes. An empty string is never referred to. */
const readString = (reader: AmfReader, tables: Tables): string => {
  const header = readUint29(reader)
  const length = header >> 1
  if ((header & 1) === 0) return String(reader.refer(tables.strings, length) ?? "")
  const value = reader.string(length)
  if (length > 0) tables.strings.push({ value, size: { values: 0, stringBytes: length } })
  return value
}

/** True if `count` items of `bytes` each can follow. */
const hasRoom = (reader: AmfReader, count: number, bytes: number): boolean => {
  if (count * bytes > reader.left) reader.fail(2003, `${count} items`)
  return reader.failure === undefined
}

const readBytes = (reader: AmfReader, length: number): Uint8Array => {
  const at = reader.take(length)
  return at < 0 || !reader.count(0, length) ? new Uint8Array(0) : new Uint8Array(reader.bytes.subarray(at, at + length))
}

/** A dense array; with named members too, all of it is an ECMA array. */
const readArray = (reader: AmfReader, tables: Tables, length: number): AmfValue => {
  const object = new AmfObject([], "ecmaArray")
  readDynamic(reader, tables, object)
  const elements = readElements(reader, tables, length)
  if (object.size === 0) return elements
  elements.forEach((element, index) => object.set(String(index), element))
  return object
}

const readElements = (reader: AmfReader, tables: Tables, length: number): ReadonlyArray<AmfValue> => {
  const elements: Array<AmfValue> = []
  if (!hasRoom(reader, length, 1)) return elements
  while (elements.length < length && reader.failure === undefined) elements.push(readValue(reader, tables))
  return elements
}

/** Names and values up to an empty name. */
const readDynamic = (reader: AmfReader, tables: Tables, object: AmfObject): void => {
  while (reader.failure === undefined) {
    const name = readString(reader, tables)
    if (name === "") return
    object.set(name, readValue(reader, tables))
  }
}

const readObject = (reader: AmfReader, tables: Tables, flags: number): AmfValue => {
  const traits = readTraits(reader, tables, flags)
  if (traits === undefined) return undefined
  if (traits.externalizable) {
    return wrappers.has(traits.className)
      ? readValue(reader, tables)
      : reader.fail(2004, `externalizable ${traits.className}`)
  }
  reader.count(0, traits.className.length)
  const object = new AmfObject([], "object", traits.className === "" ? undefined : traits.className)
  for (const name of traits.names) {
    if (!reader.count(0, name.length)) break
    object.set(name, readValue(reader, tables))
  }
  if (traits.dynamic) readDynamic(reader, tables, object)
  return object
}

/** Without the object's own low bit: `index|0`, or `count|dynamic|externalizable|1` (§3.12). */
const readTraits = (reader: AmfReader, tables: Tables, flags: number): Traits | undefined => {
  if ((flags & 1) === 0) {
    const traits = tables.traits[flags >> 1]
    return traits ?? reader.fail(2003, `traits ${flags >> 1} of ${tables.traits.length}`)
  }
  const count = flags >> 3
  const className = readString(reader, tables)
  if (!hasRoom(reader, count, 1)) return undefined
  const names: Array<string> = []
  while (names.length < count && reader.failure === undefined) names.push(readString(reader, tables))
  const traits = { className, externalizable: (flags & 2) !== 0, dynamic: (flags & 4) !== 0, names }
  tables.traits.push(traits)
  return traits
}

const readNumbers = (reader: AmfReader, length: number, bytes: number, read: () => number): ReadonlyArray<AmfValue> => {
  const numbers: Array<number> = []
  // A flag says whether the vector has a fixed length.
  reader.byte()
  if (!hasRoom(reader, length, bytes) || !reader.count(length, 0)) return numbers
  while (numbers.length < length) numbers.push(read())
  return numbers
}

const readVector = (reader: AmfReader, tables: Tables, length: number): AmfValue => {
  reader.byte()
  readString(reader, tables)
  return readElements(reader, tables, length)
}

/** Keys that are objects have no place in an `AmfObject`: their entries are read and dropped. */
const readDictionary = (reader: AmfReader, tables: Tables, length: number): AmfValue => {
  const object = new AmfObject()
  // A flag says whether keys are held weakly.
  reader.byte()
  if (!hasRoom(reader, length, 2)) return object
  for (let i = 0; i < length && reader.failure === undefined; i++) {
    const key = readValue(reader, tables)
    const value = readValue(reader, tables)
    if (typeof key === "string" || typeof key === "number") object.set(String(key), value)
  }
  return object
}
