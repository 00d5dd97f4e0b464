/**
 * What clients sent, with times: the file of `sluice dump` and `sluice replay`, and of fixtures of bugs.
 *
 *     "sluicer1"                                             8 bytes
 *     then records, in the order of their times:
 *       connection  uint32   counts from 1; its first record opens it
 *       time        uint32   milliseconds since the recording began
 *       length      uint32   0: the connection has closed
 *       bytes       length   as they came in one read
 *
 * All numbers are big-endian. A recording that was cut off ends with the last whole record.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { concat, readUint32, writeUint32 } from "../bytes/bytes.ts"

export const magic = new TextEncoder().encode("sluicer1")
export const recordHeaderLength = 12
/** Longest record: longer reads are written as several. */
export const maxRecordBytes = 1024 * 1024

export interface RecordEntry {
  readonly connection: number
  readonly timeMillis: number
  /** Empty: the connection has closed. A view of what was pushed. */
  readonly bytes: Uint8Array
}

export class MalformedRecording extends Data.TaggedError("MalformedRecording")<{ readonly reason: string }> {
  override get message() {
    return `no recording: ${this.reason}`
  }
}

const encodeOne = ({ bytes, connection, timeMillis }: RecordEntry): Uint8Array => {
  const record = new Uint8Array(recordHeaderLength + bytes.length)
  writeUint32(record, 0, connection)
  writeUint32(record, 4, timeMillis)
  writeUint32(record, 8, bytes.length)
  record.set(bytes, recordHeaderLength)
  return record
}

/** One entry; several records if it is long. */
export const encodeEntry = (entry: RecordEntry): Uint8Array => {
  if (entry.bytes.length <= maxRecordBytes) return encodeOne(entry)
  const records: Array<Uint8Array> = []
  for (let at = 0; at < entry.bytes.length; at += maxRecordBytes) {
    records.push(encodeOne({ ...entry, bytes: entry.bytes.subarray(at, at + maxRecordBytes) }))
  }
  return concat(records)
}

/** Reads a recording in pieces. */
export class RecordingReader {
  #pending: Uint8Array = new Uint8Array(0)
  #begun = false

  /** The entries that are whole now. */
  push(bytes: Uint8Array): Result.Result<ReadonlyArray<RecordEntry>, MalformedRecording> {
    const all = this.#pending.length === 0 ? bytes : concat([this.#pending, bytes])
    const entries: Array<RecordEntry> = []
    let at = 0
    if (!this.#begun) {
      if (magic.some((byte, index) => index < all.length && all[index] !== byte)) return fail("it begins otherwise")
      if (all.length < magic.length) return this.#wait(all, entries)
      this.#begun = true
      at = magic.length
    }
    while (all.length - at >= recordHeaderLength) {
      const length = readUint32(all, at + 8)
      if (length > maxRecordBytes) return fail(`a record of ${length} bytes`)
      const end = at + recordHeaderLength + length
      if (end > all.length) break
      const connection = readUint32(all, at)
      const timeMillis = readUint32(all, at + 4)
      entries.push({ connection, timeMillis, bytes: all.subarray(at + recordHeaderLength, end) })
      at = end
    }
    return this.#wait(all.subarray(at), entries)
  }

  #wait(rest: Uint8Array, entries: ReadonlyArray<RecordEntry>): Result.Result<ReadonlyArray<RecordEntry>> {
    this.#pending = rest
    return Result.succeed(entries)
  }
}

const fail = (reason: string) => Result.fail(new MalformedRecording({ reason }))
