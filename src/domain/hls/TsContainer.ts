/** Segments of MPEG-TS: the tables first, in each part too, continuity counters that run on from one to the next. */
import { concat, equals } from "../bytes/bytes.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabMemory } from "../media/SlabMemory.ts"
import { SlabWriter, smallestSlab, type TakeSlab } from "../media/SlabWriter.ts"
import { Tracks } from "../mp4/Tracks.ts"
import { TsMux } from "../ts/TsMux.ts"
import type { SegmentContainer } from "./SegmentContainer.ts"

/** Sound of so long shares a PES packet: a frame of AAC alone fills one and a half transport packets with headers. */
const audioPesMillis = 100

/** Of the first slab, in eighths of what was cut last: segments of one stream are about as long as each other. */
const spareEighths = 9

/** Without a copy where nearly all of one slab is used, or it is used again: what is not used lives as long as the rest. */
const allOf = (out: SlabWriter, memory: SlabMemory | undefined): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < out.end;) {
    const slab = out.slabAt(at)
    const part = slab.bytes.subarray(0, slab.used)
    if (part.length === out.end && (memory !== undefined || slab.used > slab.bytes.length * 0.75)) return part
    parts.push(part)
    at = slab.position + slab.used
  }
  const bytes = concat(parts)
  for (const part of parts) memory?.give(part)
  return bytes
}

export class TsContainer implements SegmentContainer {
  readonly extension = ".ts"
  readonly tracks = new Tracks()
  readonly init = undefined
  readonly #mux: TsMux
  readonly #memory: SlabMemory | undefined
  readonly #take: TakeSlab | undefined
  /** Since the last cut. */
  #out: SlabWriter
  /** Of the open segment, cut already. */
  #cutBytes = 0
  readonly #headers = new Map<Kind, MediaFrame>()

  /** `published`: times as published instead of repaired. `memory`: of segments, if their reader gives it back. */
  constructor(published: boolean, memory?: SlabMemory) {
    this.#mux = new TsMux({ published, audioPesMillis })
    this.#memory = memory
    this.#take = memory && ((length) => memory.take(length))
    this.#out = new SlabWriter(smallestSlab, this.#take)
  }

  get length(): number {
    return this.#cutBytes + this.#out.end
  }

  learn(header: MediaFrame): boolean {
    const before = this.#headers.get(header.kind)
    this.#headers.set(header.kind, header)
    this.tracks.learn(header)
    if (header.kind === Kind.Audio && this.length > 0) this.#mux.flush(this.#out)
    this.#mux.learn(header)
    return before !== undefined && (before.codec !== header.codec || !equals(before.data, header.data))
  }

  write(frame: MediaFrame): boolean {
    this.tracks.learn(frame)
    if (this.#out.end === 0 && this.#mux.program.streams.length > 0) this.#mux.writePsi(this.#out)
    return this.#mux.write(frame, this.#out)
  }

  copyHeld(): void {
    this.#mux.copyHeld()
  }

  cut(): Uint8Array {
    this.#mux.flush(this.#out)
    const bytes = allOf(this.#out, this.#memory)
    this.#cutBytes += bytes.length
    this.#out = new SlabWriter(Math.max(smallestSlab, (bytes.length * spareEighths) >> 3), this.#take)
    return bytes
  }

  finish(): Uint8Array {
    const bytes = this.cut()
    this.#cutBytes = 0
    return bytes
  }
}
