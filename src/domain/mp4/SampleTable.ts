/**
 * The tables of one track of a whole file (ISO/IEC 14496-12 §8.6, §8.7), kept as they will be written: times as run
 * lengths, sizes in four bytes a sample, places in eight bytes a chunk. An hour of 25 pictures a second takes 0.4 MB,
 * 1.1 MB where each has another composition offset.
 */
import { writeUint32 } from "../bytes/bytes.ts"
import { box, fullBox, uint32, uint64, writeUint64, zeros } from "./box.ts"
import { movieTimescale, type TrackContent } from "./initSegment.ts"

/** 32-bit numbers that grow by doubling. */
class Uint32List {
  #values = new Uint32Array(64)
  length = 0

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.length++] = value
  }

  at(index: number): number {
    return this.#values[index]
  }

  increment(index: number): void {
    this.#values[index]++
  }

  /** Big-endian, as boxes have them. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(4 * this.length)
    for (let i = 0; i < this.length; i++) writeUint32(bytes, 4 * i, this.#values[i])
    return bytes
  }
}

/** Pairs of a count and a value. */
class RunLengths {
  readonly #pairs = new Uint32List()

  push(value: number): void {
    const pairs = this.#pairs
    const unsigned = value >>> 0
    if (pairs.length > 0 && pairs.at(pairs.length - 1) === unsigned) pairs.increment(pairs.length - 2)
    else {
      pairs.push(1)
      pairs.push(unsigned)
    }
  }

  get count(): number {
    return this.#pairs.length / 2
  }

  toBytes(): Uint8Array {
    return this.#pairs.toBytes()
  }
}

export class SampleTable {
  readonly #timescale: number
  readonly #durations = new RunLengths()
  readonly #compositionOffsets = new RunLengths()
  #reordered = false
  readonly #syncSamples = new Uint32List()
  readonly #sizes = new Uint32List()
  /** High and low half of each chunk's place, and how many samples it has. */
  readonly #chunkHighs = new Uint32List()
  readonly #chunkLows = new Uint32List()
  readonly #chunkSamples = new Uint32List()
  #firstTime = -1
  #firstOffset = 0
  #lastTime = 0
  #lastDuration = 0
  #duration = 0

  constructor(timescale: number) {
    this.#timescale = timescale
  }

  get count(): number {
    return this.#sizes.length
  }

  /** Presentation of the first sample, seconds. */
  get start(): number {
    return (this.#firstTime + this.#firstOffset) / this.#timescale
  }

  /**
   * A sample of `size` bytes at `position` of the media data. Times in ticks; `duration` is of the sample where it is
   * known, else 0: then it lasts until the next one.
   */
  add(
    position: number,
    size: number,
    time: number,
    duration: number,
    compositionOffset: number,
    sync: boolean,
    newChunk: boolean
  ): void {
    if (this.count === 0) {
      this.#firstTime = time
      this.#firstOffset = compositionOffset
    } else this.#closeSample(time)
    this.#lastTime = time
    if (duration > 0) this.#lastDuration = duration
    this.#sizes.push(size)
    this.#compositionOffsets.push(compositionOffset)
    if (compositionOffset !== 0) this.#reordered = true
    if (sync) this.#syncSamples.push(this.count)
    if (newChunk) {
      this.#chunkHighs.push(Math.floor(position / 2 ** 32))
      this.#chunkLows.push(position % 2 ** 32)
      this.#chunkSamples.push(1)
    } else this.#chunkSamples.increment(this.#chunkSamples.length - 1)
  }

  /** The sample before lasts until `time`. */
  #closeSample(time: number): void {
    const duration = Math.max(0, time - this.#lastTime)
    this.#durations.push(duration)
    this.#lastDuration = duration
    this.#duration += duration
  }

  /** Tables of the finished file, whose media data begins at `dataStart`. `movieStart` in seconds. */
  content(dataStart: number, movieStart: number): TrackContent {
    const durations = new Uint8Array(8)
    writeUint32(durations, 0, 1)
    writeUint32(durations, 4, this.#lastDuration)
    const duration = this.#duration + this.#lastDuration
    const delay = Math.max(0, Math.round((this.start - movieStart) * movieTimescale))
    const played = Math.round((duration * movieTimescale) / this.#timescale)
    const tables = [
      fullBox("stts", 0, 0, uint32(this.#durations.count + 1), this.#durations.toBytes(), durations),
      ...this.#compositionTable(),
      ...this.#syncTable(),
      this.#chunkTable(),
      fullBox("stsz", 0, 0, uint32(0, this.count), this.#sizes.toBytes()),
      this.#placeTable(dataStart)
    ]
    return { duration, movieDuration: delay + played, edits: this.#edits(delay, played), tables }
  }

  /** An empty edit until the track begins, then the track from its first presentation on (§8.6.6). */
  #edits(delay: number, played: number): Uint8Array {
    if (delay === 0 && this.#firstOffset === 0) return zeros(0)
    const empty = delay === 0 ? [] : [uint64(delay), uint32(0xffffffff, 0xffffffff, 0x10000)]
    const entries = [...empty, uint64(played), uint64(Math.max(0, this.#firstOffset)), uint32(0x10000)]
    return box("edts", fullBox("elst", 1, 0, uint32(delay === 0 ? 1 : 2), ...entries))
  }

  #compositionTable(): ReadonlyArray<Uint8Array> {
    if (!this.#reordered) return []
    return [fullBox("ctts", 1, 0, uint32(this.#compositionOffsets.count), this.#compositionOffsets.toBytes())]
  }

  /** Without the table every sample is a sync sample. */
  #syncTable(): ReadonlyArray<Uint8Array> {
    if (this.#syncSamples.length === this.count) return []
    return [fullBox("stss", 0, 0, uint32(this.#syncSamples.length), this.#syncSamples.toBytes())]
  }

  #chunkTable(): Uint8Array {
    const entries = new Uint32List()
    for (let i = 0; i < this.#chunkSamples.length; i++) {
      const samples = this.#chunkSamples.at(i)
      if (i > 0 && samples === this.#chunkSamples.at(i - 1)) continue
      entries.push(i + 1)
      entries.push(samples)
      entries.push(1)
    }
    return fullBox("stsc", 0, 0, uint32(entries.length / 3), entries.toBytes())
  }

  #placeTable(dataStart: number): Uint8Array {
    const count = this.#chunkLows.length
    const place = (i: number) => dataStart + this.#chunkHighs.at(i) * 2 ** 32 + this.#chunkLows.at(i)
    const isLong = count > 0 && place(count - 1) >= 2 ** 32
    const bytes = new Uint8Array((isLong ? 8 : 4) * count)
    for (let i = 0; i < count; i++) {
      if (isLong) writeUint64(bytes, 8 * i, place(i))
      else writeUint32(bytes, 4 * i, place(i))
    }
    return fullBox(isLong ? "co64" : "stco", 0, 0, uint32(count), bytes)
  }
}
