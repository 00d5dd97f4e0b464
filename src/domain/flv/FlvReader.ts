/** Incremental reader of an FLV file or live stream (FLV 10.1 §E.2, §E.3). */

import * as Data from "effect/Data"
import { readUint24, readUint32 } from "../bytes/bytes.ts"
import { maxTagBodyLength, previousTagSizeLength, tagHeaderLength } from "./FlvTag.ts"

const fileHeaderLength = 9

/** Version 1 says 9; more would be fields of a later version, to be skipped. */
const maxDataOffset = 1024

/** Bit 5 of a tag's type byte: the body is encrypted. */
const encryptedTag = 0x20

export class MalformedFlv extends Data.TaggedError("MalformedFlv")<{
  readonly reason: string
  readonly position: number
}> {
  override get message() {
    return `FLV at byte ${this.position}: ${this.reason}`
  }
}

/** `bytes` from `start` to `end` are the body. They stay valid as long as what was pushed does not change. */
export type OnTag = (type: number, timestamp: number, bytes: Uint8Array, start: number, end: number) => void

/** Room for a body of which nothing has come yet. */
const firstBodyBytes = 4096

export class FlvReader {
  readonly #maxBodyLength: number
  /** Bytes seen before the current `push`. */
  #position = 0
  #fileHeaderSeen = false
  #hasAudio = false
  #hasVideo = false
  /** Bytes still to skip: rest of the file header, previous tag size. */
  #skip = 0
  /** The start of a file or tag header that came in pieces. */
  readonly #partial = new Uint8Array(tagHeaderLength)
  #partialLength = 0
  /** A body that came in pieces; undefined between bodies. Grows with what has come, not to what was announced. */
  #body: Uint8Array | undefined
  #bodyLength = 0
  #announcedLength = 0
  #type = 0
  #timestamp = 0
  #failure: MalformedFlv | undefined

  constructor(maxBodyLength = maxTagBodyLength) {
    this.#maxBodyLength = maxBodyLength
  }

  /** As the file header announces; false before it was read. */
  get hasAudio(): boolean {
    return this.#hasAudio
  }

  get hasVideo(): boolean {
    return this.#hasVideo
  }

  /** Takes the next bytes, which the caller must not change afterwards. After a failure it takes no more. */
  push(bytes: Uint8Array, onTag: OnTag): MalformedFlv | undefined {
    let at = 0
    while (at < bytes.length && this.#failure === undefined) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at)
        this.#skip -= skipped
        at += skipped
      } else if (this.#body !== undefined) {
        at = this.#fillBody(this.#body, bytes, at, onTag)
      } else {
        at = this.#readHeader(bytes, at, onTag)
      }
    }
    this.#position += bytes.length
    return this.#failure
  }

  #fillBody(body: Uint8Array, bytes: Uint8Array, at: number, onTag: OnTag): number {
    const taken = Math.min(this.#announcedLength - this.#bodyLength, bytes.length - at)
    const room = this.#roomFor(body, this.#bodyLength + taken)
    room.set(bytes.subarray(at, at + taken), this.#bodyLength)
    this.#bodyLength += taken
    this.#body = room
    if (this.#bodyLength === this.#announcedLength) {
      this.#body = undefined
      this.#skip = previousTagSizeLength
      onTag(this.#type, this.#timestamp, room, 0, this.#announcedLength)
    }
    return at + taken
  }

  #roomFor(body: Uint8Array, length: number): Uint8Array {
    if (length <= body.length) return body
    const larger = new Uint8Array(Math.min(this.#announcedLength, Math.max(length, 2 * body.length)))
    larger.set(body.subarray(0, this.#bodyLength))
    return larger
  }

  /** Reads a header, from `bytes` itself or through the partial one, and a body that lies whole in `bytes`. */
  #readHeader(bytes: Uint8Array, at: number, onTag: OnTag): number {
    const needed = this.#fileHeaderSeen ? tagHeaderLength : fileHeaderLength
    let header = bytes
    let headerAt = at
    let next = at + needed
    if (this.#partialLength > 0 || next > bytes.length) {
      const taken = Math.min(needed - this.#partialLength, bytes.length - at)
      this.#partial.set(bytes.subarray(at, at + taken), this.#partialLength)
      this.#partialLength += taken
      next = at + taken
      if (this.#partialLength < needed) return next
      this.#partialLength = 0
      header = this.#partial
      headerAt = 0
    }
    if (!this.#fileHeaderSeen) {
      this.#readFileHeader(header, headerAt, next)
      return next
    }
    return this.#readTagHeader(header, headerAt, bytes, next, onTag)
  }

  #readFileHeader(header: Uint8Array, at: number, next: number): void {
    const dataOffset = readUint32(header, at + 5)
    if (readUint24(header, at) !== 0x464c56) return this.#fail("no FLV signature", next)
    if (dataOffset < fileHeaderLength || dataOffset > maxDataOffset) return this.#fail("bad data offset", next)
    this.#fileHeaderSeen = true
    this.#hasAudio = (header[at + 4] & 4) !== 0
    this.#hasVideo = (header[at + 4] & 1) !== 0
    this.#skip = dataOffset - fileHeaderLength + previousTagSizeLength
  }

  #readTagHeader(header: Uint8Array, at: number, bytes: Uint8Array, bodyAt: number, onTag: OnTag): number {
    const type = header[at]
    const length = readUint24(header, at + 1)
    const timestamp = readUint24(header, at + 4) + header[at + 7] * 0x1000000
    if ((type & encryptedTag) !== 0) this.#fail("encrypted tag", bodyAt)
    else if (length > this.#maxBodyLength) this.#fail(`tag body of ${length} bytes`, bodyAt)
    else if (bodyAt + length <= bytes.length) {
      this.#skip = previousTagSizeLength
      onTag(type & 0x1f, timestamp, bytes, bodyAt, bodyAt + length)
      return bodyAt + length
    } else {
      this.#type = type & 0x1f
      this.#timestamp = timestamp
      this.#bodyLength = 0
      this.#announcedLength = length
      this.#body = new Uint8Array(Math.min(length, firstBodyBytes))
    }
    return bodyAt
  }

  #fail(reason: string, at: number): void {
    this.#failure = new MalformedFlv({ reason, position: this.#position + at })
  }
}
