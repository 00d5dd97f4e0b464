/**
 * Incremental reader of a transport stream (ISO/IEC 13818-1 §2.4.3): packets of the first program, put together to PES
 * packets. Any bytes may come in any pieces: what cannot be read is skipped and counted.
 */
import { PesBuffer, type PesPacket } from "./PesBuffer.ts"
import {
  AdaptationControl,
  AdaptationFlag,
  packetHeaderLength,
  packetLength,
  Pid,
  syncByte,
  unitStart as unitStartFlag
} from "./packet.ts"
import { readPat, readPmt, SectionReader, type TsStream } from "./Sections.ts"

/** What went wrong so far. */
export interface TsFaults {
  /** Bytes between packets. */
  skippedBytes: number
  /** Packets that tell an error, are scrambled, or whose adaptation field is longer than they are. */
  badPackets: number
  /** Packets lost by the counters. */
  continuityErrors: number
  badSections: number
  /** PES packets without a readable header, or longer than `maxPesLength`. */
  badPes: number
}

type OnPes = (stream: TsStream, packet: PesPacket) => void

interface PidState {
  /** Counter of the last packet with a payload, −1 before the first. */
  counter: number
  readonly sections: SectionReader | undefined
  readonly pes: PesBuffer | undefined
}

const transportError = 0x80

const state = (sections?: SectionReader, pes?: PesBuffer): PidState => ({ counter: -1, sections, pes })

export class TsReader {
  readonly faults: TsFaults = { skippedBytes: 0, badPackets: 0, continuityErrors: 0, badSections: 0, badPes: 0 }
  readonly #onPes: OnPes
  readonly #pids = new Map<number, PidState>([[Pid.Pat, state(new SectionReader())]])
  #pmtPid = -1
  #streams: ReadonlyArray<TsStream> = []
  /** The start of a packet that came in pieces. */
  readonly #partial = new Uint8Array(packetLength)
  #partialLength = 0

  /** `onPes` may use the bytes it gets until it returns. */
  constructor(onPes: OnPes) {
    this.#onPes = onPes
  }

  /** Streams of the program that can be read, once its map has come. */
  get streams(): ReadonlyArray<TsStream> {
    return this.#streams
  }

  push(bytes: Uint8Array): void {
    let at = this.#partialLength > 0 ? this.#complete(bytes) : 0
    while (at < bytes.length) {
      if (bytes[at] !== syncByte) at = this.#resync(bytes, at)
      else if (at + packetLength > bytes.length) {
        this.#partial.set(bytes.subarray(at))
        this.#partialLength = bytes.length - at
        return
      } else {
        this.#packet(bytes, at)
        at += packetLength
      }
    }
  }

