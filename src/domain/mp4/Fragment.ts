/** Movie fragments (ISO/IEC 14496-12 §8.8): `moof` and `mdat` with samples of one or more tracks. */

import { writeUint32 } from "../bytes/bytes.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { copyBytes } from "../rtmp/copyBytes.ts"
import { boxHeaderLength, writeType, writeUint64 } from "./box.ts"

const mfhdLength = 16
const tfhdLength = 16
const tfdtLength = 20
const trunHeaderLength = 20
const trunSampleLength = 16

const defaultBaseIsMoof = 0x020000
/** data offset, then for each sample duration, size, flags and composition offset. */
const trunFlags = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800

/** Sample flags (§8.8.3.1): depends on no other; depends on others and is no sync sample. */
export const SampleFlags = { Sync: 0x02000000, NonSync: 0x01010000 } as const

/** Samples of one track that follow each other. Cleared and used again. */
export class TrackRun {
  readonly trackId: number
  /** Decoding time of the first sample, ticks of the track. */
  #baseTime = 0
  readonly #frames: Array<MediaFrame> = []
  readonly #durations: Array<number> = []
  readonly #compositionOffsets: Array<number> = []
  readonly #sync: Array<boolean> = []
  #bytes = 0
  #duration = 0

  constructor(trackId: number) {
    this.trackId = trackId
  }

  get count(): number {
    return this.#frames.length
  }

  /** Of all samples. */
  get bytes(): number {
    return this.#bytes
  }

  get baseTime(): number {
    return this.#baseTime
  }

  /** Of all samples, ticks. */
  get duration(): number {
    return this.#duration
  }

  get startsWithSync(): boolean {
    return this.#sync[0] === true
  }

  /** A frame through `isCoded` and `lengthPrefixed`. Times in ticks of the track. The decoding time counts for the first sample; others follow by their durations. */
  add(frame: MediaFrame, time: number, duration: number, compositionOffset: number, sync: boolean): void {
    if (this.#frames.length === 0) this.#baseTime = time
    this.#frames.push(frame)
    this.#durations.push(duration)
    this.#compositionOffsets.push(compositionOffset)
    this.#sync.push(sync)
    this.#bytes += frame.end - frame.dataStart
    this.#duration += duration
  }

  clear(): void {
    this.#frames.length = 0
    this.#durations.length = 0
    this.#compositionOffsets.length = 0
    this.#sync.length = 0
    this.#bytes = 0
    this.#duration = 0
  }

  get trafLength(): number {
    return boxHeaderLength + tfhdLength + tfdtLength + trunHeaderLength + this.count * trunSampleLength
  }

  /** `dataOffset` is from the start of `moof` to the first sample. Returns the place behind the box. */
  writeTraf(target: Uint8Array, at: number, dataOffset: number): number {
    let to = writeHeader(target, at, this.trafLength, "traf")
    to = writeFullHeader(target, to, tfhdLength, "tfhd", defaultBaseIsMoof)
    writeUint32(target, to, this.trackId)
    to = writeFullHeader(target, to + 4, tfdtLength, "tfdt", 0x01000000)
    writeUint64(target, to, this.#baseTime)
    to = writeFullHeader(
      target,
      to + 8,
      trunHeaderLength + this.count * trunSampleLength,
      "trun",
      0x01000000 | trunFlags
    )
    writeUint32(target, to, this.count)
    writeUint32(target, to + 4, dataOffset)
    to += 8
    for (let i = 0; i < this.count; i++) {
      const frame = this.#frames[i]
      writeUint32(target, to, this.#durations[i])
      writeUint32(target, to + 4, frame.end - frame.dataStart)
      writeUint32(target, to + 8, this.#sync[i] ? SampleFlags.Sync : SampleFlags.NonSync)
      writeUint32(target, to + 12, this.#compositionOffsets[i])
      to += trunSampleLength
    }
    return to
  }

  /** Returns the place behind the samples. */
  writeSamples(target: Uint8Array, at: number): number {
    let to = at
    for (const frame of this.#frames) {
      copyBytes(frame.bytes, frame.dataStart, frame.end, target, to)
      to += frame.end - frame.dataStart
    }
    return to
  }
}

const writeHeader = (target: Uint8Array, at: number, length: number, type: string): number => {
  writeUint32(target, at, length)
  writeType(target, at + 4, type)
  return at + boxHeaderLength
}

const writeFullHeader = (
  target: Uint8Array,
  at: number,
  length: number,
  type: string,
  versionFlags: number
): number => {
  const to = writeHeader(target, at, length, type)
  writeUint32(target, to, versionFlags)
  return to + 4
}

const moofLength = (runs: ReadonlyArray<TrackRun>): number => {
  let length = boxHeaderLength + mfhdLength
  for (const run of runs) if (run.count > 0) length += run.trafLength
  return length
}

export const fragmentLength = (runs: ReadonlyArray<TrackRun>): number => {
  let length = moofLength(runs) + boxHeaderLength
  for (const run of runs) length += run.bytes
  return length
}

/** Writes `fragmentLength(runs)` bytes; runs without samples are left out. Returns the place behind them. */
export const putFragment = (
  target: Uint8Array,
  at: number,
  sequence: number,
  runs: ReadonlyArray<TrackRun>
): number => {
  const length = moofLength(runs)
  let to = writeHeader(target, at, length, "moof")
  to = writeFullHeader(target, to, mfhdLength, "mfhd", 0)
  writeUint32(target, to, sequence)
  to += 4
  let dataOffset = length + boxHeaderLength
  for (const run of runs) {
    if (run.count === 0) continue
    to = run.writeTraf(target, to, dataOffset)
    dataOffset += run.bytes
  }
  to = writeHeader(target, to, boxHeaderLength + dataOffset - length - boxHeaderLength, "mdat")
  for (const run of runs) to = run.writeSamples(target, to)
  return to
}

/** Appends a fragment to `out`, in one slab. */
export const writeFragment = (out: SlabWriter, sequence: number, runs: ReadonlyArray<TrackRun>): void => {
  const length = fragmentLength(runs)
  const slab = out.reserve(length)
  putFragment(slab.bytes, slab.used, sequence, runs)
  out.commit(slab, length)
}
