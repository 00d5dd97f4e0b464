/**
 * Reads FLV (Adobe Flash Video File Format 10.1, annex E), written from the specification and apart from the codec under
 * test, so that what a viewer received can be compared with what was published.
 */

/** One frame as a demuxer would hand it out: without codec header, with times in milliseconds. */
export interface Packet {
  readonly kind: "audio" | "video"
  /** Goes on beyond 32 bits where the timestamps begin again at 0. */
  readonly dts: number
  readonly pts: number
  readonly size: number
  /** Adler-32. */
  readonly crc: number
  readonly keyframe: boolean
}

/** A tag as it is in the file. */
export interface Tag {
  readonly type: number
  /** Milliseconds, 32 bits without sign. */
  readonly timestamp: number
  readonly body: Uint8Array
}

export const adler32 = (bytes: Uint8Array): number => {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return b * 65536 + a
}

export class FlvReader {
  readonly packets: Array<Packet> = []
  readonly tags: Array<Tag> = []
  #pending: Uint8Array = new Uint8Array(0)
  #headerRead = false
  #first: number | undefined

  push(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    let at = 0
    if (!this.#headerRead) {
      if (this.#pending.length < 13) return
      const header = this.#pending
      if (header[0] !== 0x46 || header[1] !== 0x4c || header[2] !== 0x56) throw new Error("not an FLV file")
      at = new DataView(header.buffer, header.byteOffset).getUint32(5) + 4
      this.#headerRead = true
    }
    while (this.#pending.length - at >= 11) {
      const tag = this.#pending.subarray(at)
      const view = new DataView(tag.buffer, tag.byteOffset)
      const size = view.getUint32(0) & 0xffffff
      if (tag.length < 11 + size + 4) break
      if (view.getUint32(11 + size) !== 11 + size) throw new Error("wrong PreviousTagSize")
      const timestamp = ((tag[7]! << 24) | (view.getUint32(3) & 0xffffff)) >>> 0
      const read: Tag = { type: tag[0]! & 0x1f, timestamp, body: tag.subarray(11, 11 + size) }
      this.tags.push(read)
      this.#tag(read)
      at += 11 + size + 4
    }
    this.#pending = this.#pending.subarray(at)
  }

  /** Nearest to the first timestamp, of all that are equal modulo 2^32. */
  #unfold(timestamp: number): number {
    this.#first ??= timestamp
    return this.#first + ((timestamp - this.#first) | 0)
  }

  #tag({ type, timestamp, body }: Tag): void {
    if (type === 8 && body.length > 0) this.#audio(this.#unfold(timestamp), body)
    if (type === 9 && body.length > 0) this.#video(this.#unfold(timestamp), body)
  }

  /** SoundFormat 9 is the extended header, which is not read here. 10 is AAC, whose second byte is 0 for the configuration. */
  #audio(dts: number, body: Uint8Array): void {
    if (body[0]! >> 4 === 9) return
    const aac = body[0]! >> 4 === 10
    if (aac && body[1] === 0) return
    const data = body.subarray(aac ? 2 : 1)
    this.packets.push({ kind: "audio", dts, pts: dts, size: data.length, crc: adler32(data), keyframe: true })
  }

  /** The topmost bit says extended header, which is not read here. CodecID 7 is AVC: packet type (0 configuration, 1 frame, 2 end) and a signed 24-bit composition time follow. */
  #video(dts: number, body: Uint8Array): void {
    if (body[0]! >= 0x80) return
    const keyframe = body[0]! >> 4 === 1
    const avc = (body[0]! & 0x0f) === 7
    if (avc && body[1] !== 1) return
    const offset = avc ? ((body[2]! << 24) | (body[3]! << 16) | (body[4]! << 8)) >> 8 : 0
    const data = body.subarray(avc ? 5 : 1)
    this.packets.push({ kind: "video", dts, pts: dts + offset, size: data.length, crc: adler32(data), keyframe })
  }
}
