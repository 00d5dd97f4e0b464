/** Segments of MPEG-TS: the tables first, continuity counters that run on from one to the next. */
import { concat, equals } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import { SlabWriter } from "../media/SlabWriter.ts"
import { TsMux } from "../ts/TsMux.ts"
import type { FinishedSegment, SegmentContainer } from "./SegmentContainer.ts"

/** Sound of so long shares a PES packet: a frame of AAC alone fills one and a half transport packets with headers. */
const audioPesMillis = 100

const allOf = (out: SlabWriter): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < out.end;) {
    const slab = out.slabAt(at)
    parts.push(slab.bytes.subarray(0, slab.used))
    at = slab.position + slab.used
  }
  return concat(parts)
}

export class TsContainer implements SegmentContainer {
  readonly extension = ".ts"
  readonly #mux: TsMux
  #out = new SlabWriter()
  readonly #headers = new Map<Kind, MediaFrame>()

  /** `published`: times as published instead of repaired. */
  constructor(published: boolean) {
    this.#mux = new TsMux({ published, audioPesMillis })
  }

  get length(): number {
    return this.#out.end
  }

  learn(header: MediaFrame): boolean {
    const before = this.#headers.get(header.kind)
    this.#headers.set(header.kind, header)
    if (header.kind === Kind.Audio && this.length > 0) this.#mux.flush(this.#out)
    this.#mux.learn(header)
    return before !== undefined && (before.codec !== header.codec || !equals(before.data, header.data))
  }

  write(frame: MediaFrame): boolean {
    if (this.length === 0 && this.#mux.program.streams.length > 0) this.#mux.writePsi(this.#out)
    return this.#mux.write(frame, this.#out)
  }

  finish(): FinishedSegment {
    this.#mux.flush(this.#out)
    const bytes = allOf(this.#out)
    this.#out = new SlabWriter()
    return { bytes, init: undefined }
  }
}