  /** The stream is over: PES packets that only a following one would have ended are whole. */
  end(): void {
    for (const { pes } of this.#pids.values()) if (pes !== undefined) this.#finish(pes)
  }

  #complete(bytes: Uint8Array): number {
    const taken = Math.min(packetLength - this.#partialLength, bytes.length)
    this.#partial.set(bytes.subarray(0, taken), this.#partialLength)
    this.#partialLength += taken
    if (this.#partialLength < packetLength) return taken
    this.#partialLength = 0
    this.#packet(this.#partial, 0)
    return taken
  }

  /** The next sync byte that another one follows a packet later, as far as that can be seen. */
  #resync(bytes: Uint8Array, at: number): number {
    let next = at + 1
    while (next < bytes.length) {
      const following = next + packetLength
      if (bytes[next] === syncByte && (following >= bytes.length || bytes[following] === syncByte)) break
      next++
    }
    this.faults.skippedBytes += next - at
    return next
  }

  #packet(bytes: Uint8Array, at: number): void {
    const second = bytes[at + 1]
    const pid = this.#pids.get(((second & 0x1f) << 8) | bytes[at + 2])
    if (pid === undefined) return
    const control = bytes[at + 3] & 0x30
    let payload = at + packetHeaderLength
    let flags = 0
    if ((control & AdaptationControl.Adaptation) !== 0) {
      const length = bytes[payload]
      if (length > 0) flags = bytes[payload + 1]
      payload += 1 + length
    }
    const end = at + packetLength
    if ((second & transportError) !== 0 || (bytes[at + 3] & 0xc0) !== 0 || payload > end) {
      this.faults.badPackets++
      return
    }
    const discontinuity = (flags & AdaptationFlag.Discontinuity) !== 0
    if ((control & AdaptationControl.Payload) === 0) {
      if (discontinuity) pid.counter = bytes[at + 3] & 0x0f
      return
    }
    if (!this.#isNext(pid, bytes[at + 3] & 0x0f, discontinuity)) return
    const starts = (second & unitStartFlag) !== 0
    if (pid.pes !== undefined) this.#pesPayload(pid.pes, bytes, payload, end, starts, flags)
    else if (pid.sections !== undefined) this.#sectionPayload(pid.sections, bytes, payload, end, starts)
  }

  /** False for a packet that came twice, which is allowed once. */
  #isNext(pid: PidState, counter: number, discontinuity: boolean): boolean {
    const last = pid.counter
    pid.counter = counter
    if (last < 0 || discontinuity || counter === ((last + 1) & 0x0f)) return true
    if (counter === last) return false
    this.faults.continuityErrors++
    pid.sections?.reset()
    pid.pes?.damage()
    return true
  }

  #pesPayload(pes: PesBuffer, bytes: Uint8Array, start: number, end: number, starts: boolean, flags: number): void {
    if (starts) {
      this.#finish(pes)
      pes.start((flags & AdaptationFlag.RandomAccess) !== 0)
    }
    if (!pes.append(bytes, start, end)) this.faults.badPes++
    if (pes.isComplete) this.#finish(pes)
  }

  #finish(pes: PesBuffer): void {
    if (!pes.isActive) return
    const packet = pes.finish()
    if (packet === undefined) this.faults.badPes++
    else this.#onPes(pes.stream, packet)
  }

  #sectionPayload(reader: SectionReader, bytes: Uint8Array, start: number, end: number, starts: boolean): void {
    this.faults.badSections += reader.push(bytes, start, end, starts, this.#onSection)
  }

  readonly #onSection = (bytes: Uint8Array, length: number): void => {
    const pmtPid = readPat(bytes, length)
    if (pmtPid !== undefined) return this.#usePmt(pmtPid)
    const streams = readPmt(bytes, length)
    if (streams !== undefined) this.#useStreams(streams)
  }

  #usePmt(pid: number): void {
    if (pid === this.#pmtPid || pid === Pid.Pat) return
    this.#useStreams([])
    if (this.#pmtPid >= 0) this.#pids.delete(this.#pmtPid)
    this.#pmtPid = pid
    this.#pids.set(pid, state(new SectionReader()))
  }

  /** Streams that stay go on; one whose codec changes begins anew. */
  #useStreams(streams: ReadonlyArray<TsStream>): void {
    const before = this.#streams
    const same = (a: TsStream, b: TsStream) => a.pid === b.pid && a.codec === b.codec && a.channels === b.channels
    if (streams.length === before.length && streams.every((stream, i) => same(stream, before[i]))) return
    for (const old of before) {
      if (streams.some((stream) => same(stream, old))) continue
      const pes = this.#pids.get(old.pid)?.pes
      if (pes === undefined) continue
      this.#finish(pes)
      this.#pids.delete(old.pid)
    }
    for (const stream of streams) {
      if (!this.#pids.has(stream.pid)) this.#pids.set(stream.pid, state(undefined, new PesBuffer(stream)))
    }
    // One object for a stream as long as it goes on.
    this.#streams = streams.map((stream) => this.#pids.get(stream.pid)?.pes?.stream ?? stream)
  }
}
