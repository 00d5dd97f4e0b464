/** The AAC of a log as ADTS frames, for HTTP-AAC. Each frame tells its own format, so viewers share every byte. */
import { Encoded, type Format, type SharedEncoder } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import { copyBytes } from "../rtmp/copyBytes.ts"
import { adtsHeaderLength, type AdtsTemplate, adtsTemplate, maxAdtsFrame, writeAdtsHeader } from "../ts/Adts.ts"
import { isAac } from "./soundCodec.ts"

const noBytes = new Uint8Array(0)
const noHeaders: ReadonlyArray<MediaFrame> = []

/** ID of the second byte (ISO/IEC 14496-3 §1.A.2.2.1): MPEG-2 where it is set, as transport streams have it. */
const mpeg2Id = 0x08

const mpeg4Template = (config: Uint8Array): AdtsTemplate | undefined => {
  const template = adtsTemplate(config)
  if (template !== undefined) template[1] &= ~mpeg2Id
  return template
}

class AdtsEncoder implements SharedEncoder {
  #template: AdtsTemplate | undefined

  constructor(headers: ReadonlyArray<MediaFrame>) {
    for (const header of headers) this.#learn(header)
  }

  encode(frame: MediaFrame, out: SlabWriter): Encoded {
    if (frame.kind !== Kind.Audio || frame.track !== 0 || !isAac(frame.codec)) return Encoded.Absent
    if (frame.header) {
      this.#learn(frame)
      return Encoded.Absent
    }
    const size = frame.end - frame.dataStart
    const length = adtsHeaderLength + size
    if (this.#template === undefined || length > maxAdtsFrame || !isCoded(frame)) return Encoded.Absent
    const slab = out.reserve(length)
    writeAdtsHeader(slab.bytes, slab.used, this.#template, size)
    copyBytes(frame.bytes, frame.dataStart, frame.end, slab.bytes, slab.used + adtsHeaderLength)
    out.commit(slab, length)
    return Encoded.Shared
  }

  lane(): number {
    return 0
  }

  /** A record that ADTS has no words for leaves the one before in force. */
  #learn(frame: MediaFrame): void {
    if (frame.kind !== Kind.Audio || frame.track !== 0 || !isAac(frame.codec) || !isConfiguration(frame)) return
    this.#template = mpeg4Template(frame.data) ?? this.#template
  }
}

/** `key`: what tells this format's viewers from those who start at other places. */
export const adtsFormat = (key: string): Format => ({
  key: `aac:${key}`,
  lanes: 0,
  encoder: (headers = noHeaders) => new AdtsEncoder(headers),
  viewer: () => ({ enter: () => noBytes, own: () => noBytes })
})
