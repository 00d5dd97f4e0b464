/** The MP3 of a log as it is, for HTTP-MP3: a viewer has an empty ID3 tag in front, as SRS sends it. */
import { Encoded, type Format, type SharedEncoder, type ViewerFormat } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { copyBytes } from "../rtmp/copyBytes.ts"
import { isMp3 } from "./soundCodec.ts"

const noBytes = new Uint8Array(0)

/** ID3v2.3 (§3.1): no flags, 10 bytes, all padding. */
const id3Tag = Uint8Array.of(0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

const encoder: SharedEncoder = {
  encode: (frame: MediaFrame, out: SlabWriter): Encoded => {
    if (frame.kind !== Kind.Audio || frame.track !== 0 || !isMp3(frame.codec) || frame.header) return Encoded.Absent
    const length = frame.end - frame.dataStart
    if (length <= 0) return Encoded.Absent
    const slab = out.reserve(length)
    copyBytes(frame.bytes, frame.dataStart, frame.end, slab.bytes, slab.used)
    out.commit(slab, length)
    return Encoded.Shared
  },
  lane: () => 0
}

class Mp3Viewer implements ViewerFormat {
  #entered = false

  enter(): Uint8Array {
    if (this.#entered) return noBytes
    this.#entered = true
    return id3Tag
  }

  own(): Uint8Array {
    return noBytes
  }
}

/** `key`: what tells this format's viewers from those who start at other places. */
export const mp3Format = (key: string): Format => ({
  key: `mp3:${key}`,
  lanes: 0,
  encoder: () => encoder,
  viewer: () => new Mp3Viewer()
})
