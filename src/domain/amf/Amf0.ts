/**
 * AMF0 (Adobe, Action Message Format 0): the values of RTMP commands and metadata. Pure: bytes in, values out.
 *
 * Decoding is as tolerant as the most tolerant peer: an object may end with the message instead of its end marker, the
 * count of an ECMA array is not trusted, and what cannot be read behind the third value ends the list.
 */
import * as Result from "effect/Result"
import { readValue as readAmf3Value } from "./Amf3.ts"
import { AmfReader } from "./AmfReader.ts"
import { AmfDate, AmfObject, type AmfValue, type MalformedAmf } from "./AmfValue.ts"
import { AmfWriter } from "./AmfWriter.ts"

const Marker = {
  Number: 0x00,
  Boolean: 0x01,
  String: 0x02,
  Object: 0x03,
  Null: 0x05,
  Undefined: 0x06,
  Reference: 0x07,
  EcmaArray: 0x08,
  ObjectEnd: 0x09,
  StrictArray: 0x0a,
  Date: 0x0b,
  LongString: 0x0c,
  Unsupported: 0x0d,
  XmlDocument: 0x0f,
  TypedObject: 0x10,
  Amf3: 0x11
} as const

/** Name, transaction id and command object; or `@setDataFrame`, `onMetaData` and its object. */
const requiredValues = 3

/** All values of `bytes[start, end)`. */
export const decodeAll = (
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length
): Result.Result<ReadonlyArray<AmfValue>, MalformedAmf> => {
  const reader = new AmfReader(bytes, start, end)
  const values: Array<AmfValue> = []
  while (reader.left > 0) {
    const value = readValue(reader)
    if (reader.failure === undefined) values.push(value)
  }
  return reader.failure === undefined || values.length >= requiredValues
    ? Result.succeed(values)
    : Result.fail(reader.failure)
}

/**
 * The values of an AMF3 command or AMF3 data message (types 17 and 15): a zero byte, which some encoders leave out in
 * front of data, then AMF0, in which a marker announces each value that is AMF3.
 */
export const decodeAmf3Message = (
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length
): Result.Result<ReadonlyArray<AmfValue>, MalformedAmf> =>
  decodeAll(bytes, start < end && bytes[start] === 0 ? start + 1 : start, end)

const readValue = (reader: AmfReader): AmfValue => {
  reader.count(1, 0)
  const marker = reader.byte()
  switch (marker) {
    case Marker.Number:
      return reader.double()
    case Marker.Boolean:
      return reader.byte() !== 0
    case Marker.String:
      return reader.string(reader.uint16())
    case Marker.Object:
      return reader.nested(reader.shared, () => readMembers(reader, new AmfObject()))
    case Marker.Null:
      return null
    case Marker.Undefined:
    case Marker.Unsupported:
      return undefined
    case Marker.Reference:
      return reader.refer(reader.shared, reader.uint16())
    case Marker.EcmaArray:
      reader.uint32()
      return reader.nested(reader.shared, () => readMembers(reader, new AmfObject([], "ecmaArray")))
    case Marker.StrictArray:
      return reader.nested(reader.shared, () => readElements(reader))
    case Marker.Date:
      return new AmfDate({ epochMillis: reader.double(), zoneMinutes: (reader.uint16() << 16) >> 16 })
    case Marker.LongString:
    case Marker.XmlDocument:
      return reader.string(reader.uint32())
    case Marker.TypedObject: {
      const className = reader.string(reader.uint16())
      return reader.nested(reader.shared, () => readMembers(reader, new AmfObject([], "object", className)))
    }
    case Marker.Amf3:
      return readAmf3Value(reader, { strings: [], objects: [], traits: [] })
    default:
      return reader.fail(2004, `marker ${marker}`)
  }
}

const readMembers = (reader: AmfReader, object: AmfObject): AmfObject => {
  while (reader.left > 0) {
    const nameLength = reader.uint16()
    if (nameLength === 0 && reader.left > 0 && reader.bytes[reader.at] === Marker.ObjectEnd) {
      reader.at++
      break
    }
    const name = reader.string(nameLength)
    object.set(name, readValue(reader))
  }
  return object
}

const readElements = (reader: AmfReader): ReadonlyArray<AmfValue> => {
  const length = reader.uint32()
  // Each element has its marker at least.
  if (length > reader.left) reader.fail(2003, `array of ${length}`)
  const elements: Array<AmfValue> = []
  while (elements.length < length && reader.failure === undefined) elements.push(readValue(reader))
  return elements
}

/** The values one after the other. What AMF0 cannot express (a byte array) is marked unsupported. */
export const encodeAll = (values: ReadonlyArray<AmfValue>): Uint8Array => {
  const writer = new AmfWriter()
  for (const value of values) writeValue(writer, value)
  return writer.take()
}

const writeValue = (writer: AmfWriter, value: AmfValue): void => {
  if (typeof value === "number") {
    writer.byte(Marker.Number)
    writer.double(value)
  } else if (typeof value === "boolean") {
    writer.byte(Marker.Boolean)
    writer.byte(value ? 1 : 0)
  } else if (typeof value === "string") {
    writeString(writer, value)
  } else if (value === null) {
    writer.byte(Marker.Null)
  } else if (value === undefined) {
    writer.byte(Marker.Undefined)
  } else if (value instanceof AmfObject) {
    writeObject(writer, value)
  } else if (value instanceof AmfDate) {
    writer.byte(Marker.Date)
    writer.double(value.epochMillis)
    writer.uint16(value.zoneMinutes)
  } else if (value instanceof Uint8Array) {
    writer.byte(Marker.Unsupported)
  } else {
    writer.byte(Marker.StrictArray)
    writer.uint32(value.length)
    for (const element of value) writeValue(writer, element)
  }
}

const writeString = (writer: AmfWriter, value: string): void => {
  const length = Buffer.byteLength(value)
  if (length > 0xffff) {
    writer.byte(Marker.LongString)
    writer.uint32(length)
  } else {
    writer.byte(Marker.String)
    writer.uint16(length)
  }
  writer.text(value, length)
}

const writeObject = (writer: AmfWriter, object: AmfObject): void => {
  if (object.className !== undefined) {
    writer.byte(Marker.TypedObject)
    writeName(writer, object.className)
  } else if (object.kind === "ecmaArray") {
    writer.byte(Marker.EcmaArray)
    writer.uint32(object.size)
  } else {
    writer.byte(Marker.Object)
  }
  object.forEach((value, name) => {
    writeName(writer, name)
    writeValue(writer, value)
  })
  writer.uint16(0)
  writer.byte(Marker.ObjectEnd)
}

/** A name has 65535 bytes at most; only AMF3 can have brought a longer one, which is cut. */
const writeName = (writer: AmfWriter, name: string): void => {
  const length = Math.min(Buffer.byteLength(name), 0xffff)
  writer.uint16(length)
  writer.text(name, length)
}
