/**
 * MPEG-TS files in segments. The file is looked through packet by packet, without putting frames together: that is as
 * fast as the disk. Frames are made of a segment's packets only, with the program's tables in front.
 */
import { concat } from "../bytes/bytes.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { clockModulus, packetLength, syncByte, ticksPerMilli, unitStart } from "../ts/packet.ts"
import { TsFrames } from "../ts/TsFrames.ts"
import type { TsStream } from "../ts/Sections.ts"
import { TsReader } from "../ts/TsReader.ts"
import { FrameCutter } from "./cutFrames.ts"
import { makeSegment } from "./makeSegment.ts"
import { beginsWithKeyframe, pesStart } from "./pesStart.ts"
import { type ByteSpan, type SegmentMaker, segmentWeight, type VodFile, type VodIndexer } from "./VodFile.ts"

/** Packets in which the program's tables must come, and so much of a file is kept until they have. */
const maxTablePackets = 4096
/** Behind a segment: there its last PES packets may end, where pictures and sound alternate in small pieces. */
export const tailBytes = 256 * packetLength

const wrapMillis = clockModulus / ticksPerMilli

const pidOf = (bytes: Uint8Array, at: number): number => ((bytes[at + 1] & 0x1f) << 8) | bytes[at + 2]
const starts = (bytes: Uint8Array, at: number): boolean => (bytes[at + 1] & unitStart) !== 0

/** Calls for each packet at its place in the file; bytes that are none are skipped. */
class Packets {
  readonly #onPacket: (bytes: Uint8Array, at: number, place: number) => void
  #rest: Uint8Array = new Uint8Array(0)
  #place = 0

  constructor(onPacket: (bytes: Uint8Array, at: number, place: number) => void) {
    this.#onPacket = onPacket
  }

  get place(): number {
    return this.#place
  }

  push(pushed: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? pushed : concat([this.#rest, pushed])
    let at = 0
    while (at + packetLength <= bytes.length) {
      const isPacket = bytes[at] === syncByte
      if (isPacket) this.#onPacket(bytes, at, this.#place + at)
      at += isPacket ? packetLength : 1
    }
    this.#place += at
    this.#rest = bytes.slice(at)
  }
}

const isPicture = ({ codec }: TsStream): boolean => codec === "avc" || codec === "hevc"

export class TsIndexer implements VodIndexer {
  readonly #cutter: FrameCutter
  readonly #packets = new Packets((bytes, at, place) => this.#onPacket(bytes, at, place))
  /** Until the tables have come. */
  #tables: TsReader | undefined = new TsReader(() => {})
  #head: Array<Uint8Array> = []
  #preamble: Uint8Array = new Uint8Array(0)
  #leading: TsStream | undefined
  readonly #others = new Set<number>()
  /** Unfolded, 90 kHz. */
  #clock: number | undefined

  constructor(fragmentMillis: number) {
    this.#cutter = new FrameCutter(fragmentMillis)
  }

  push(bytes: Uint8Array): void {
    this.#packets.push(bytes)
  }

  end(): VodFile | undefined {
    const size = this.#packets.place
    this.#cutter.end(size)
    const { cuts } = this.#cutter
    if (cuts.length === 0) return undefined
    const preamble = this.#preamble
    return {
      segments: cuts.map(({ endMillis, startMillis }) => ({ startMillis, endMillis, init: 0 })),
      spansOf: (segment): ReadonlyArray<ByteSpan> => {
        const { from, to } = cuts[segment]
        return [{ from, to: Math.min(size, to + tailBytes) }]
      },
      make: (segment) => {
        const { endMillis, from, startMillis, to } = cuts[segment]
        return maker(preamble, to - from, startMillis, endMillis)
      },
      weight: cuts.length * segmentWeight + preamble.length
    }
  }

  #onPacket(bytes: Uint8Array, at: number, place: number): void {
    if (this.#tables !== undefined) this.#findTables(this.#tables, bytes, at)
    const leading = this.#leading
    if (leading === undefined || !starts(bytes, at)) return
    const pid = pidOf(bytes, at)
    if (this.#others.has(pid)) this.#cutter.otherFrame(place)
    if (pid !== leading.pid) return
    const pes = pesStart(bytes, at)
    if (pes === undefined) return
    const millis = this.#unfold(pes.dts) / ticksPerMilli
    const keyframe =
      !isPicture(leading) || pes.randomAccess || beginsWithKeyframe(bytes, pes.payload, at, leading.codec)
    this.#cutter.frame(place, millis, keyframe, 0)
  }

  /** Everything before the first packet of the program's streams, the tables among it. */
  #findTables(tables: TsReader, bytes: Uint8Array, at: number): void {
    if (this.#head.length >= maxTablePackets) return
    const packet = bytes.slice(at, at + packetLength)
    tables.push(packet)
    this.#head.push(packet)
    const { streams } = tables
    if (streams.length === 0) return
    const pids = new Set(streams.map(({ pid }) => pid))
    this.#preamble = concat(this.#head.filter((packet) => !pids.has(pidOf(packet, 0))))
    this.#leading = streams.find(isPicture) ?? streams.find(({ codec }) => codec !== "id3")
    for (const stream of streams) if (stream !== this.#leading) this.#others.add(stream.pid)
    this.#tables = undefined
    this.#head = []
  }

  #unfold(ticks: number): number {
    const last = this.#clock ?? ticks
    const turns = Math.round((last - ticks) / clockModulus)
    this.#clock = ticks + turns * clockModulus
    return this.#clock
  }
}

/** `length` bytes are the segment's; of what follows only the ends of PES packets that began before. */
const maker = (preamble: Uint8Array, length: number, startMillis: number, endMillis: number): SegmentMaker => {
  const reader = new TsFrames()
  const frames: Array<MediaFrame> = []
  const emit = (frame: MediaFrame): void => void frames.push(frame)
  const ended = new Set<number>()
  const tail = new Packets((bytes, at) => {
    const pid = pidOf(bytes, at)
    if (starts(bytes, at)) ended.add(pid)
    if (!ended.has(pid)) reader.push(bytes.subarray(at, at + packetLength), emit)
  })
  let left = length
  reader.push(preamble, emit)
  return {
    push: (bytes) => {
      const own = bytes.subarray(0, left)
      if (own.length > 0) reader.push(own, emit)
      if (own.length < bytes.length) tail.push(bytes.subarray(own.length))
      left -= own.length
    },
    end: () => {
      reader.end(emit)
      // The 33 bits of the file's clock may have begun again since its beginning.
      const first = frames.find(({ header }) => !header)?.published ?? startMillis
      const turned = Math.round((startMillis - first) / wrapMillis) * wrapMillis
      if (turned !== 0) for (const frame of frames) frame.published += turned
      return makeSegment(frames, startMillis, endMillis)
    }
  }
}
