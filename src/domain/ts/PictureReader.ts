/** H.264 and HEVC access units of a transport stream as media frames. */

import { equals, writeUint32 } from "../bytes/bytes.ts"
import { FourCc } from "../codec/CodecId.ts"
import { videoFrame } from "../flv/Enhanced.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { avcRecord, hevcRecord } from "./configRecords.ts"
import { avcSyntax, hevcSyntax, type NalSyntax } from "./nalUnits.ts"
import type { PesPacket } from "./PesBuffer.ts"
import { ticksPerMilli } from "./packet.ts"
import { findNalUnits } from "./startCodes.ts"

/** Parameter sets of one kind in an access unit, and bytes of one. */
const maxSets = 31
const maxSetLength = 0xffff

/** Shortest SPS of H.264: its header, profile, compatibility, level. */
const minAvcSpsLength = 4

export type PictureCodec = "avc" | "hevc"

type Sets = Array<Uint8Array>

const avcKinds = [7, 8]
const hevcKinds = [32, 33, 34]

const sameSets = (a: Sets, b: Sets): boolean => a.length === b.length && a.every((set, i) => equals(set, b[i]))

export const millisOf = (ticks: number): number => Math.round(ticks / ticksPerMilli)

export class PictureReader {
  readonly #codec: PictureCodec
  readonly #syntax: NalSyntax
  /** Types of the parameter sets, in the order of the record, and the newest sets of each. */
  readonly #kinds: ReadonlyArray<number>
  readonly #sets: Array<Sets>
  /** Where the NAL units of the access unit at hand are. */
  readonly #ranges: Array<number> = []
  #configured = false

  constructor(codec: PictureCodec) {
    this.#codec = codec
    this.#syntax = codec === "avc" ? avcSyntax : hevcSyntax
    this.#kinds = codec === "avc" ? avcKinds : hevcKinds
    this.#sets = this.#kinds.map(() => [])
  }

  /** Nothing is emitted before the parameter sets have come, nor for an access unit of which a part was lost. */
  read(packet: PesPacket, pts: number, dts: number, emit: (frame: MediaFrame) => void): void {
    const { bytes, damaged, end, start } = packet
    const { mask, shift } = this.#syntax
    if (damaged) return
    const ranges = this.#ranges
    const count = findNalUnits(bytes, start, end, ranges)
    const fresh: Array<Sets> = this.#kinds.map(() => [])
    let length = 0
    let keyframe = false
    let kept = 0
    for (let i = 0; i < count; i++) {
      const from = ranges[2 * i]
      const to = ranges[2 * i + 1]
      const type = (bytes[from] >>> shift) & mask
      const kind = this.#kinds.indexOf(type)
      if (kind >= 0) {
        if (fresh[kind].length < maxSets && to - from <= maxSetLength) fresh[kind].push(bytes.slice(from, to))
        continue
      }
      if (type === this.#syntax.delimiter) continue
      keyframe ||= this.#syntax.isRandomAccess(type)
      ranges[2 * kept] = from
      ranges[2 * kept + 1] = to
      kept++
      length += 4 + to - from
    }
    const published = millisOf(dts)
    this.#configure(fresh, published, emit)
    if (!this.#configured || kept === 0) return
    const data = this.#lengthPrefixed(bytes, kept, length)
    const compositionOffset = millisOf(pts) - published
    emit(videoFrame({ codec: this.#fourCc, keyframe, compositionOffset, data }, published >>> 0))
  }

  get #fourCc(): number {
    return this.#codec === "avc" ? FourCc.Avc : FourCc.Hevc
  }

  #lengthPrefixed(bytes: Uint8Array, count: number, length: number): Uint8Array {
    const data = new Uint8Array(length)
    let at = 0
    for (let i = 0; i < count; i++) {
      const from = this.#ranges[2 * i]
      const to = this.#ranges[2 * i + 1]
      writeUint32(data, at, to - from)
      data.set(bytes.subarray(from, to), at + 4)
      at += 4 + to - from
    }
    return data
  }

  /** A header when the sets are complete and differ from those before. */
  #configure(fresh: ReadonlyArray<Sets>, published: number, emit: (frame: MediaFrame) => void): void {
    let changed = false
    for (const [kind, sets] of fresh.entries()) {
      if (sets.length === 0 || sameSets(sets, this.#sets[kind])) continue
      this.#sets[kind] = sets
      changed = true
    }
    if (!changed || this.#sets.some((sets) => sets.length === 0)) return
    const data = this.#record()
    if (data === undefined) return
    this.#configured = true
    emit(videoFrame({ codec: this.#fourCc, header: true, data }, published >>> 0))
  }

  #record(): Uint8Array | undefined {
    const [first, second, third] = this.#sets
    if (this.#codec === "hevc") return hevcRecord(first, second, third)
    return first[0].length < minAvcSpsLength ? undefined : avcRecord(first, second)
  }
}
