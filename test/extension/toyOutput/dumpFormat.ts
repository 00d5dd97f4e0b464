/** The toy output's lines: `V <ms> k <hex of the codec's data>`, times as published or repaired. */
import { Encoded, type Format, type SharedEncoder, type ViewerFormat } from "../../../src/domain/media/Format.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import type { SlabWriter } from "../../../src/domain/media/SlabWriter.ts"

const lineOf = (frame: MediaFrame): Uint8Array =>
  Buffer.from(
    `${frame.kind === Kind.Video ? "V" : "A"} ${frame.timestamp} ${frame.keyframe ? "k" : "-"} ${Buffer.from(frame.data).toString("hex")}\n`
  )

const encoder = (keyframesOnly: boolean): SharedEncoder => ({
  lane: () => 0,
  encode: (frame: MediaFrame, out: SlabWriter): Encoded => {
    if (frame.kind === Kind.Data || frame.header || (keyframesOnly && !frame.keyframe)) return Encoded.Absent
    const line = lineOf(frame)
    const slab = out.reserve(line.length)
    slab.bytes.set(line, slab.used)
    out.commit(slab, line.length)
    return Encoded.Shared
  }
})

class DumpViewer implements ViewerFormat {
  #joined = false

  enter(): Uint8Array {
    const bytes = this.#joined ? "" : "TOY 1\n"
    this.#joined = true
    return Buffer.from(bytes)
  }

  own(frame: MediaFrame): Uint8Array {
    return lineOf(frame)
  }
}

export const dumpFormat = (keyframesOnly: boolean): Format => ({
  key: `toy ${keyframesOnly}`,
  lanes: 0,
  encoder: () => encoder(keyframesOnly),
  viewer: () => new DumpViewer()
})
